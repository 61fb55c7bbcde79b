package qmp

import (
	"context"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto"
)

// Connect opens a session with the server at a Unix, TCP, TLS or FD address. The
// client is then Running. On failure nothing is open, but for a descriptor that is no
// stream socket, which stays as it is, and the error is
//
//   - *proto.ConnectError around the cause: for the session's part of the way a
//     *GreetingError (Q1), a *NegotiationError (Q2) or an *AgentSyncError (Q12);
//   - if ctx ended first its cause, which one of these three wraps when the server
//     let its deadline pass;
//   - *proto.StateError, when the client was not idle.
//
// ctx bounds only the connecting.
func (c *Client) Connect(ctx context.Context, a Address) error {
	if a.Kind == FD {
		conn, err := openFD(a.FD)
		if err != nil {
			return connectError(a, err)
		}
		return c.ConnectStream(ctx, conn, a.String())
	}
	endpoint, err := a.endpoint(c.opts.TLS)
	if err != nil {
		return connectError(a, err)
	}
	return c.establishing(ctx, func(ctx context.Context) error {
		return c.conn.Connect(ctx, endpoint)
	})
}

// ConnectStream opens a session over a connection that exists; name stands for it
// in messages. The client owns conn from the call on, also when the call fails.
// Errors are those of Connect.
func (c *Client) ConnectStream(ctx context.Context, conn net.Conn, name string) error {
	return c.establishing(ctx, func(ctx context.Context) error {
		return c.conn.ConnectStream(ctx, conn, name)
	})
}

// Listen waits at a Unix, TCP or TLS address for a server that dials us; Accept then
// makes the session. Disconnect ends the wait. Errors are those of Connect.
func (c *Client) Listen(ctx context.Context, a Address) error {
	endpoint, err := a.endpoint(c.opts.TLS)
	if err != nil {
		return connectError(a, err)
	}
	return c.conn.Listen(ctx, endpoint)
}

// ListenAddr returns where Listen waits, nil when it does not.
func (c *Client) ListenAddr() net.Addr { return c.conn.ListenAddr() }

// Accept takes the first server that dials, stops listening and opens the session.
// Errors are those of Connect.
func (c *Client) Accept(ctx context.Context) error { return c.establishing(ctx, c.conn.Accept) }

// sessionKey is the key of the context under which establish finds its session.
type sessionKey struct{}

// establishing runs connect with a new session for it, and makes sure that one which
// did not come to run is over for everyone who has seen it.
func (c *Client) establishing(ctx context.Context, connect func(context.Context) error) error {
	s := newSession(c)
	err := connect(context.WithValue(ctx, sessionKey{}, s))
	if err != nil {
		s.failed(err)
	}
	s.probing.Wait()
	return err
}

func connectError(a Address, err error) error {
	return &proto.ConnectError{
		Origin: proto.Here(),
		Phase:  proto.PhaseConnection,
		Addr:   a.String(),
		Err:    err,
	}
}

// openFD makes a connection of a descriptor that somebody opened for us, and takes it
// over. One that is no stream socket stays open: it may be the one to which the error
// will be written.
func openFD(fd int) (net.Conn, error) {
	switch kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); {
	case err != nil:
		return nil, os.NewSyscallError("getsockopt", err)
	case kind != unix.SOCK_STREAM:
		return nil, fmt.Errorf("fd:%d is no stream socket", fd)
	}
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	file := os.NewFile(uintptr(dup), fmt.Sprintf("fd:%d", fd))
	defer file.Close() // FileConn works on a duplicate of its own
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	unix.Close(fd)
	return conn, nil
}
