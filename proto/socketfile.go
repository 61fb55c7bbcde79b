package proto

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// socketMode is what a Unix socket that we listen on permits at most: whoever may
// write to it may be our peer.
const socketMode = 0o770

// OccupiedError says why a Unix socket's path cannot be listened on. It wraps the
// system's error, EADDRINUSE.
type OccupiedError struct {
	Origin
	Path   string
	Reason string // what stands there, as "another process has this socket open"
	Err    error
}

// Error gives the path, what stands there and the system's words.
func (e *OccupiedError) Error() string { return e.LinkText() + ": " + e.Err.Error() }

// Unwrap gives the system's error.
func (e *OccupiedError) Unwrap() error { return e.Err }

// LinkText gives this link's own words in a chain.
func (e *OccupiedError) LinkText() string { return e.Path + " is taken: " + e.Reason }

// listen begins to listen at an address. What a process left behind that has ended
// does not prevent it.
func listen(ctx context.Context, a Address) (net.Listener, error) {
	if a.Network != "unix" || strings.HasPrefix(a.Addr, "@") {
		var config net.ListenConfig
		return config.Listen(ctx, a.Network, a.Addr)
	}
	l, err := listenUnix(ctx, a.Addr)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	if reason := removeDead(a.Addr); reason != "" {
		return nil, &OccupiedError{Origin: Here(), Path: a.Addr, Reason: reason, Err: err}
	}
	return listenUnix(ctx, a.Addr)
}

// listenUnix listens on a path where nothing stands.
func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	// The file gets the permissions of the unbound socket, less the umask. On systems
	// where it does not (all but Linux), it is changed a moment later.
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), socketMode) })
	}}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode().Perm()&^socketMode != 0 {
		err = os.Chmod(path, info.Mode().Perm()&socketMode)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// removeDead removes a socket's file that is provably nobody's any more. Else it says
// what stands there.
func removeDead(path string) (reason string) {
	file, err := os.Lstat(path)
	switch {
	case err != nil:
		return "it cannot be looked at: " + err.Error()
	case file.Mode().Type() != fs.ModeSocket:
		return "it is no socket"
	}
	if owner, ok := file.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
		return "it is another user's socket"
	}
	// Whoever listens there must not notice: a datagram socket cannot connect to a
	// stream socket, but the system says first whether any process has that one open.
	conn, err := net.Dial("unixgram", path)
	switch {
	case err == nil:
		conn.Close()
		return "another process has this socket open"
	case errors.Is(err, syscall.EPROTOTYPE):
		return "another process has this socket open"
	case !errors.Is(err, syscall.ECONNREFUSED):
		return "there is no telling whether a process has this socket open: " + err.Error()
	}
	// Somebody may have made it anew meanwhile.
	if now, err := os.Lstat(path); err != nil || !os.SameFile(file, now) || !now.ModTime().Equal(file.ModTime()) {
		return "another process is busy with it"
	}
	if err := os.Remove(path); err != nil {
		return "it is dead and cannot be removed: " + err.Error()
	}
	return ""
}
