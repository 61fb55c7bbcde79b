package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// asksUnseen waits until the question is there and echo is off.
func (s *tty) asksUnseen() {
	s.t.Helper()
	s.shows("password: ")
	if state := s.state(); state.Lflag&unix.ECHO != 0 || state.Lflag&unix.ICANON == 0 {
		s.t.Errorf("while it asks the terminal is %+v", state)
	}
}

// What @prompt asks for is typed unseen, also where the results go elsewhere.
func TestExecPromptsUnseen(t *testing.T) {
	t.Parallel()
	file := schemaFile(t)
	words := []string{"exec", "--dry-run", "--schema", file, "set_password", "protocol=vnc", "password=@prompt"}
	for _, c := range []struct {
		name, keys string
		code       int
		out, err   string
	}{
		{"typed", "sesame €\r", 0, `{"execute": "set_password", "arguments": {"protocol": "vnc", "password": "sesame €"}}`, ""},
		{"edited", "sesamx\x7fe\r", 0, `"password": "sesame"`, ""},
		{"empty", "\r", 0, `"password": ""`, ""},
		{"Ctrl-D", "\x04", 2, "", "nothing was typed"},
		{"Ctrl-C", "half\x03", 130, "", "qmpsh: interrupted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := qmptest.Dir(t)
			out, err := os.Create(filepath.Join(dir, "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			s := openTTY(t, dir, func(c *exec.Cmd) { c.Stdin, c.Stdout, c.SysProcAttr.Ctty = nil, out, 2 }, words...)
			s.asksUnseen()
			s.types(c.keys)
			if code := s.leaves(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			s.shows("password: \r\n", c.err)
			if got := s.out.String(); strings.Contains(got, "sesam") || strings.Contains(got, "half") {
				t.Errorf("it was seen: %q", got)
			}
			got, _ := os.ReadFile(out.Name())
			if !strings.Contains(string(got), c.out) || c.out == "" && len(got) > 0 {
				t.Errorf("stdout %q, want %q", got, c.out)
			}
		})
	}
	t.Run("ended by a signal", func(t *testing.T) {
		t.Parallel()
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGQUIT} {
			s := openTTY(t, qmptest.Dir(t), nil, words...)
			s.asksUnseen()
			if err := s.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if code := s.leaves(); code != 128+int(sig) { // and the terminal is as it was
				t.Errorf("%v: exit code %d", sig, code)
			}
			s.shows("ended by signal: " + sig.String())
			if strings.Contains(s.out.String(), "goroutine") {
				t.Errorf("%v: %s", sig, s.out)
			}
		}
	})
	t.Run("without a terminal", func(t *testing.T) {
		t.Parallel()
		c := child(t, nil, words...)
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		finish(t, c).must(t, 2).prints(t, "").says(t, "there is no terminal to ask on", "password=@prompt\n")
	})
}

// In the shell too, and neither the history nor the screen has it.
func TestShellPromptsUnseen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := openTTY(t, qmptest.Dir(t), nil, "connect", d.path)
	s.shows("(desk) ")
	s.types("set_password protocol=vnc password=@prompt\r")
	s.asksUnseen()
	s.types("half\x03") // nothing is sent then
	s.shows("password: ", "(desk) ")
	s.types("set_password protocol=vnc password=@prompt\r")
	s.shows("password: ", "password: ")
	poll(t, func() bool { return s.state().Lflag&unix.ICANON != 0 }, func() string { return "no question" })
	s.types("sesame\r")
	d.gets(t, `set_password{"protocol": "vnc", "password": "sesame"}`)
	s.shows("\"password\": \"sesame\"", pasteOn, "(desk) ") // before that Ctrl-D would meet a terminal that is not raw
	s.types("\x04")
	if code := s.leaves(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	history, _ := os.ReadFile(filepath.Join(s.dir, "state", "qmpsh", "history"))
	if !strings.Contains(string(history), "password=") || strings.Contains(string(history), "sesame") {
		t.Errorf("history %q", history)
	}
}
