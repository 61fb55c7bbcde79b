package proto

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"
)

// stream is an open byte stream that knows why it was stopped, so that the echo
// of stopping it ("use of closed network connection") never hides the cause.
type stream struct {
	conn net.Conn // what is read and written; a *tls.Conn when TLS is used
	raw  net.Conn // the connection below TLS; conn itself without TLS
	why  atomic.Pointer[error]

	reads atomic.Uint64 // grows when a Read begins and when it ends: odd while one waits

	closed   bool // interrupt had to close; only the disconnect task looks
	closeErr error
}

func newStream(conn net.Conn) *stream {
	s := &stream{conn: conn, raw: conn}
	if secure, ok := conn.(*tls.Conn); ok {
		s.raw = secure.NetConn()
	}
	return s
}

// Read is net.Conn's, with the cause of a stop in place of its echo.
func (s *stream) Read(p []byte) (int, error) {
	s.reads.Add(1)
	n, err := s.conn.Read(p)
	s.reads.Add(1)
	if err != nil {
		err = s.explain(err)
	}
	return n, err
}

// Write is net.Conn's, with the cause of a stop in place of its echo.
func (s *stream) Write(p []byte) (int, error) {
	n, err := s.conn.Write(p)
	if err != nil {
		err = s.explain(err)
	}
	return n, err
}

func (s *stream) explain(err error) error {
	if why := s.why.Load(); why != nil {
		return *why
	}
	return err
}

// interrupt makes every Read and Write return at once with cause, and leaves the
// stream open. Only the first cause counts.
func (s *stream) interrupt(cause error) {
	s.why.CompareAndSwap(nil, &cause)
	if s.conn.SetDeadline(time.Unix(1, 0)) != nil {
		// This stream knows no deadlines: only closing it wakes its readers.
		s.closed, s.closeErr = true, s.raw.Close()
	}
}

// kill is interrupt by closing: no farewell to the peer, nothing that could block.
func (s *stream) kill(cause error) {
	s.why.CompareAndSwap(nil, &cause)
	s.raw.Close()
}

// close closes the stream in an orderly way. TLS takes leave of the peer, for which
// it may have to wait; the end of ctx makes an end of that, which is no error.
func (s *stream) close(ctx context.Context) error {
	switch {
	case s.closed:
		return s.closeErr
	case s.conn == s.raw:
		return s.conn.Close()
	}
	stop := onDone(ctx, func() { s.raw.Close() })
	err := s.conn.Close()
	if !stop() {
		return nil
	}
	return err
}

// onDone runs f when ctx ends. The stop function it returns reports whether it
// came in time to prevent f; if not, it waits until f has returned.
func onDone(ctx context.Context, f func()) (stop func() bool) {
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		f()
	})
	return func() bool {
		if cancel() {
			return true
		}
		<-done
		return false
	}
}
