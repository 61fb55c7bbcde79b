package cmd_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

const arrowUp = "\x1b[A"

// However the shell ends, the terminal is as it was before, and a line that was
// not finished is not run.
func TestShellRestoresTheTerminal(t *testing.T) {
	t.Parallel()
	send := func(sig syscall.Signal) func(*testing.T, *tty) {
		return func(t *testing.T, s *tty) {
			if err := s.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name, keys string
		end        func(*testing.T, *tty)
		code       int
	}{
		{"exit", "", func(_ *testing.T, s *tty) { s.types(".exit\r") }, 0},
		{"Ctrl-D", "", func(_ *testing.T, s *tty) { s.types("\x04") }, 0},
		{"SIGTERM", "system_reset", send(syscall.SIGTERM), 143},
		{"SIGQUIT", "system_reset", send(syscall.SIGQUIT), 131},
		{"SIGHUP", "system_reset", send(syscall.SIGHUP), 129},
		{"SIGTERM during a command", "hang\r", send(syscall.SIGTERM), 143},
		{"SIGHUP during a command", "hang\r", send(syscall.SIGHUP), 129},
		{"SIGQUIT during a command", "hang\r", send(syscall.SIGQUIT), 131},
		{"SIGTERM in a transaction", "transaction(\rsystem_reset", send(syscall.SIGTERM), 143},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(c.name, "SIGHUP") {
				needHangUp(t)
			}
			d := newDesk(t)
			s := openTTY(t, qmptest.Dir(t), nil, "connect", d.path)
			s.shows("(desk) ")
			if s.state() == s.before {
				t.Error("the terminal is not raw at the prompt")
			}
			s.types(c.keys)
			s.shows(c.keys[strings.LastIndex(c.keys, "\r")+1:])
			var want []string
			if c.keys == "hang\r" {
				want = []string{"hang"}
			}
			d.gets(t, want...)
			c.end(t, s)
			if code := s.leaves(); code != c.code {
				t.Errorf("exit code %d", code)
			}
			d.gets(t, want...)
		})
	}
}

// needHangUp skips a test where SIGHUP is ignored: who runs qmpsh so wants it to
// go on.
func needHangUp(t *testing.T) {
	t.Helper()
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("SIGHUP is ignored, as under nohup")
	}
}

// A terminal that goes away takes the shell with it.
func TestShellEndsWithItsTerminal(t *testing.T) {
	t.Parallel()
	needHangUp(t)
	for _, keys := range []string{"system_reset", "transaction(\rsystem_reset", "hang\r"} {
		t.Run(fmt.Sprintf("%q", keys), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := openTTY(t, qmptest.Dir(t), nil, "connect", d.path)
			s.shows("(desk) ")
			s.types(keys)
			s.shows(strings.TrimPrefix(strings.TrimSuffix(keys, "\r"), "transaction(\r"))
			if keys == "hang\r" {
				d.gets(t, "hang")
			}
			_ = s.end.Close()
			_ = s.master.Close()
			select {
			case <-s.ended:
			case <-time.After(hangLimit):
				t.Fatal("qmpsh survives its terminal")
			}
			if got := d.got(); slices.Contains(got, "system_reset") || slices.Contains(got, "transaction") {
				t.Errorf("the server got %q", got)
			}
		})
	}
}

// With stdout elsewhere, results alone go there, and the shell is drawn on stderr.
func TestShellWithResultsElsewhere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	results, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer results.Close()
	s := openTTY(t, qmptest.Dir(t), func(c *exec.Cmd) { c.Stdout = out }, "connect", d.path)
	_ = out.Close()
	s.shows("Connected to QEMU", "(desk) ")
	s.enters("a x=1", "nonsense =", "tick")
	s.shows("(desk) a x=1", "(desk) nonsense =", "^\r\n", "(desk) tick", `TICK {"n": 3}`)
	s.enters("quit", "n")
	s.shows("End QEMU? (y/N) ", "(y/N) n\r\n", "(desk) ")
	s.types("\x04")
	if code := s.leaves(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	got, err := io.ReadAll(results)
	const want = `{"did": "a", "with": {"x": 1}}` + "\n" + `{"did": "tick", "with": {}}` + "\n"
	if string(got) != want || err != nil {
		t.Errorf("stdout got %q, %v; want %q", got, err, want)
	}
	if strings.Contains(s.out.String(), `"did"`) {
		t.Error("a result is on the terminal")
	}
}

// evil has every control character in a JSON string: C0 in the only way that JSON
// allows, DEL, C1 and what turns text round as they are.
func evil() string {
	var b strings.Builder
	for c := range 0x20 {
		fmt.Fprintf(&b, `\u%04x`, c)
	}
	for c := rune(0x7f); c < 0xa0; c++ {
		b.WriteRune(c)
	}
	b.WriteString(`\u001b[5m\u001b]0;pwned\u0007\u009b5m\u007f` + "\u202e\u2066 end")
	return b.String()
}

// drawing matches what the line editor and colours send to a terminal.
var drawing = regexp.MustCompile(`\x1b\[(\?2004[hl]|[0-9]*[JKACD]|(0|1|2|22|3[1-6]|3[1-6];1|0;22|0;22;0)?m)`)

// live says what in a terminal's text may act on it, but for drawing.
func live(text string) string {
	text = drawing.ReplaceAllString(text, "")
	for i, r := range text {
		harmless := r == '\r' || r == '\n' || r == '\b' || r == '\t'
		if r == utf8.RuneError || r < 0x20 && !harmless || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x2066 {
			return fmt.Sprintf("%q in %q", r, text[max(0, i-20):min(len(text), i+20)])
		}
	}
	return ""
}

