package qmptest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Terminal is a pseudo terminal with a program on it, for what a [Window] cannot show: the very bytes, the terminal's
// state, signals, and streams that go elsewhere. With -short a test that needs one skips.
type Terminal struct {
	Cmd         *exec.Cmd
	Master, End *os.File      // our side, and the program's
	Out         *Buffer       // all that came to the terminal
	Before      unix.Termios  // its state when it was made
	Ended       chan struct{} // closed when the program has ended
	Copied      chan struct{} // closed when Out is complete, after the last to hold End has closed it

	t testing.TB
}

// PasteOn and PasteOff are what a line editor sends when it begins to read a line, and when it ends.
const PasteOn, PasteOff = "\x1b[?2004h", "\x1b[?2004l"

// NewTerminal opens a pseudo terminal of 80 by 24 characters, with no program on it yet. It lasts as long as the test.
func NewTerminal(t testing.TB) *Terminal {
	t.Helper()
	skipShort(t, "a pseudo terminal")
	master, end, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(end, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	x := &Terminal{t: t, Master: pollable(t, master), End: end, Out: &Buffer{}, Ended: make(chan struct{}), Copied: make(chan struct{})}
	x.Before = x.State()
	go func() {
		defer close(x.Copied)
		_, _ = io.Copy(x.Out, x.Master) // until the terminal is closed
	}()
	t.Cleanup(func() {
		if x.Cmd != nil {
			_ = x.Cmd.Process.Kill()
			<-x.Ended
		}
		_ = x.End.Close()
		_ = x.Master.Close()
		<-x.Copied
		if t.Failed() {
			t.Logf("the terminal got %q", Tail(x.Out.String()))
		}
	})
	return x
}

// Start starts cmd on the terminal, as the leader of a session of its own. Streams that cmd has already stay.
func (x *Terminal) Start(cmd *exec.Cmd) {
	x.t.Helper()
	if cmd.Stdin == nil {
		cmd.Stdin = x.End
	}
	if cmd.Stdout == nil {
		cmd.Stdout = x.End
	}
	if cmd.Stderr == nil {
		cmd.Stderr = x.End
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: slices.Index([]any{cmd.Stdin, cmd.Stdout, cmd.Stderr}, any(x.End))}
	}
	if err := cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	x.Cmd = cmd
	go func() {
		defer close(x.Ended)
		_ = cmd.Wait()
	}()
}

// pollable makes closing the file end a read of it, so that the hang-up comes.
func pollable(t testing.TB, f *os.File) *os.File {
	t.Helper()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = errors.Join(f.Close(), unix.SetNonblock(fd, true))
	}
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "ptmx")
}

// State returns the terminal's settings.
func (x *Terminal) State() unix.Termios {
	x.t.Helper()
	state, err := unix.IoctlGetTermios(int(x.End.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	return *state
}

// Raw reports whether the program reads keys, not lines.
func (x *Terminal) Raw() bool { return x.State().Lflag&unix.ICANON == 0 }

// Type types keys.
func (x *Terminal) Type(keys string) {
	x.t.Helper()
	if _, err := x.Master.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// Signal sends the program a signal.
func (x *Terminal) Signal(sig syscall.Signal) {
	x.t.Helper()
	if err := x.Cmd.Process.Signal(sig); err != nil {
		x.t.Fatal(err)
	}
}

// Shows waits until these texts have come, in this order.
func (x *Terminal) Shows(texts ...string) {
	x.t.Helper()
	Eventually(x.t, func() bool { return InOrder(x.Out.String(), texts...) },
		func() string { return fmt.Sprintf("want %q, got %q", texts, Tail(x.Out.String())) })
}

// Wait waits until the program has ended by itself and returns its exit code, -1 if a signal ended it.
func (x *Terminal) Wait() int {
	x.t.Helper()
	Eventually(x.t, func() bool {
		select {
		case <-x.Ended:
			return true
		default:
			return false
		}
	}, func() string { return fmt.Sprintf("the program does not end: %q", Tail(x.Out.String())) })
	return x.Cmd.ProcessState.ExitCode()
}

// Leaves is Wait, and checks that the terminal is as it was.
func (x *Terminal) Leaves() int {
	x.t.Helper()
	code := x.Wait()
	if now := x.State(); now != x.Before {
		x.t.Errorf("the terminal was %+v and is %+v", x.Before, now)
	}
	Eventually(x.t, func() bool {
		return strings.LastIndex(x.Out.String(), PasteOn) <= strings.LastIndex(x.Out.String(), PasteOff)
	},
		func() string { return fmt.Sprintf("bracketed paste stays on: %q", Tail(x.Out.String())) })
	return code
}
