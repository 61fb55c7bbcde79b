package terminal

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
)

// session is the program of program_test.go in a pseudo terminal.
type session struct {
	t           *testing.T
	cmd         *exec.Cmd
	master, tty *os.File
	out         *buffer
	log         string
	exited      chan error
	before      *unix.Termios
}

func startSession(t *testing.T, history string) *session {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	// A read of a blocking file would keep it open, and the hang-up would not come.
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(master.Close(), unix.SetNonblock(fd, true)); err != nil {
		t.Fatal(err)
	}
	master = os.NewFile(uintptr(fd), "ptmx")
	s := &session{t: t, master: master, tty: tty, out: &buffer{}, exited: make(chan error, 1),
		log: filepath.Join(t.TempDir(), "log")}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	s.before = s.state()
	s.cmd = exec.Command(os.Args[0])
	s.cmd.Env = append(os.Environ(), programEnv+"="+s.log, historyEnv+"="+history,
		"GORACE=atexit_sleep_ms=0") // or each program takes a second longer
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(s.out, master)
	}()
	go func() { s.exited <- s.cmd.Wait() }()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = tty.Close()
		_ = master.Close()
		<-copied
	})
	s.shows("(vm) ")
	return s
}

func (s *session) state() *unix.Termios {
	s.t.Helper()
	state, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

func (s *session) raw() bool { return s.state().Lflag&unix.ICANON == 0 }

func (s *session) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) logged() string {
	b, _ := os.ReadFile(s.log)
	return string(b)
}

func (s *session) logs(text string) {
	s.t.Helper()
	eventually(s.t, func() bool { return strings.Contains(s.logged(), text) },
		func() string { return "not logged: " + text + "\nlog: " + s.logged() + "\nscreen: " + s.out.String() })
}

func (s *session) shows(text string) {
	s.t.Helper()
	eventually(s.t, func() bool { return strings.Contains(s.out.String(), text) },
		func() string { return fmt.Sprintf("not shown: %q\nlog: %s\nscreen: %q", text, s.logged(), s.out) })
}

// ends waits for the program and checks that it left the terminal as it was.
func (s *session) ends(code int) {
	s.t.Helper()
	select {
	case err := <-s.exited:
		s.exited <- err
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) || s.cmd.ProcessState.ExitCode() != code {
			s.t.Errorf("exit code %d, %v; want %d", s.cmd.ProcessState.ExitCode(), err, code)
		}
	case <-time.After(patience):
		s.t.Fatalf("the program does not end\nlog: %s", s.logged())
	}
	if got := s.state(); *got != *s.before {
		s.t.Errorf("the terminal was %+v and is now %+v", *s.before, *got)
	}
}

