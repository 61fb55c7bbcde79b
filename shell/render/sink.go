package render

import (
	"io"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/shell/text"
)

// sink gathers text. With a writer it passes on what has gathered whenever that
// has grown to a block, and long pieces without copying them, so that a large
// reply is never in memory a second time.
type sink struct {
	w   io.Writer // nil: keep everything in buf
	buf []byte
	err error // the writer's first
	// clean says that people read it: JSON gets escapes for what is not visible.
	clean bool
}

// blockSize is how many bytes gather before a write. A piece of that size gets
// a write of its own, which is cheaper than a copy.
const blockSize = 32 << 10

func (s *sink) write(p []byte) {
	if s.w != nil && len(p) >= blockSize {
		s.flush()
		s.put(p)
		return
	}
	s.buf = append(s.buf, p...)
	s.passOn()
}

// json writes JSON.
func (s *sink) json(p []byte) {
	if !s.clean || text.IsClean(p) {
		s.write(p)
		return
	}
	for len(p) > 0 && s.err == nil {
		n := min(len(p), blockSize)
		for n < len(p) && !utf8.RuneStart(p[n]) { // not in the middle of a character
			n++
		}
		s.buf = text.AppendJSON(s.buf, p[:n])
		s.passOn()
		p = p[n:]
	}
}

func (s *sink) writeString(piece string) {
	s.buf = append(s.buf, piece...)
	s.passOn()
}

// passOn writes the buffer if it has grown to a block.
func (s *sink) passOn() {
	if s.w != nil && len(s.buf) >= blockSize {
		s.flush()
	}
}

func (s *sink) flush() {
	if s.w != nil && len(s.buf) > 0 {
		s.put(s.buf)
		s.buf = s.buf[:0]
	}
}

func (s *sink) put(p []byte) {
	if s.err == nil {
		_, s.err = s.w.Write(p)
	}
}
