package proto

import (
	"bytes"
	"errors"
	"io"
)

const (
	readSize     = 64 << 10 // the read buffer, and the most that one read asks for
	firstChunk   = 2 * readSize
	largestChunk = 1 << 20
	frameExcerpt = 256      // bytes of a refused message that a FrameError keeps
	emptyReads   = 100      // reads of nothing in a row before io.ErrNoProgress
	defaultLimit = 64 << 20 // E21
)

// Framer finds the boundaries of messages in a stream. It is used by one
// goroutine at a time and keeps its own state between calls.
type Framer interface {
	// Scan looks at p, the bytes that follow those of the last call. It returns
	// in skip how many leading bytes belong to no message (only before a message
	// has begun), and in end the index just behind the message's last byte, or -1
	// if p ends first. After an end or an error the Framer starts anew.
	Scan(p []byte) (skip, end int, err error)
}

// Reader cuts messages out of a stream. It copies each message once; a message
// that outgrows the buffer is gathered in pieces and joined once, so that memory
// peaks at twice its size. Its methods may be called only inside Recv.
type Reader struct {
	src   io.Reader
	limit int

	buf  []byte // buf[from:to] was read and not consumed
	from int
	to   int

	srcErr error // came together with the last bytes; the next read returns it
	err    error // ended the stream or a message; all later calls return it
	lines  lineFramer
}

// NewReader reads messages of at most limit bytes from src; a limit of 0 or less
// means 64 MiB. The engine makes its own; this one is for tests and tools.
func NewReader(src io.Reader, limit int) *Reader {
	if limit <= 0 {
		limit = defaultLimit
	}
	return &Reader{src: src, limit: limit, buf: make([]byte, readSize)}
}

// Buffered returns what has come and was not consumed, at most 64 KiB of it. The
// slice is valid until the next call. After an error it begins with the start of
// the message that failed, so that error texts can show it.
func (r *Reader) Buffered() []byte { return r.buf[r.from:r.to] }

// ReadLine returns the next line with its "\n", as ReadMessage does with messages.
func (r *Reader) ReadLine() ([]byte, error) { return r.ReadMessage(&r.lines) }

// ReadMessage returns the next message that f finds; the slice belongs to the
// caller. It returns io.EOF if the stream ends between two messages,
// io.ErrUnexpectedEOF if it ends inside one, *LimitError as soon as more than the
// limit has come of one message, *FrameError if f refuses what came, else the
// error of the stream. An error is final: later calls return it again (E21).
func (r *Reader) ReadMessage(f Framer) ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	begun := false
	fresh := r.to - r.from // bytes at the end of the buffer that f has not seen
	for {
		if fresh > 0 {
			at := r.to - fresh
			skip, end, err := f.Scan(r.buf[at:r.to])
			if !begun {
				r.from = at + skip
				begun = r.from < r.to
			}
			if err != nil {
				return nil, r.refused(err)
			}
			if end >= 0 {
				msg := r.buf[r.from : at+end]
				if len(msg) > r.limit {
					return nil, r.fail(&LimitError{Origin: Here(), Limit: r.limit})
				}
				r.from = at + end
				return bytes.Clone(msg), nil
			}
		}
		if r.to-r.from > r.limit {
			return nil, r.fail(&LimitError{Origin: Here(), Limit: r.limit})
		}
		if r.to-r.from == len(r.buf) {
			return r.readLarge(f)
		}
		var err error
		if fresh, err = r.fill(); err != nil {
			return nil, r.fail(endOfStream(err, begun))
		}
	}
}

// readLarge goes on with a message that fills the whole buffer. The buffer keeps
// its first bytes until the end is found, for error texts.
func (r *Reader) readLarge(f Framer) ([]byte, error) {
	var full [][]byte
	chunk := make([]byte, firstChunk)
	used, size := copy(chunk, r.buf), len(r.buf)
	for {
		if used == len(chunk) {
			full = append(full, chunk)
			chunk, used = make([]byte, min(2*len(chunk), largestChunk)), 0
		}
		// What follows the message must fit back into the buffer, hence readSize.
		n, err := r.read(chunk[used:min(used+readSize, len(chunk))])
		if err != nil {
			return nil, r.fail(endOfStream(err, true))
		}
		fresh := chunk[used : used+n]
		_, end, err := f.Scan(fresh)
		if err != nil {
			return nil, r.refused(err)
		}
		if end >= 0 {
			n = end
		}
		used, size = used+n, size+n
		if size > r.limit {
			return nil, r.fail(&LimitError{Origin: Here(), Limit: r.limit})
		}
		if end >= 0 {
			r.from, r.to = 0, copy(r.buf, fresh[end:])
			return bytes.Join(append(full, chunk[:used]), nil), nil
		}
	}
}

// fill reads more into the buffer, which has room for it once what was consumed
// is dropped, and returns how many bytes came.
func (r *Reader) fill() (int, error) {
	switch {
	case r.from == r.to:
		r.from, r.to = 0, 0
	case r.to == len(r.buf):
		r.to = copy(r.buf, r.buf[r.from:r.to])
		r.from = 0
	}
	n, err := r.read(r.buf[r.to:])
	r.to += n
	return n, err
}

// read reads at least one byte, or returns an error.
func (r *Reader) read(p []byte) (int, error) {
	if r.srcErr != nil {
		return 0, r.srcErr
	}
	for range emptyReads {
		n, err := r.src.Read(p)
		if n > 0 {
			r.srcErr = err
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}

func (r *Reader) fail(err error) error {
	r.err = err
	return err
}

func (r *Reader) refused(err error) error {
	received := bytes.Clone(r.buf[r.from:min(r.from+frameExcerpt, r.to)])
	return r.fail(&FrameError{Origin: origin(1), Received: received, Err: err})
}

// endOfStream words the end of the stream by where it was met. TLS reports a peer
// that closed without a farewell as an unexpected EOF; between two messages
// nothing was cut off by that.
func endOfStream(err error, begun bool) error {
	if err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if begun {
		return io.ErrUnexpectedEOF
	}
	return io.EOF
}

// lineFramer frames lines that end in "\n".
type lineFramer struct{}

func (*lineFramer) Scan(p []byte) (skip, end int, err error) {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		return 0, i + 1, nil
	}
	return 0, -1, nil
}
