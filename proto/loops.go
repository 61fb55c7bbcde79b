package proto

import (
	"context"
	"log/slog"
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

// readLoop receives messages and hands them to the handler until the session ends (E12).
func (s *session[M]) readLoop() {
	defer s.loops.Done()
	s.ids[idReader].Store(goroutineID())
	handle := s.conn.protocol.Handle
	for s.ctx.Err() == nil {
		m, err := s.recv()
		s.heard.Store(true)
		if err == nil && handle != nil {
			err = handle(m)
		}
		if err != nil {
			s.failed("reader", err)
			return
		}
	}
	s.stopped("reader")
}

// writeLoop sends what is queued until the session ends (E11).
func (s *session[M]) writeLoop() {
	defer s.loops.Done()
	s.ids[idWriter].Store(goroutineID())
	for {
		batch, tail, ok := s.queue.take()
		if !ok {
			s.stopped("writer")
			return
		}
		if err := s.sendBatch(batch, tail); err != nil {
			s.failed("writer", err)
			return
		}
		s.queue.giveBack(batch)
	}
}

// sendBatch sends messages with few writes and marks each done once its bytes were
// handed to the system (E11, E20).
func (s *session[M]) sendBatch(batch []M, tail bool) error {
	if tail {
		if err := s.writer.Flush(); err != nil {
			return err
		}
		s.queue.done(1)
	}
	marked := 0
	for i, m := range batch {
		if err := s.send(m); err != nil {
			return err
		}
		if i+1 < len(batch) && s.writer.Buffered() < writeSize {
			continue
		}
		if err := s.writer.Flush(); err != nil {
			return err
		}
		s.queue.done(i + 1 - marked)
		marked = i + 1
	}
	return nil
}

// failed keeps the error of a loop, unless the session had ended before, and
// schedules a disconnect (E14).
func (s *session[M]) failed(loop string, err error) {
	if s.ctx.Err() != nil {
		// Being stopped is not an error, and what a stop leads to is no cause.
		s.stopped(loop)
		return
	}
	s.end(err)
	s.conn.log.Debug("loop ended", "loop", loop, "error", err)
	s.conn.scheduleEnd(s)
}

func (s *session[M]) stopped(loop string) {
	s.conn.log.Debug("loop ended", "loop", loop)
}

// reap is the disconnect task: flush, stop both loops, close the stream (E16). It
// runs once a session, started by the first request to disconnect.
func (s *session[M]) reap() {
	s.ids[idReap].Store(goroutineID())
	s.flush()
	s.end(errStopped)
	s.queue.stop()
	s.stream.interrupt(context.Cause(s.ctx))
	s.loops.Wait()

	err := s.cause()
	if s.conn.protocol.Ended != nil {
		s.conn.protocol.Ended(err)
	}
	if err != nil {
		// The first error is known; a farewell could only take time (E17).
		s.stream.kill(err)
		s.conn.logFailure("session failed", err)
	} else if err = s.stream.close(s.hurry); err != nil {
		s.conn.logFailure("closing failed", err)
	}
	s.err = err
	s.giveUp(nil)
	close(s.done)
}

// flush waits for the queue, unless a loop has failed or fails meanwhile, or the
// caller who waits for the disconnect gives up (E16, E17).
func (s *session[M]) flush() {
	select {
	case <-s.queue.flushed():
	case <-s.ctx.Done():
	case <-s.hurry.Done():
		if n := s.queue.unsent(); n > 0 {
			s.end(&FlushError{Origin: Here(), Unsent: n, Err: context.Cause(s.hurry)})
		}
	}
}

// scheduleEnd schedules the disconnect of a session that is still the Conn's.
func (c *Conn[M]) scheduleEnd(s *session[M]) {
	c.mu.Lock()
	defer c.unlock()
	if c.session == s {
		c.scheduleLocked()
	}
}

// logFailure logs a failure once with its summary, and its chain for those who
// debug (E22).
func (c *Conn[M]) logFailure(what string, err error) {
	ctx := context.Background()
	if c.log.Enabled(ctx, slog.LevelError) {
		c.log.Error(what, "error", Summary(err))
	}
	if c.log.Enabled(ctx, slog.LevelDebug) {
		c.log.Debug(what+", in full", "chain", Chain(err, ChainOptions{Origins: true}))
	}
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
