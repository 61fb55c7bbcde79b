package proto

import (
	"context"
	"crypto/tls"
	"net"
)

// Listen waits for peers at an address, for a server that dials us (E6). The state
// is Connecting until Accept has a session, or until a disconnect ends the
// listening. Errors are those of Connect.
//
// A Unix socket's file gets no permissions for other users than owner and group,
// whatever the process's umask. A socket file of the caller's own that no process
// has open any more is replaced; any other file at that path is left alone, and the
// error says what it is with an *OccupiedError.
func (c *Conn[M]) Listen(ctx context.Context, a Address) error {
	at, ctx, err := c.begin(ctx, a.String())
	if err != nil {
		return err
	}
	listener, err := listen(ctx, a)
	if err == nil && c.park(ctx, at, listener, a.TLS) {
		return nil
	}
	err = c.connectFailed(ctx, at, PhaseConnection, err)
	c.abandon(at)
	return err
}

// park leaves an attempt listening until an Accept takes it up; it reports false
// and closes the listener if the attempt was ended meanwhile.
func (c *Conn[M]) park(ctx context.Context, at *attempt, l net.Listener, t *tls.Config) bool {
	c.mu.Lock()
	defer c.unlock()
	at.listener, at.tls = l, t
	at.parked = ctx.Err() == nil
	return at.parked
}

// Accept takes one peer of a Listen and establishes a session with it. Whatever
// comes out, listening stops and a Unix socket's file is removed (E6). A peer that
// fails in TLS or in the handshake is that one peer. Without a Listen it returns a
// *StateError; other errors are those of Connect.
func (c *Conn[M]) Accept(ctx context.Context) error {
	c.mu.Lock()
	at := c.attempt
	if at == nil || !at.parked {
		have := c.state.state
		c.unlock()
		return newStateError(Connecting, have)
	}
	at.cancel(nil)
	ctx, at.cancel = context.WithCancelCause(ctx)
	at.parked = false
	listener := at.listener
	c.unlock()
	return c.connect(ctx, at, func(ctx context.Context) (*stream, error) {
		conn, err := acceptOne(ctx, listener)
		c.mu.Lock()
		at.closeListenerLocked()
		c.unlock()
		if err != nil {
			return nil, err
		}
		if at.tls == nil {
			return newStream(conn), nil
		}
		return secure(ctx, tls.Server(conn, at.tls))
	})
}

// ListenAndAccept is Listen and Accept in one call (E6).
func (c *Conn[M]) ListenAndAccept(ctx context.Context, a Address) error {
	if err := c.Listen(ctx, a); err != nil {
		return err
	}
	return c.Accept(ctx)
}

// acceptOne waits for one peer.
func acceptOne(ctx context.Context, l net.Listener) (net.Conn, error) {
	stop := onDone(ctx, func() { l.Close() })
	conn, err := l.Accept()
	if stop() {
		return conn, err
	}
	if err == nil {
		conn.Close()
	}
	return nil, context.Cause(ctx)
}
