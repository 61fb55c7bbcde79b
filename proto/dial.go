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
