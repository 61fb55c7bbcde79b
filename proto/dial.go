package proto

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"
)

// Address says where a stream comes from (E5).
type Address struct {
	Network string      // "unix" or "tcp"
	Addr    string      // a path, or "@name" in the abstract namespace; or host:port
	TLS     *tls.Config // nil: no TLS. A client takes ServerName from the host if it is unset
}

// String writes the address as "unix:/path", "tcp:host:port" or "tls:host:port".
func (a Address) String() string {
	if a.TLS != nil && a.Network == "tcp" {
		return "tls:" + a.Addr
	}
	return a.Network + ":" + a.Addr
}

// Connect dials an address and establishes a session (E5, E10). On failure the
// engine is idle and nothing is open (E7). The error is a *ConnectError (E8), a
// *StateError unless the engine was idle (E4), or, if ctx ended first, the cause
// of ctx: Establish's own error if it wraps that cause, else the cause itself (E9).
// The session outlives ctx.
func (c *Conn[M]) Connect(ctx context.Context, a Address) error {
	at, attemptCtx, err := c.begin(ctx, a.String())
	if err != nil {
		return err
	}
	return c.connect(attemptCtx, at, func(ctx context.Context) (*stream, error) {
		return dial(ctx, a)
	})
}

// ConnectStream is Connect over a connection that is open already; name stands for
// it in messages. The engine owns the connection from the call on and closes it
// even when the call fails.
func (c *Conn[M]) ConnectStream(ctx context.Context, conn net.Conn, name string) error {
	at, attemptCtx, err := c.begin(ctx, name)
	if err != nil {
		conn.Close()
		return err
	}
	return c.connect(attemptCtx, at, func(context.Context) (*stream, error) {
		return newStream(conn), nil
	})
}

// Listen waits for peers at an address, for a server that dials us (E6). The state
// is Connecting until Accept has a session, or until a disconnect ends the
// listening. Errors are those of Connect.
func (c *Conn[M]) Listen(ctx context.Context, a Address) error {
	at, ctx, err := c.begin(ctx, a.String())
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, a.Network, a.Addr)
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

// dial opens a stream to an address; nothing is left open on failure.
func dial(ctx context.Context, a Address) (*stream, error) {
	conn, err := dialPatiently(ctx, a)
	if err != nil {
		awaitDeadline(ctx, err)
		return nil, err
	}
	if a.TLS == nil {
		return newStream(conn), nil
	}
	return secure(ctx, tls.Client(conn, a.clientTLS()))
}

// maxPause is the longest time between two attempts to get into a full queue.
const maxPause = 20 * time.Millisecond

// dialPatiently connects. The system refuses at once who comes to a Unix socket
// whose queue is full (EAGAIN), where a TCP client would wait. A place gets free
// when the server accepts the next one, so this waits too, as long as ctx lets it.
func dialPatiently(ctx context.Context, a Address) (net.Conn, error) {
	var dialer net.Dialer
	for pause := time.Millisecond; ; pause = min(2*pause, maxPause) {
		conn, err := dialer.DialContext(ctx, a.Network, a.Addr)
		if a.Network != "unix" || !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// clientTLS is the TLS configuration with a server name.
func (a Address) clientTLS() *tls.Config {
	host, _, err := net.SplitHostPort(a.Addr)
	if a.TLS.ServerName != "" || a.Network != "tcp" || err != nil {
		return a.TLS
	}
	config := a.TLS.Clone()
	config.ServerName = host
	return config
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

// secure does the TLS handshake; it closes the connection on failure.
func secure(ctx context.Context, conn *tls.Conn) (*stream, error) {
	if err := conn.HandshakeContext(ctx); err != nil {
		conn.NetConn().Close()
		return nil, err
	}
	return newStream(conn), nil
}

// awaitDeadline waits for the end of a context whose deadline a dialer has just
// met: the dialer looks at the clock, and may be ahead of the context's timer.
func awaitDeadline(ctx context.Context, err error) {
	var timeout net.Error
	deadline, ok := ctx.Deadline()
	if ok && errors.As(err, &timeout) && timeout.Timeout() && !time.Now().Before(deadline) {
		<-ctx.Done()
	}
}
