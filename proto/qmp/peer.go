package qmp

import "net"

// Peer is the process at the other end of a Unix socket, as the system knows it. For a
// server that we dialled it is the process that began to listen, for one that dialled
// us the process that connected, for the descriptor of a socket pair the process that
// made the pair. The system notes it then and does not change it: that process may have
// ended since, and its number may belong to another.
type Peer struct {
	PID int // in our name space of processes; 0 if it is in none that we see
	UID int // the effective user; the overflow user, 65534, if ours has no such user
}

// Peer returns the process at the other end of the newest session. ok is false before
// the first session, when the connection is no Unix socket, and on systems that do not
// tell (all but Linux).
func (c *Client) Peer() (p Peer, ok bool) {
	s := c.session.Load()
	if s == nil || s.peer == nil {
		return Peer{}, false
	}
	return *s.peer, true
}

// peerOf returns the process at the other end of a connection, nil if there is no telling.
func peerOf(conn net.Conn) *Peer {
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return nil
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return nil
	}
	var p *Peer
	if raw.Control(func(fd uintptr) { p = credentials(int(fd)) }) != nil {
		return nil
	}
	return p
}
