package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Secret asks on the process's terminal, whatever the standard streams are, and
// returns what was typed unseen, without the line end. It must not be called
// during a ReadLine. The error is the context's cause if that ends first, and
// io.EOF after Ctrl-D. However it ends, the terminal is as before.
func Secret(ctx context.Context, question string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("there is no terminal to ask on: %w", err)
	}
	defer tty.Close()
	restore, err := hush(tty)
	if err != nil {
		return "", err
	}
	defer restore()

	// A deadline is how a read that waits for a person is called back.
	stop := context.AfterFunc(ctx, func() { tty.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	if _, err := io.WriteString(tty, question+": "); err != nil {
		return "", err
	}
	defer io.WriteString(tty, "\n")
	text, err := readSecret(tty)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	return text, err
}

// hush switches echo off and returns the way back.
func hush(tty *os.File) (restore func(), err error) {
	raw, err := tty.SyscallConn()
	if err != nil {
		return nil, err
	}
	var before *unix.Termios
	set := func(t *unix.Termios) (err error) {
		return errors.Join(raw.Control(func(fd uintptr) {
			err = unix.IoctlSetTermios(int(fd), unix.TCSETSF, t)
		}), err)
	}
	if e := raw.Control(func(fd uintptr) { before, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) }); e != nil || err != nil {
		return nil, errors.Join(e, err)
	}
	quiet := *before
	quiet.Lflag &^= unix.ECHO
	quiet.Lflag |= unix.ICANON | unix.ISIG
	quiet.Iflag |= unix.ICRNL
	if err := set(&quiet); err != nil {
		return nil, err
	}
	return func() { _ = set(before) }, nil
}

// readSecret reads one line. The terminal hands out whole lines.
func readSecret(tty io.Reader) (string, error) {
	var line []byte
	buf := make([]byte, 4096)
	for {
		n, err := tty.Read(buf)
		line = append(line, buf[:n]...)
		switch {
		case n > 0 && line[len(line)-1] == '\n':
			return string(line[:len(line)-1]), nil
		case err != nil:
			return "", err
		case n == 0:
			return "", io.EOF
		}
	}
}
