package proto

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
)

// attempt is one try to get a session: a Connect, or a Listen and its Accept.
// Fields without another word are guarded by the Conn's lock.
type attempt struct {
	addr string        // for messages; constant
	tls  *tls.Config   // of a Listen, for its Accept; constant once parked
	done chan struct{} // closed when the attempt has ended, either way

	listener net.Listener // set while peers are awaited
	parked   bool         // listening, and nobody works on the attempt
	cancel   context.CancelCauseFunc
}

// closeListenerLocked stops listening and removes a Unix socket's file (E6).
func (a *attempt) closeListenerLocked() {
	if a.listener != nil {
		a.listener.Close()
		a.listener = nil
	}
}

// begin leaves Idle for an attempt whose work the returned context bounds.
func (c *Conn[M]) begin(ctx context.Context, addr string) (*attempt, context.Context, error) {
	c.mu.Lock()
	defer c.unlock()
	if have := c.state.state; have != Idle {
		return nil, nil, newStateError(Idle, have)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	at := &attempt{addr: addr, done: make(chan struct{}), cancel: cancel}
	c.attempt = at
	c.setStateLocked(Connecting)
	return at, ctx, nil
}

// abandon ends an attempt that failed: nothing open, and back to Idle (E7).
func (c *Conn[M]) abandon(at *attempt) {
	c.mu.Lock()
	defer c.unlock()
	c.setStateLocked(Disconnecting)
	at.closeListenerLocked()
	c.endAttemptLocked(at)
}

// endAttemptLocked makes a failed or closed attempt history.
func (c *Conn[M]) endAttemptLocked(at *attempt) {
	at.cancel(nil)
	c.attempt = nil
	c.setStateLocked(Idle)
	close(at.done)
}

// connect gets a stream and a session on it for an attempt (E10). Whatever comes
// out, a panic in a callback included, leaves either a running session or nothing.
func (c *Conn[M]) connect(ctx context.Context, at *attempt, open func(context.Context) (*stream, error)) error {
	var st *stream
	connected := false
	defer func() {
		if connected {
			return
		}
		if st != nil {
			st.kill(errStopped)
		}
		c.abandon(at)
	}()
	phase := PhaseConnection
	st, err := open(ctx)
	if err == nil {
		phase = PhaseSession
		err = c.establish(ctx, at, st)
	}
	if err != nil {
		return c.connectFailed(ctx, at, phase, err)
	}
	connected = true
	return nil
}

// establish does the handshake on a stream, then publishes the session.
func (c *Conn[M]) establish(ctx context.Context, at *attempt, st *stream) error {
	s := newSession(c, st)
	stop := onDone(ctx, func() { st.kill(context.Cause(ctx)) })
	err := s.handshake(ctx)
	if stop(); err == nil {
		err = context.Cause(ctx) // a handshake may succeed in spite of it
	}
	if err != nil {
		return err
	}
	return c.publish(at, s)
}

// publish makes the session and its state visible, and only then starts the
// loops, so that an end which they meet at once is not overwritten (E10).
func (c *Conn[M]) publish(at *attempt, s *session[M]) error {
	c.mu.Lock()
	defer c.unlock()
	if c.state.state != Connecting {
		return ErrDisconnected
	}
	at.cancel(nil)
	c.attempt = nil
	c.session = s
	c.setStateLocked(Running)
	close(at.done)
	s.start()
	return nil
}

// connectFailed words the failure of an attempt: the cause of the caller's context
// if that ended it (E9), else a ConnectError (E8). It logs it, once.
func (c *Conn[M]) connectFailed(ctx context.Context, at *attempt, phase string, err error) error {
	cause := context.Cause(ctx)
	switch {
	case cause == nil:
		err = &ConnectError{Origin: origin(2), Phase: phase, Addr: at.addr, Err: err}
	case cause == ErrDisconnected:
		err = &ConnectError{Origin: origin(2), Phase: phase, Addr: at.addr, Err: cause}
	case phase == PhaseConnection || !errors.Is(err, cause):
		err = cause
	}
	c.logFailure("connecting failed", err)
	return err
}
