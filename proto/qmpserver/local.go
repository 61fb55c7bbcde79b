package qmpserver

import (
	"context"
	"net"
)

// Local serves one client in memory and returns the client's end of the stream: no network, no files. Closing it ends the
// service, whose context is then cancelled, and waits for that; it must be closed even when the service has ended by itself.
func Local(s Service) net.Conn {
	near, far := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	c := &localConn{Conn: near, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		// How it ended is the client's to see, at its end of the stream.
		_ = s.Serve(ctx, far)
	}()
	return c
}

// localConn is the client's end of a stream in memory.
type localConn struct {
	net.Conn
	cancel context.CancelFunc
	done   chan struct{} // closed when the service has ended
}

// Close ends the stream and the service.
func (c *localConn) Close() error {
	err := c.Conn.Close()
	c.cancel()
	<-c.done
	return err
}
