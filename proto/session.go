package proto

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// session is one stream with its two loops. It lives from the handshake until the
// disconnect task has closed the stream.
type session[M any] struct {
	conn   *Conn[M]
	stream *stream
	reader *Reader // used by the handshake, then by readLoop
	writer *Writer // used by the handshake, then by writeLoop
	queue  queue[M]
	inline bool // callers of Send may write themselves: see direct

	// heard says that the peer has spoken since a caller last wrote itself. Many
	// callers at once get no answer in between: after the first of them the others
	// queue up, and the writer loop sends what they queue with one write.
	heard atomic.Bool

	ctx    context.Context         // ends with the first error, or with errStopped
	end    context.CancelCauseFunc // only its first call counts: first error wins (E18)
	hurry  context.Context         // ends when a Disconnect's context did
	giveUp context.CancelCauseFunc

	loops sync.WaitGroup
	ids   [3]atomic.Uint64 // goroutines of readLoop, writeLoop, reap; 0 before they start
	done  chan struct{}    // closed by reap, last of all
	err   error            // what ended the session; valid once done is closed
}

// Which goroutine of a session, as an index of its ids.
const (
	idReader = iota
	idWriter
	idReap
)

func newSession[M any](c *Conn[M], st *stream) *session[M] {
	s := &session[M]{
		conn:   c,
		stream: st,
		reader: NewReader(st, c.limit),
		writer: newWriter(st),
		done:   make(chan struct{}),
	}
	s.inline = s.writer.direct != nil && c.protocol.Outbound == nil
	s.queue.init()
	s.heard.Store(true)
	s.ctx, s.end = context.WithCancelCause(context.Background())
	s.hurry, s.giveUp = context.WithCancelCause(context.Background())
	return s
}

// start runs the loops of a session that is published.
func (s *session[M]) start() {
	s.loops.Add(2)
	go s.readLoop()
	go s.writeLoop()
}

// cause returns the first error that ended the session, nil while it runs and if a
// disconnect ended it.
func (s *session[M]) cause() error {
	if err := context.Cause(s.ctx); err != errStopped {
		return err
	}
	return nil
}

// onLoop reports whether the caller runs on one of the session's goroutines.
func (s *session[M]) onLoop() bool {
	id := goroutineID()
	for i := range s.ids {
		if s.ids[i].Load() == id {
			return true
		}
	}
	return false
}

// recv receives one message through the inbound hook (E13).
func (s *session[M]) recv() (M, error) {
	m, err := s.conn.protocol.Recv(s.reader)
	if err == nil && s.conn.protocol.Inbound != nil {
		m, err = s.conn.protocol.Inbound(m)
	}
	return m, err
}

// send writes one message through the outbound hook (E13), without a flush.
func (s *session[M]) send(m M) error {
	if s.conn.protocol.Outbound != nil {
		var err error
		if m, err = s.conn.protocol.Outbound(m); err != nil {
			return err
		}
	}
	return s.conn.protocol.Send(s.writer, m)
}

// goroutineID returns the number of the calling goroutine, as a stack trace shows
// it. It serves only to tell a callback from other callers, and costs about a
// microsecond, so the loops call it once.
func goroutineID() uint64 {
	var buf [40]byte
	text := string(buf[:runtime.Stack(buf[:], false)])
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "goroutine "), " ")
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		panic("proto: no goroutine number in a stack trace: " + text)
	}
	return id
}
