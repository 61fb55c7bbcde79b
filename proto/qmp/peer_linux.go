package qmp

import "golang.org/x/sys/unix"

// credentials asks the system who is at the other end of a Unix socket.
func credentials(fd int) *Peer {
	c, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return nil
	}
	return &Peer{PID: int(c.Pid), UID: int(c.Uid)}
}
