package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// tty is qmpsh on a pseudo terminal.
type tty struct {
	*qmptest.Terminal
	t           testing.TB
	dir         string // of its files
	cmd         *exec.Cmd
	master, end *os.File
	out         *buffer // all that came to the terminal
	before      unix.Termios
	ended       chan struct{}
}

// openTTY runs qmpsh with these words. prepare may change the command first; it may be nil.
func openTTY(t testing.TB, dir string, prepare func(*exec.Cmd), words ...string) *tty {
	t.Helper()
	x := qmptest.NewTerminal(t)
	s := &tty{Terminal: x, t: t, dir: dir, master: x.Master, end: x.End, out: x.Out, before: x.Before, ended: x.Ended}
	s.cmd = exec.Command(qmpshPath(t), words...)
	s.cmd.Env = shellEnv(dir)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = s.end, s.end, s.end
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if prepare != nil {
		prepare(s.cmd)
	}
	t.Cleanup(func() { noRaces(t, dir) })
	x.Start(s.cmd)
	return s
}

func (s *tty) state() unix.Termios   { return s.State() }
func (s *tty) types(keys string)     { s.t.Helper(); s.Type(keys) }
func (s *tty) shows(texts ...string) { s.t.Helper(); s.Shows(texts...) }
func (s *tty) leaves() int           { s.t.Helper(); return s.Leaves() }

const pasteOn, pasteOff = qmptest.PasteOn, qmptest.PasteOff

// enters types lines, each once the one before has been dealt with.
func (s *tty) enters(lines ...string) {
	s.t.Helper()
	for _, line := range lines {
		s.prompts(line + "\r")
	}
}

// prompts types keys and waits for the prompt that they lead to. What is typed before it comes
// is shown by the terminal itself, as it is.
func (s *tty) prompts(keys string) {
	s.t.Helper()
	n := strings.Count(s.out.String(), pasteOn)
	s.types(keys)
	poll(s.t, func() bool { return strings.Count(s.out.String(), pasteOn) > n },
		func() string { return fmt.Sprintf("no prompt behind %q: %q", keys, tail(s.out.String())) })
}

func (s *tty) file(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}
