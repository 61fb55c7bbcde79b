package proto

import "net"

const (
	writeSize = 64 << 10 // a write to the system is made from this many buffered bytes on
	keepWrite = 1 << 20  // a buffer that grew beyond this is not kept
)

// Writer gathers outbound bytes, so that many small messages cost one system
// call. A protocol's Send writes one message into it; the engine flushes.
// Its methods may be called only inside Send.
type Writer struct {
	stream *stream
	buf    []byte
	given  int64 // bytes of all messages so far
	handed int64 // how many of them the system took
	err    error // what a write failed with; all later calls return it
}

func newWriter(s *stream) *Writer {
	return &Writer{stream: s, buf: make([]byte, 0, 4<<10)}
}

// Write adds p to the message. It copies p. It may hand what was gathered to the
// system, and then fails as net.Conn's Write does.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.given += int64(len(p))
	if len(w.buf)+len(p) > writeSize {
		if err := w.Flush(); err != nil {
			return 0, err
		}
		if len(p) >= writeSize {
			// Copying a large piece would only cost time and memory.
			return w.write(p)
		}
	}
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// WriteString is Write for a string.
func (w *Writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Conn returns the connection below, for what a byte stream cannot do, such as
// passing file descriptors. Call Flush first, or bytes overtake one another.
func (w *Writer) Conn() net.Conn { return w.stream.conn }

// Flush hands everything gathered to the system.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	_, err := w.write(w.buf)
	w.reset()
	return err
}

func (w *Writer) write(p []byte) (int, error) {
	n, err := w.stream.Write(p)
	w.handed += int64(n)
	w.err = err
	return n, err
}

// reset empties the buffer, and lets go of one that has grown large.
func (w *Writer) reset() {
	if cap(w.buf) > keepWrite {
		w.buf = nil
	}
	w.buf = w.buf[:0]
}
