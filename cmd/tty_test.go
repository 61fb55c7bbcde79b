package cmd_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// tty is qmpsh on a pseudo terminal, for what a terminal's window cannot show:
// the very bytes, the terminal's state, signals, and streams that go elsewhere.
type tty struct {
	t           testing.TB
	dir         string // of its files
	cmd         *exec.Cmd
	master, end *os.File
	out         *buffer // all that came to the terminal
	before      unix.Termios
	ended       chan struct{}
}

// openTTY runs qmpsh with these words. prepare may change the command first; it
// may be nil.
func openTTY(t testing.TB, dir string, prepare func(*exec.Cmd), words ...string) *tty {
	t.Helper()
	master, end, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(end, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	s := &tty{t: t, dir: dir, master: pollable(t, master), end: end, out: &buffer{}, ended: make(chan struct{})}
	s.before = s.state()
	s.cmd = exec.Command(qmptest.Require(t, "qmpsh"), words...)
	s.cmd.Env = shellEnv(dir)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = end, end, end
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if prepare != nil {
		prepare(s.cmd)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(s.out, s.master) // until the terminal is closed
	}()
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
		_ = s.end.Close()
		_ = s.master.Close()
		<-copied
		noRaces(t, dir)
		if t.Failed() {
			t.Logf("the terminal got %q", tail(s.out.String()))
		}
	})
	return s
}

// pollable makes closing the file end a read of it.
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

func (s *tty) state() unix.Termios {
	s.t.Helper()
	state, err := unix.IoctlGetTermios(int(s.end.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	return *state
}

func (s *tty) types(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// pasteOn and pasteOff are what the line editor sends when it begins to read a
// line, and when it ends.
const pasteOn, pasteOff = "\x1b[?2004h", "\x1b[?2004l"

// enters types lines, each once the one before has been dealt with.
func (s *tty) enters(lines ...string) {
	s.t.Helper()
	for _, line := range lines {
		n := strings.Count(s.out.String(), pasteOn)
		s.types(line + "\r")
		poll(s.t, func() bool { return strings.Count(s.out.String(), pasteOn) > n },
			func() string { return fmt.Sprintf("no prompt behind %q: %q", line, tail(s.out.String())) })
	}
}

// shows waits until these texts have come, in this order.
func (s *tty) shows(texts ...string) {
	s.t.Helper()
	poll(s.t, func() bool { return inOrder(s.out.String(), texts...) },
		func() string { return fmt.Sprintf("want %q, got %q", texts, tail(s.out.String())) })
}

// leaves waits until qmpsh has ended by itself, checks that the terminal is as it
// was, and returns the exit code.
func (s *tty) leaves() int {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(hangLimit):
		s.t.Fatal("qmpsh does not end")
	}
	if now := s.state(); now != s.before {
		s.t.Errorf("the terminal was %+v and is %+v", s.before, now)
	}
	poll(s.t, func() bool { return strings.Count(s.out.String(), pasteOn) == strings.Count(s.out.String(), pasteOff) },
		func() string { return fmt.Sprintf("bracketed paste stays on: %q", s.out.String()) })
	return s.cmd.ProcessState.ExitCode()
}

func (s *tty) file(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}
