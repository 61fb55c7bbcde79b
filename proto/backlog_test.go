package proto_test

import (
	"fmt"
	"syscall"
	"testing"
)

// socket opens a stream socket that does not block; the test's end closes it.
func socket(t *testing.T, domain int) int {
	t.Helper()
	fd, err := syscall.Socket(domain, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return fd
}

// fullBacklog returns a TCP address on which connecting neither succeeds nor fails:
// nobody accepts there, and more peers wait already than the system queues.
func fullBacklog(t *testing.T) string {
	t.Helper()
	listener := socket(t, syscall.AF_INET)
	if err := syscall.Bind(listener, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(listener, 0); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(listener)
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		if err := syscall.Connect(socket(t, syscall.AF_INET), at); err != nil && err != syscall.EINPROGRESS {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("127.0.0.1:%d", at.(*syscall.SockaddrInet4).Port)
}
