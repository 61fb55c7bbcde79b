package terminal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// guest is the program of program_test.go on a pseudo terminal.
type guest struct {
	*qmptest.Terminal
	t   *testing.T
	log string
}

func startGuest(t *testing.T, history string, env ...string) *guest {
	t.Helper()
	s := &guest{Terminal: qmptest.NewTerminal(t), t: t, log: filepath.Join(t.TempDir(), "log")}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"="+s.log, historyEnv+"="+history,
		"GORACE=atexit_sleep_ms=0") // or each program takes a second longer
	cmd.Env = append(cmd.Env, env...)
	s.Start(cmd)
	s.Shows("(vm) ")
	return s
}

func (s *guest) logged() string {
	b, _ := os.ReadFile(s.log)
	return string(b)
}

func (s *guest) logs(text string) {
	s.t.Helper()
	eventually(s.t, func() bool { return strings.Contains(s.logged(), text) },
		func() string { return "not logged: " + text + "\nlog: " + s.logged() + "\nscreen: " + s.Out.String() })
}

// ends waits for the program and checks that it left the terminal as it was.
func (s *guest) ends(code int) {
	s.t.Helper()
	if got := s.Leaves(); got != code {
		s.t.Errorf("exit code %d, want %d\nlog: %s", got, code, s.logged())
	}
}

