package cmd_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// D16: TERM=dumb gets no control sequence at all, and the shell works: results, events, questions,
// Ctrl-C, Ctrl-D.
func TestDumbTerminalGetsNoSequences(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := openTTY(t, qmptest.Dir(t), func(c *exec.Cmd) { c.Env = append(c.Env, "TERM=dumb", "NO_COLOR=") }, "connect", d.path)
	s.shows("Connected to QEMU", "(desk) ")
	if s.state() != s.before {
		t.Error("the terminal does not edit lines itself any more")
	}
	s.types("first a=1\r")
	s.shows(`"did": "first"`, "(desk) ")
	s.types("half-typed\x03")
	s.shows("^C\r\n(desk) ")
	s.types("quit\r")
	s.shows("End QEMU? (y/N) ")
	s.types("n\r")
	s.shows("End QEMU? (y/N) n\r\n(desk) ")
	s.types("tick\r")
	s.shows(`TICK {"n": 3}`, "(desk) ", "TICK", "(desk) ") // events that come together share a prompt
	s.types("second b=2\r")
	s.shows(`"did": "second"`)
	d.gets(t, `first{"a": 1}`, "tick", `second{"b": 2}`)
	s.types("\x04")
	if code := s.leaves(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if out := s.out.String(); strings.Contains(out, "\x1b") {
		t.Errorf("it got %q", out)
	}
}

// D16: LANG=C gets no marks but ASCII.
func TestLocaleWithoutOtherCharacters(t *testing.T) {
	t.Parallel()
	for locale, ascii := range map[string]bool{"C": true, "POSIX": true, "de_DE.ISO-8859-1": true, "C.UTF-8": false, "": false} {
		s := openTTY(t, qmptest.Dir(t), func(c *exec.Cmd) { c.Env = append(c.Env, "LC_ALL="+locale, "LC_CTYPE=", "LANG=") }, "connect", "demo:")
		s.shows("(demo) ")
		s.types("query-\t")
		s.shows(" more")
		s.types("\x15\x1b[200~a\rb\x1b[201~")
		s.shows("b")
		s.types("\x03\x04")
		s.leaves()
		if out := s.out.String(); strings.ContainsAny(out, "…↵") == ascii || !strings.Contains(out, map[bool]string{true: "a$b", false: "a↵b"}[ascii]) {
			t.Errorf("%q: it got %q", locale, tail(out))
		}
	}
}
