package qmpserver

import (
	"bytes"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// Framer is a [proto.Framer] for what a client sends; the zero value is ready. It never refuses anything: what is no JSON
// becomes a message too, for [ParseRequest] to refuse, so that a bad message costs one error reply and the next one is
// understood (QMP specification, section 2.4, "Protocol errors").
type Framer struct {
	value jsonscan.Framer
	junk  bool // inside something that is no object and no array
}

// resync is the byte with which the client of a guest agent ends whatever is under way.
const resync = 0xFF

// Scan implements proto.Framer.
func (f *Framer) Scan(p []byte) (skip, end int, err error) {
	if !f.value.Open() && !f.junk {
		skip = len(p) - len(bytes.TrimLeft(p, " \t\r\n"))
		if skip == len(p) {
			return skip, -1, nil
		}
		f.junk = p[skip] != '{' && p[skip] != '['
	}
	if f.junk {
		end = endOfJunk(p, skip)
		f.junk = end < 0
		return skip, end, nil
	}
	end, problem := f.value.Find(p, skip)
	seen := p[skip:]
	if end >= 0 {
		seen = p[skip:end]
	}
	if i := bytes.IndexByte(seen, resync); i >= 0 {
		f.value = jsonscan.Framer{}
		return skip, skip + i + 1, nil
	}
	if problem != "" && p[end-1] != '\n' {
		end = endOfJunk(p, end)
		f.junk = end < 0
	}
	return skip, end, nil
}

// endOfJunk returns where p[from:], which is no JSON, ends: with its line, behind a resync, or before something that may
// be JSON; -1 if p ends first.
func endOfJunk(p []byte, from int) int {
	i := bytes.IndexAny(p[from:], "\n{[")
	if at := bytes.IndexByte(p[from:], resync); at >= 0 && (i < 0 || at < i) {
		return from + at + 1
	}
	if i < 0 {
		return -1
	}
	return from + i
}
