package qmp

import (
	"bytes"
	"fmt"
)

// Framer finds the end of each JSON object in a stream (Q4). It looks at every byte once, however the stream is cut. The
// zero value is ready. Between objects it skips white space and 0xFF bytes. It checks no more than it needs to find the
// end; ParseMessage checks the rest.
type Framer struct {
	// Agent is for guest agents. There a byte 0xFF inside a message says that the rest of it will never come: what has
	// come is then handed out as the message, for ParseMessage to refuse.
	Agent bool

	depth int  // open objects and arrays; 0 between messages
	place byte // where in a message the last byte was: one of the in… constants
	fault int  // after an error, where in p the offending byte stands
}

// Places inside a message where a piece of the stream may end.
const (
	inTokens = iota // outside strings
	inString
	inEscape // behind a backslash
)

// Scan is proto.Framer's method. A message that starts with anything but '{' is a *FramingError at once.
func (f *Framer) Scan(p []byte) (skip, end int, err error) {
	i := 0
	if f.depth == 0 {
		if i, err = start(p); err != nil || i == len(p) {
			f.fault = i
			return i, -1, err
		}
		skip = i
		f.depth = 1
		i++
	}
	end, err = f.find(p, i)
	if f.Agent {
		end, err = cutOff(p, skip, end, err)
	}
	if err != nil || end >= 0 {
		f.depth, f.place = 0, inTokens
	}
	if err != nil {
		f.fault, end = end-1, -1
	}
	return skip, end, err
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
	what := describeByte(p)
	switch {
	case c == '[':
		what = "an array"
	case c == '"':
		what = "a string"
	case c == '-' || isDigit(c):
		what = "a number"
	case bytes.HasPrefix(p, []byte("true")), bytes.HasPrefix(p, []byte("false")), bytes.HasPrefix(p, []byte("null")):
		what = "a literal"
	}
	return &FramingError{Got: c, Problem: fmt.Sprintf("a message must be a JSON object, but %s came", what)}
}

// Classes of bytes outside strings.
const (
	other = iota // cannot stand in JSON
	plain
	opener
	closer
	quote
)

// classes is constant.
var classes = func() (t [256]uint8) {
	for _, c := range []byte(" \t\r\n,:+-.0123456789eEtrufalsn") {
		t[c] = plain
	}
	t['{'], t['['], t['}'], t[']'], t['"'] = opener, opener, closer, closer, quote
	return t
}()

// find looks for the end of the message that has begun, from p[i] on. It returns -1 if p ends first. With an error, end
// is the index behind the offending byte.
func (f *Framer) find(p []byte, i int) (end int, err error) {
	depth := f.depth
	if f.place != inTokens {
		if i, err = f.stringRest(p, i); err != nil {
			return i, err
		}
	}
	for i < len(p) {
		c := p[i]
		i++
		switch classes[c] {
		case plain:
		case quote:
			// Most strings are whole and hold no escape: step over them without a note of where we are.
			if i = stringStop(p, i); i < len(p) && p[i] == '"' {
				i++
				continue
			}
			f.place = inString
			if i, err = f.stringRest(p, i); err != nil {
				return i, err
			}
		case opener:
			if depth++; depth > maxDepth {
				return i, &FramingError{Got: c, Problem: tooDeep}
			}
		case closer:
			if depth--; depth == 0 {
				return i, nil
			}
		default:
			return i, &FramingError{Got: c, Problem: describeByte(p[i-1:]) + " cannot stand in JSON outside a string"}
		}
	}
	f.depth = depth
	return -1, nil
}

// stringRest goes on inside a string at p[i] and returns the index behind its closing quote, or len(p). With an error it
// is the index behind the offending byte.
func (f *Framer) stringRest(p []byte, i int) (int, error) {
	for i < len(p) {
		if f.place == inEscape {
			f.place = inString
			i++
			continue
		}
		if i = stringStop(p, i); i == len(p) {
			break
		}
		switch c := p[i]; c {
		case '"':
			f.place = inTokens
			return i + 1, nil
		case '\\':
			f.place = inEscape
			i++
		default:
			return i + 1, &FramingError{Got: c, Problem: fmt.Sprintf("control character 0x%02X inside a string", c)}
		}
	}
	return i, nil
}

// cutOff ends an agent's message before the first 0xFF inside it, given what find made of it.
func cutOff(p []byte, skip, end int, err error) (int, error) {
	seen := p[skip:]
	if end >= 0 {
		seen = p[skip:end]
	}
	if at := bytes.IndexByte(seen, 0xFF); at >= 0 {
		return skip + at, nil
	}
	return end, err
}
