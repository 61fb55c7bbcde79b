package text

import (
	"io"
	"sync"
)

// Writer is a stream that people read: stderr, or a terminal. What is written to it comes out
// clean; each Write is cleaned by itself, so a character must not be split between two. Any
// goroutine may use it; a Write is not mixed with others.
type Writer struct {
	w     io.Writer
	ascii bool // our own marks are to be ASCII

	mu sync.Mutex
}

// NewWriter makes a Writer on w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// NewASCIIWriter makes a Writer on w for a terminal that shows ASCII only: "…", with which we mark
// what was cut, becomes "...". Other text stays as it is.
func NewASCIIWriter(w io.Writer) *Writer { return &Writer{w: w, ascii: true} }

// Write writes p, cleaned.
func (w *Writer) Write(p []byte) (int, error) {
	out := p
	if !IsClean(p) {
		out = []byte(Clean(string(p)))
	}
	if err := w.write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Print writes text that is known to be harmless, with its colours.
func (w *Writer) Print(p Painted) error { return w.write([]byte(p.s)) }

func (w *Writer) write(p []byte) error {
	if w.ascii {
		p = []byte(ASCII(string(p)))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.w.Write(p)
	return err
}

// Bare returns the stream itself: to ask whether it is a terminal, and for the two rooms that draw
// on one and clean what they draw, shell/render and shell/terminal.
func (w *Writer) Bare() io.Writer { return w.w }
