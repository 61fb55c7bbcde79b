package qmp

import (
	"bytes"
	"fmt"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// framer finds the end of each JSON object in a stream (Q4). It looks at every byte once, however the stream is cut. The
// zero value is ready. Between objects it skips white space and 0xFF bytes. It checks no more than it needs to find the
// end; ParseMessage checks the rest.
type framer struct {
	// Agent is for guest agents. There a byte 0xFF inside a message says that the rest of it will never come: what has
	// come is then handed out as the message, for ParseMessage to refuse.
	Agent bool

	value jsonscan.Framer
	fault int // after an error, where in p the offending byte stands
}

// Scan is proto.Framer's method. A message that starts with anything but '{' is a *FramingError at once.
func (f *framer) Scan(p []byte) (skip, end int, err error) {
	if !f.value.Open() {
		if skip, err = start(p); err != nil || skip == len(p) {
			f.fault = skip
			return skip, -1, err
		}
	}
	end, problem := f.value.Find(p, skip)
	if f.Agent {
		seen := p[skip:]
		if end >= 0 {
			seen = p[skip:end]
		}
		if at := bytes.IndexByte(seen, 0xFF); at >= 0 {
			f.value = jsonscan.Framer{}
			return skip, skip + at, nil
		}
	}
	if problem != "" {
		f.fault = end - 1
		return skip, -1, &FramingError{Got: p[f.fault], Problem: problem}
	}
	return skip, end, nil
}

// start returns the index of the first byte of a message, or len(p).
func start(p []byte) (int, error) {
	for i, c := range p {
		switch c {
		case ' ', '\t', '\r', '\n', 0xFF:
		case '{':
			return i, nil
		default:
			return i, badStart(p[i:])
		}
	}
	return len(p), nil
}

// badStart says what came in the place of an object.
func badStart(p []byte) error {
	c := p[0]
	what := jsonscan.Describe(p)
	switch {
	case c == '[':
		what = "an array"
	case c == '"':
		what = "a string"
	case c == '-' || c >= '0' && c <= '9':
		what = "a number"
	case bytes.HasPrefix(p, []byte("true")), bytes.HasPrefix(p, []byte("false")), bytes.HasPrefix(p, []byte("null")):
		what = "a literal"
	}
	return &FramingError{Got: c, Problem: fmt.Sprintf("a message must be a JSON object, but %s came", what)}
}
