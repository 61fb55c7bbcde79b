package proto_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// A Unix socket whose queue is full is waited for, as a busy TCP server is: until
// there is a place, or the caller's time is over.
func TestE5_FullQueueIsWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	for { // fill it
		conn, err := net.Dial("unix", path)
		if errors.Is(err, syscall.EAGAIN) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	address := proto.Address{Network: "unix", Addr: path}

	c := proto.New(text(), proto.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := c.Connect(ctx, address); err != context.DeadlineExceeded {
		t.Errorf("with a full queue: want the context's cause, got %v", err)
	}

	connected := make(chan error, 1)
	go func() { connected <- c.Connect(t.Context(), address) }()
	for done := false; !done; {
		select {
		case err := <-connected:
			if err != nil {
				t.Errorf("with a queue that moves: %v", err)
			}
			done = true
		case <-time.After(time.Millisecond):
			if err := syscall.SetNonblock(fd, true); err != nil {
				t.Fatal(err)
			}
			if accepted, _, err := syscall.Accept(fd); err == nil {
				defer syscall.Close(accepted)
			}
		}
	}
	disconnect(t, c)
}
