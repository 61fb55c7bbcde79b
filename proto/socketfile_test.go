package proto_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/qmpsh/qmpsh/proto"
)

// deadSocket makes a socket file that no process has open.
func deadSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestE6_ADeadSocketIsReplaced(t *testing.T) {
	addr := proto.Address{Network: "unix", Addr: filepath.Join(t.TempDir(), "s")}
	deadSocket(t, addr.Addr)
	c := proto.New(text(), proto.Options{})
	if err := c.Listen(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", addr.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := c.Accept(t.Context()); err != nil {
		t.Error(err)
	}
	wantGone(t, addr.Addr)
	disconnect(t, c)
}

// What is not provably dead stays, and its owner does not even notice that we looked.
func TestE6_WhatStandsAtThePathOtherwiseStays(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	listening, err := net.ListenUnix("unix", &net.UnixAddr{Name: path("listening")})
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	bound, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(bound)
	if err := syscall.Bind(bound, &syscall.SockaddrUnix{Name: path("bound")}); err != nil {
		t.Fatal(err)
	}
	datagrams, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path("datagrams")})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	if err := os.WriteFile(path("file"), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	deadSocket(t, path("dead"))
	if err := os.Symlink("dead", path("link")); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"listening": "another process has this socket open",
		"bound":     "another process has this socket open",
		"datagrams": "another process has this socket open",
		"file":      "it is no socket",
		"link":      "it is no socket",
	}
	if os.Geteuid() == 0 {
		deadSocket(t, path("foreign"))
		if err := os.Chown(path("foreign"), 12345, 12345); err != nil {
			t.Fatal(err)
		}
		tests["foreign"] = "it is another user's socket"
	}
	for name, reason := range tests {
		c := proto.New(text(), proto.Options{})
		err := c.Listen(t.Context(), proto.Address{Network: "unix", Addr: path(name)})
		wantConnectError(t, c, err, proto.PhaseConnection)
		var occupied *proto.OccupiedError
		if !errors.As(err, &occupied) || !strings.Contains(err.Error(), reason) || !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := os.Lstat(path(name)); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
	// Nobody came to the listener: the next one to connect is the first.
	mine, err := net.Dial("unix", path("listening"))
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	if _, err := mine.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	first, err := listening.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if n, err := first.Read(make([]byte, 1)); n != 1 {
		t.Errorf("somebody else connected first: %v", err)
	}
}

func TestE6_TheSocketIsNotTheWorlds(t *testing.T) {
	for _, umask := range []int{0, 0o002, 0o022, 0o077} {
		path := filepath.Join(t.TempDir(), "s")
		old := syscall.Umask(umask)
		c := proto.New(text(), proto.Options{})
		err := c.Listen(t.Context(), proto.Address{Network: "unix", Addr: path})
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := info.Mode().Perm(), os.FileMode(0o770&^umask); got != want {
			t.Errorf("with umask %03o it is %03o, want %03o", umask, got, want)
		}
		disconnect(t, c)
	}
}

// A context that ended before Accept, as that of a program that was told to end, leaves
// no file either.
func TestE6_NoFileIsLeftByAProgramThatIsToldToEnd(t *testing.T) {
	addr := proto.Address{Network: "unix", Addr: filepath.Join(t.TempDir(), "s")}
	ctx, cancel := context.WithCancelCause(t.Context())
	c := proto.New(text(), proto.Options{})
	if err := c.Listen(ctx, addr); err != nil {
		t.Fatal(err)
	}
	told := errors.New("terminated")
	cancel(told)
	if err := c.Accept(ctx); err != told {
		t.Errorf("got %v", err)
	}
	wantGone(t, addr.Addr)
	if err := c.ListenAndAccept(ctx, addr); err != told {
		t.Errorf("got %v", err)
	}
	wantGone(t, addr.Addr)
}