func TestPtyStateIsRestoredOnEveryWayOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(s *guest)
		code int
		log  string
	}{
		{"exit", func(s *guest) { s.Type("exit\r") }, 0, `line: "exit"`},
		{"Ctrl-D", func(s *guest) { s.Type("\x04") }, 3, "error: EOF"},
		{"SIGTERM", func(s *guest) { s.Signal(syscall.SIGTERM) }, 3, "error: terminated"},
		{"SIGQUIT", func(s *guest) { s.Signal(syscall.SIGQUIT) }, 3, "error: quit"},
		{"SIGHUP", func(s *guest) { s.Signal(syscall.SIGHUP) }, 3, "error: hangup"},
		{"panic in a callback", func(s *guest) { s.Type("panic\r"); s.logs("panic"); s.Type("x") }, 2, `line: "panic"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startGuest(t, "")
			if !s.Raw() {
				t.Error("not raw at the prompt")
			}
			if c.code == 3 && c.name != "Ctrl-D" {
				s.Type("system_reset")
				s.Shows("system_reset")
			}
			c.do(s)
			s.ends(c.code)
			if log := s.logged(); !strings.Contains(log, c.log) || strings.Contains(log, "system_reset") {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestPtyHangUpDropsTheHalfTypedLine(t *testing.T) {
	t.Parallel()
	s := startGuest(t, "")
	s.Type("system_reset")
	s.Shows("system_reset")
	_ = s.End.Close()
	_ = s.Master.Close()
	s.Wait()
	if log := s.logged(); !strings.Contains(log, "\nerror: ") || strings.Contains(log, "line:") {
		t.Errorf("log: %s", log)
	}
}

func TestPtyPasteArrivesWhole(t *testing.T) {
	t.Parallel()
	s := startGuest(t, "")
	s.Type("\x1b[200~{\"execute\":\r\t\"query-status\"\r}\r\x1b[201~")
	s.Shows("}")
	s.Type("\r")
	s.logs(`line: "{\"execute\":\n\t\"query-status\"\n}"` + "\n")
	s.Type("exit\r")
	s.ends(0)
	if n := strings.Count(s.logged(), "line:"); n != 2 {
		t.Errorf("%d lines: %s", n, s.logged())
	}
}

func TestPtyEventsInAStormLeaveTheLineAlone(t *testing.T) {
	t.Parallel()
	s := startGuest(t, "")
	s.Type("storm\r")
	s.Shows("event 10\r\n")
	const line = "device_add driver=virtio-net-pci id=net1 netdev=n1"
	for _, k := range line {
		s.Type(string(k))
		time.Sleep(10 * time.Millisecond) // a person types
	}
	s.Type("\x1b[1~\x1b[3~D\x1b[4~!\r")
	s.logs(`line: "D` + line[1:] + `!"`)
	s.Shows("storm over")
	s.Type("exit\r")
	s.ends(0)
	out, at := s.Out.String(), 0
	for n := 1; n <= 3000; n++ {
		i := strings.Index(out[at:], fmt.Sprintf("event %d\r\n", n))
		if i < 0 {
			t.Fatalf("event %d is missing or late", n)
		}
		at += i
	}
}

func TestPtyKeysTypedDuringACommandAreNotLost(t *testing.T) {
	t.Parallel()
	s := startGuest(t, "")
	s.Type("busy\r")
	s.Shows("busy\r\n")
	if s.Raw() {
		t.Error("raw while a command runs")
	}
	s.Type("first\rsecond")
	s.logs(`line: "first"`)
	s.Type(" half\r")
	s.logs(`line: "second half"`)
	s.Type("exit\r")
	s.ends(0)
}

func TestPtyControlCAtThePromptAndFromOutside(t *testing.T) {
	t.Parallel()
	s := startGuest(t, "")
	s.Type("abc\x03")
	s.Shows("^C", qmptest.PasteOn) // before, the terminal itself shows what is typed
	s.Type("def")
	s.Shows("^C", qmptest.PasteOn, "def")
	s.Signal(syscall.SIGINT)
	s.logs("error: interrupted\nerror: interrupted")
	s.Type("exit\r")
	s.ends(0)
}

func TestPtyContinueMakesRawAndShowsTheLineAgain(t *testing.T) {
	t.Parallel()
	s := startGuest(t, "")
	s.Type("half-typed")
	s.Shows("half-typed")
	if err := unix.IoctlSetTermios(int(s.End.Fd()), unix.TCSETS, &s.Before); err != nil { // as a shell does
		t.Fatal(err)
	}
	n := strings.Count(s.Out.String(), "(vm) half-typed")
	s.Signal(syscall.SIGCONT)
	eventually(t, func() bool { return s.Raw() && strings.Count(s.Out.String(), "(vm) half-typed") > n },
		func() string { return fmt.Sprintf("raw %v, screen %q", s.Raw(), s.Out) })
	s.Type("!\r")
	s.logs(`line: "half-typed!"`)
	s.Type("exit\r")
	s.ends(0)
}

// A process whose group has no shell above it cannot be stopped by Ctrl-Z; it
// must not end up with a cooked terminal.
func TestPtyControlZWithoutAShellChangesNothing(t *testing.T) {
	t.Parallel()
	s := startGuest(t, "")
	s.Type("half\x1a")
	eventually(t, func() bool { return strings.Count(s.Out.String(), pasteModeOn) == 2 },
		func() string { return fmt.Sprintf("screen %q", s.Out) })
	s.Type("-typed\r")
	s.logs(`line: "half-typed"`)
	s.Type("exit\r")
	s.ends(0)
}

func TestPtyHistoryIsSharedByTwoProcesses(t *testing.T) {
	t.Parallel()
	path := historyFilePath(t)
	a, b := startGuest(t, path), startGuest(t, path)
	for _, line := range []struct {
		from *guest
		text string
	}{{a, "from a"}, {b, "from b"}, {a, "again a"}} {
		line.from.Type(line.text + "\r")
		line.from.Shows(fmt.Sprintf("got %q", line.text)) // it is remembered before
	}
	for _, s := range []*guest{a, b} {
		s.Type("exit\r")
		s.ends(0)
	}
	if got := fileText(t, path); !strings.HasPrefix(got, "from a\nfrom b\nagain a\n") {
		t.Errorf("history: %q", got)
	}
	if d, f := mode(t, filepath.Dir(path)), mode(t, path); d != 0o700 || f != 0o600 {
		t.Errorf("directory %o, file %o", d, f)
	}
	c := startGuest(t, path)
	c.Type(up + up + "\r") // the two exits count as one
	c.logs(`line: "again a"`)
	c.Type("exit\r")
	c.ends(0)
}
