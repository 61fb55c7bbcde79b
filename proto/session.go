package proto

import (
	"context"
	"sync"
)

// session is one stream with its two loops. It lives from the handshake until the
// disconnect task has closed the stream.
type session[M any] struct {
	conn   *Conn[M]
	stream *stream
	reader *Reader // used by the handshake, then by readLoop
	writer *Writer // used by the handshake, then by writeLoop
	queue  queue[M]

	ctx      context.Context // ends with the first error, or with errStopped
	cancel   context.CancelCauseFunc
	first    sync.Once // end's: the first error wins (E18)
	byWriter bool      // the writer loop ended ctx; constant once it has ended

	hurry  context.Context // ends when a Disconnect's context did
	giveUp context.CancelCauseFunc

	callback context.Context // the callbacks' (E23); ends when the loops are to stop
	halt     context.CancelCauseFunc

	ends      []int64 // the writer's: where each message of the batch ends in the stream
	untouched []M     // of the batch that failed, what was not begun; valid once the loops have stopped

	loops    sync.WaitGroup
	readDone chan struct{} // closed when readLoop has ended
	done     chan struct{} // closed by reap, last of all
	err      error         // what ended the session; valid once done is closed
}

func newSession[M any](c *Conn[M], st *stream) *session[M] {
	s := &session[M]{
		conn:   c,
		stream: st,
		reader: NewReader(st, c.limit),
		writer: newWriter(st),
		done:   make(chan struct{}),

		readDone: make(chan struct{}),
	}
	s.queue.init()
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.callback, s.halt = context.WithCancelCause(c.asCallback(context.Background()))
	s.hurry, s.giveUp = context.WithCancelCause(context.Background())
	return s
}

// start runs the loops of a session that is published.
func (s *session[M]) start() {
	s.loops.Add(2)
	go s.readLoop()
	go s.writeLoop()
}

// end ends the session with an error, or with errStopped. Only the first call counts.
func (s *session[M]) end(err error, byWriter bool) {
	s.first.Do(func() {
		s.byWriter = byWriter
		s.cancel(err)
	})
}

// reading reports whether what arrives is still to be handled: as long as the session
// lives, and after the writer has failed until everything that had arrived was read (E17).
func (s *session[M]) reading() bool {
	return s.callback.Err() == nil && (s.ctx.Err() == nil || s.byWriter)
}

// cause returns the first error that ended the session, nil while it runs and if a
// disconnect ended it.
func (s *session[M]) cause() error {
	if err := context.Cause(s.ctx); err != errStopped {
		return err
	}
	return nil
}

// recv receives one message through the inbound hook, which gets ctx (E13).
func (s *session[M]) recv(ctx context.Context) (M, error) {
	m, err := s.conn.protocol.Recv(s.reader)
	if err == nil && s.conn.protocol.Inbound != nil {
		m, err = s.conn.protocol.Inbound(ctx, m)
	}
	return m, err
}

// send writes one message through the outbound hook, which gets ctx (E13), without
// a flush.
func (s *session[M]) send(ctx context.Context, m M) error {
	if s.conn.protocol.Outbound != nil {
		var err error
		if m, err = s.conn.protocol.Outbound(ctx, m); err != nil {
			return err
		}
	}
	return s.conn.protocol.Send(s.writer, m)
}
