package proto

import (
	"errors"
	"net"
	"syscall"
)

// errSendPanicked ends a session whose Send panicked on a caller's goroutine.
var errSendPanicked = errors.New("sending panicked")

// direct writes to a socket without ever waiting for the peer. A caller of Send
// that finds the queue empty and the writer idle can so spare the hand-over to the
// writer loop, which costs more than the write itself (and see session.heard).
//
// Order holds because queue.claim makes the caller the only writer, and all later
// messages queue up behind it. What the system does not take at once, and every
// error, is left to the writer loop, so that nothing blocks and every failure is
// met in one place.
type direct struct {
	conn  syscall.RawConn
	try   func(fd uintptr) bool // made once: a closure for each write would be an allocation
	bytes []byte                // what try is to write
	n     int                   // what it wrote
}

// newDirect returns nil for a connection that is no plain socket.
func newDirect(conn net.Conn) *direct {
	var d direct
	var err error
	switch c := conn.(type) { // not by interface: a type around a socket may change what Write does
	case *net.UnixConn:
		d.conn, err = c.SyscallConn()
	case *net.TCPConn:
		d.conn, err = c.SyscallConn()
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	d.try = func(fd uintptr) bool {
		n, err := syscall.Write(int(fd), d.bytes)
		for err == syscall.EINTR {
			n, err = syscall.Write(int(fd), d.bytes)
		}
		d.n = max(n, 0)
		return true // also when the socket is full: false would mean to wait
	}
	return &d
}

// write hands as much of p to the system as it takes now, and returns how much.
func (d *direct) write(p []byte) int {
	d.bytes, d.n = p, 0
	err := d.conn.Write(d.try)
	d.bytes = nil
	if err != nil {
		return 0
	}
	return d.n
}

// sendDirect sends a message on the caller's goroutine, which holds the claim.
func (s *session[M]) sendDirect(m M) {
	sent, err := false, errSendPanicked
	defer s.loops.Done()
	defer func() { s.queue.release(sent) }()
	s.writer.hold()
	defer func() { sent = s.writer.letGo(err) }()
	err = s.send(m)
}