func TestPtyStateIsRestoredOnEveryWayOut(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *session)
		code int
		log  string
	}{
		{"exit", func(s *session) { s.press("exit\r") }, 0, `line: "exit"`},
		{"Ctrl-D", func(s *session) { s.press("\x04") }, 3, "error: EOF"},
		{"SIGTERM", func(s *session) { s.signal(syscall.SIGTERM) }, 3, "error: ended by signal: terminated"},
		{"SIGQUIT", func(s *session) { s.signal(syscall.SIGQUIT) }, 3, "error: ended by signal: quit"},
		{"SIGHUP", func(s *session) { s.signal(syscall.SIGHUP) }, 3, "error: EOF"},
		{"panic in a callback", func(s *session) { s.press("panic\r"); s.logs("panic"); s.press("x") }, 2, `line: "panic"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startSession(t, "")
			if !s.raw() {
				t.Error("not raw at the prompt")
			}
			if c.code == 3 && c.name != "Ctrl-D" {
				s.press("system_reset")
				s.shows("system_reset")
			}
			c.do(s)
			s.ends(c.code)
			if log := s.logged(); !strings.Contains(log, c.log) || strings.Contains(log, "system_reset") {
				t.Errorf("log: %s", log)
			}
			eventually(t, func() bool {
				return strings.Count(s.out.String(), pasteModeOn) == strings.Count(s.out.String(), pasteModeOff)
			}, func() string { return fmt.Sprintf("bracketed paste stays on: %q", s.out) })
		})
	}
}

func (s *session) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func TestPtyHangUpDropsTheHalfTypedLine(t *testing.T) {
	s := startSession(t, "")
	s.press("system_reset")
	s.shows("system_reset")
	_ = s.tty.Close()
	_ = s.master.Close()
	select {
	case err := <-s.exited:
		s.exited <- err
	case <-time.After(patience):
		t.Fatalf("the program survives its terminal\nlog: %s", s.logged())
	}
	if log := s.logged(); !strings.HasSuffix(log, "\nerror: EOF\n") || strings.Contains(log, "line:") {
		t.Errorf("log: %s", log)
	}
}

func TestPtyPasteArrivesWhole(t *testing.T) {
	s := startSession(t, "")
	s.press("\x1b[200~{\"execute\":\r\t\"query-status\"\r}\r\x1b[201~")
	s.shows("}")
	s.press("\r")
	s.logs(`line: "{\"execute\":\n\t\"query-status\"\n}"` + "\n")
	s.press("exit\r")
	s.ends(0)
	if n := strings.Count(s.logged(), "line:"); n != 2 {
		t.Errorf("%d lines: %s", n, s.logged())
	}
}

func TestPtyEventsInAStormLeaveTheLineAlone(t *testing.T) {
	s := startSession(t, "")
	s.press("storm\r")
	s.shows("event 10\r\n")
	const line = "device_add driver=virtio-net-pci id=net1 netdev=n1"
	for _, k := range line {
		s.press(string(k))
		time.Sleep(10 * time.Millisecond) // a person types
	}
	s.press("\x1b[1~\x1b[3~D\x1b[4~!\r")
	s.logs(`line: "D` + line[1:] + `!"`)
	s.shows("storm over")
	s.press("exit\r")
	s.ends(0)
	out, at := s.out.String(), 0
	for n := 1; n <= 3000; n++ {
		i := strings.Index(out[at:], fmt.Sprintf("event %d\r\n", n))
		if i < 0 {
			t.Fatalf("event %d is missing or late", n)
		}
		at += i
	}
}

func TestPtyKeysTypedDuringACommandAreNotLost(t *testing.T) {
	s := startSession(t, "")
	s.press("busy\r")
	s.shows("busy\r\n")
	if s.raw() {
		t.Error("raw while a command runs")
	}
	s.press("first\rsecond")
	s.logs(`line: "first"`)
	s.press(" half\r")
	s.logs(`line: "second half"`)
	s.press("exit\r")
	s.ends(0)
}

func TestPtyControlCAtThePromptAndFromOutside(t *testing.T) {
	s := startSession(t, "")
	s.press("abc\x03")
	s.logs("error: interrupted")
	s.press("def")
	s.shows("def")
	s.signal(syscall.SIGINT)
	s.logs("error: interrupted\nerror: interrupted")
	s.press("exit\r")
	s.ends(0)
}

func TestPtyContinueMakesRawAndShowsTheLineAgain(t *testing.T) {
	s := startSession(t, "")
	s.press("half-typed")
	s.shows("half-typed")
	if err := unix.IoctlSetTermios(int(s.tty.Fd()), unix.TCSETS, s.before); err != nil { // as a shell does
		t.Fatal(err)
	}
	n := strings.Count(s.out.String(), "(vm) half-typed")
	s.signal(syscall.SIGCONT)
	eventually(t, func() bool { return s.raw() && strings.Count(s.out.String(), "(vm) half-typed") > n },
		func() string { return fmt.Sprintf("raw %v, screen %q", s.raw(), s.out) })
	s.press("!\r")
	s.logs(`line: "half-typed!"`)
	s.press("exit\r")
	s.ends(0)
}

// A process whose group has no shell above it cannot be stopped by Ctrl-Z; it
// must not end up with a cooked terminal.
func TestPtyControlZWithoutAShellChangesNothing(t *testing.T) {
	s := startSession(t, "")
	s.press("half\x1a")
	eventually(t, func() bool { return strings.Count(s.out.String(), pasteModeOn) == 2 },
		func() string { return fmt.Sprintf("screen %q", s.out) })
	s.press("-typed\r")
	s.logs(`line: "half-typed"`)
	s.press("exit\r")
	s.ends(0)
}

func TestPtyHistoryIsSharedByTwoProcesses(t *testing.T) {
	path := historyFile(t)
	a, b := startSession(t, path), startSession(t, path)
	a.press("from a\r")
	a.logs(`line: "from a"`)
	b.press("from b\r")
	b.logs(`line: "from b"`)
	a.press("again a\r")
	a.logs(`line: "again a"`)
	for _, s := range []*session{a, b} {
		s.press("exit\r")
		s.ends(0)
	}
	if got := fileText(t, path); !strings.HasPrefix(got, "from a\nfrom b\nagain a\n") {
		t.Errorf("history: %q", got)
	}
	if d, f := mode(t, filepath.Dir(path)), mode(t, path); d != 0o700 || f != 0o600 {
		t.Errorf("directory %o, file %o", d, f)
	}
	c := startSession(t, path)
	c.press(up + up + "\r") // the two exits count as one
	c.logs(`line: "again a"`)
	c.press("exit\r")
	c.ends(0)
}