// What comes from a server never acts on the terminal, wherever it turns up.
func TestShellKeepsControlCharactersAway(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{{"-opretty", "--color=never"}, {"-opretty", "--color=always"}, {"-ojson"}, {"-oraw"}, {"-v"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.set("query-name", `{"return": {"name": "`+evil()+`"}, "id": %s}`)
			d.set("query-status", `{"return": {"status": "`+evil()+`"}, "id": %s}`)
			d.set("result", `{"return": {"`+evil()+`": "`+evil()+`"}, "id": %s}`)
			d.set("refuse", `{"error": {"class": "`+evil()+`", "desc": "`+evil()+`"}, "id": %s}`)
			d.set("event", `{"event": "`+evil()+`", "data": {"`+evil()+`": "`+evil()+`"}, "timestamp": {"seconds": 1, "microseconds": 0}}`+
				"\n"+`{"return": "done", "id": %s}`)
			s := openTTY(t, qmptest.Dir(t), nil, append([]string{"connect", d.path}, flags...)...)
			s.shows("Connected", "Ctrl-D to leave", pasteOn)
			s.enters("result", "refuse", "event", "babble")
			s.shows("00:00:01.000", "x1b", " has gone: ")
			s.types("\x04")
			if code := s.leaves(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if found := live(s.out.String()); found != "" {
				t.Errorf("alive: %s", found)
			}
			if strings.Contains(s.out.String(), "\n\\x0b") {
				t.Error("the server writes lines of its own")
			}
		})
	}
}

// A result of many blocks arrives as the server sent it.
func TestShellShowsALargeResultWhole(t *testing.T) {
	t.Parallel()
	s := openTTY(t, qmptest.Dir(t), nil, "connect", "-ojson", "--color=never", "demo:")
	s.shows("(demo) ")
	s.types("query-qmp-schema\r")
	s.shows("(demo) query-qmp-schema", "\r\n", "]\r\n", "(demo) ")
	s.types("\x04")
	s.leaves()
	_, rest, _ := strings.Cut(s.out.String(), "(demo) query-qmp-schema")
	result := rest[strings.Index(rest, "["):]
	result, _, _ = strings.Cut(result[strings.Index(result, "[{"):], "\r\n")
	if !json.Valid([]byte(result)) || len(result) < 100_000 {
		t.Errorf("%d bytes of the schema came on one line, up to %q", len(result), result[max(0, len(result)-50):])
	}
}

// The history lasts, for this user's eyes only, and knows no secrets.
func TestShellHistory(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	dir := qmptest.Dir(t)
	s := openTTY(t, dir, nil, "connect", "-v", d.path)
	s.shows("(desk) ")
	lines := []string{
		"set_password protocol=vnc password=hunter1",
		`{"execute": "set_password", "arguments": {"protocol": "vnc", "password": "hunter2"}}`,
		"set_password protocol=vnc password='hunter3",    // a mistake
		"set_password protocol=vnc password={hunter4} =", // another one
		"change-vnc-password password=hunter5",
		"object-add qom-type=secret id=s0 data=hunter6",
		"a x=1",
	}
	s.enters(lines...)
	s.shows(`"did": "a"`, "(desk) ")
	s.types("\x04")
	s.leaves()
	d.gets(t, `set_password{"protocol": "vnc", "password": "hunter1"}`, `set_password{"protocol": "vnc", "password": "hunter2"}`,
		`change-vnc-password{"password": "hunter5"}`, `object-add{"qom-type": "secret", "id": "s0", "data": "hunter6"}`, `a{"x": 1}`)
	for line := range strings.Lines(s.out.String()) {
		if strings.Contains(line, "hunter") && (strings.Contains(line, "->") || strings.Contains(line, "<-") && !strings.Contains(line, "did")) {
			t.Errorf("the echo of the traffic tells a secret: %q", line)
		}
	}

	file := filepath.Join(dir, "state/qmpsh/history")
	text := s.file("state/qmpsh/history")
	if strings.Contains(text, "hunter") || strings.Count(text, "@prompt") < 5 || !strings.Contains(text, "set_password protocol=vnc password=@prompt\n") {
		t.Errorf("the history:\n%s", text)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	s = openTTY(t, dir, nil, "connect", d.path)
	s.shows("(desk) ")
	s.types(arrowUp)
	s.shows("(desk) a x=1")
	s.enters("2", ".history")
	s.shows("(desk) .history\r\n", "set_password protocol=vnc password=@prompt\r\n", "a x=1\r\n", "a x=12\r\n", ".history\r\n", "(desk) ")
	s.types("\x12object\r") // Ctrl-R
	s.shows("data: ")       // which is not in the line any more
	s.enters("hunter7")
	s.shows(`"did": "object-add"`)
	s.types("\x04")
	s.leaves()
	if got := d.got(); got[len(got)-1] != `object-add{"qom-type": "secret", "id": "s0", "data": "hunter7"}` {
		t.Errorf("from the history came %q", got[len(got)-1])
	}
}

// A history that cannot be kept is said once, and is no reason not to work.
func TestShellWithoutAPlaceForHistory(t *testing.T) {
	t.Parallel()
	dir := qmptest.Dir(t)
	if err := os.WriteFile(filepath.Join(dir, "state"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openTTY(t, dir, nil, "connect", "demo:")
	s.shows("(demo) ")
	s.enters("query-name", "query-status")
	s.shows("the history is not kept: ", `"name"`, `"running"`, "(demo) ")
	s.types("\x04")
	s.leaves()
	if n := strings.Count(s.out.String(), "the history is not kept"); n != 1 {
		t.Errorf("it says so %d times", n)
	}
}
