package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// pane is qmpsh in a window of tmux, which is a real terminal: what it shows is
// what a person sees. Each pane has a tmux server of its own.
type pane struct {
	t   testing.TB
	dir string // of its files
}

// size is that of a window.
type size struct{ cols, rows int }

func (s size) String() string { return fmt.Sprintf("%dx%d", s.cols, s.rows) }

// sizes are those in which a person must be able to work.
func sizes() []size { return []size{{80, 24}, {40, 10}} }

// paneScript runs qmpsh as a shell of the user's would, and keeps what it leaves.
const paneScript = `cd "$1" && shift
trap : INT # Ctrl-C is for qmpsh
stty -a > before
qmpsh "$@"
echo $? > code.new
stty -a > after
mv code.new code
exec sleep 1000
`

// openPane runs qmpsh with these words in a new window.
func openPane(t testing.TB, s size, words ...string) *pane {
	t.Helper()
	tmux := qmptest.Require(t, "tmux")
	p := &pane{t: t, dir: qmptest.Dir(t)}
	script := filepath.Join(p.dir, "run")
	if err := os.WriteFile(script, []byte(paneScript), 0o600); err != nil {
		t.Fatal(err)
	}
	start := []string{"-S", filepath.Join(p.dir, "tmux"), "-u", "-f", "/dev/null",
		"set", "-g", "status", "off", ";", "set", "-g", "escape-time", "0", ";", "set", "-g", "history-limit", "100000", ";",
		"new-session", "-d", "-x", fmt.Sprint(s.cols), "-y", fmt.Sprint(s.rows), "sh", script, p.dir}
	cmd := exec.Command(tmux, append(start, words...)...)
	cmd.Env = shellEnv(p.dir)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the pane at the end:\n%s", tail(p.text()))
		}
		_ = exec.Command(tmux, "-S", filepath.Join(p.dir, "tmux"), "kill-server").Run()
		noRaces(t, p.dir)
	})
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v: %s", err, out)
	}
	return p
}

// shellEnv is the environment of a qmpsh that keeps everything in dir.
func shellEnv(dir string) []string {
	return append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"), "TMUX=", "LC_ALL=C.UTF-8", "TZ=UTC", "TERM=xterm", "NO_COLOR=1",
		"QMPSH_SOCKET=", "QMP_SOCKET=", "GORACE=atexit_sleep_ms=0 log_path="+filepath.Join(dir, "race"))
}

// noRaces fails the test if the race detector has spoken in a process of
// shellEnv, whose stderr is a terminal.
func noRaces(t testing.TB, dir string) {
	logs, _ := filepath.Glob(filepath.Join(dir, "race.*"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		t.Errorf("race in qmpsh:\n%s", text)
	}
}

func (p *pane) tmux(args ...string) string {
	p.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", filepath.Join(p.dir, "tmux")}, args...)...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// keys presses keys by tmux's names.
func (p *pane) keys(names ...string) {
	p.t.Helper()
	p.tmux(append([]string{"send-keys"}, names...)...)
}

// types types text.
func (p *pane) types(text string) { p.t.Helper(); p.tmux("send-keys", "-l", "--", text) }

// enters types lines, each with Enter.
func (p *pane) enters(lines ...string) {
	p.t.Helper()
	for _, line := range lines {
		p.types(line)
		p.keys("Enter")
	}
}

// pastes pastes text as a terminal does.
func (p *pane) pastes(text string) {
	p.t.Helper()
	p.tmux("set-buffer", "--", text)
	p.tmux("paste-buffer", "-p")
}

// text is everything shown so far, wrapped lines joined, without blanks at the
// ends of lines and empty lines at the end.
func (p *pane) text() string {
	p.t.Helper()
	var lines []string
	for line := range strings.Lines(p.tmux("capture-pane", "-p", "-J", "-S", "-")) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// poll waits until ok, and fails the test when that takes too long.
func poll(t testing.TB, ok func() bool, failure func() string) {
	t.Helper()
	for limit := time.Now().Add(hangLimit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal(failure())
		}
	}
}

// shows waits until these texts stand below each other, or behind each other.
func (p *pane) shows(texts ...string) {
	p.t.Helper()
	var all string
	poll(p.t, func() bool {
		all = p.text()
		return inOrder(all, texts...)
	}, func() string { return fmt.Sprintf("want %q, got:\n%s", texts, tail(all)) })
}

// tail is what fits into a failure message.
func tail(text string) string {
	lines := strings.Split(text, "\n")
	text = strings.Join(lines[max(0, len(lines)-40):], "\n")
	return text[max(0, len(text)-3000):]
}

func inOrder(all string, texts ...string) bool {
	for _, text := range texts {
		_, rest, found := strings.Cut(all, text)
		if !found {
			return false
		}
		all = rest
	}
	return true
}

// ends waits until what is shown ends with these lines: the last one is that of
// the cursor.
func (p *pane) ends(lines ...string) {
	p.t.Helper()
	want := "\n" + strings.Join(lines, "\n")
	var all string
	poll(p.t, func() bool {
		all = p.text()
		return strings.HasSuffix("\n"+all, want)
	}, func() string { return fmt.Sprintf("want it to end with:%s\n\ngot:\n%s", want, tail(all)) })
}

// leaves waits until qmpsh has ended with this code, and checks that the
// terminal is as it was.
func (p *pane) leaves(code int) {
	p.t.Helper()
	poll(p.t, func() bool {
		_, err := os.Stat(filepath.Join(p.dir, "code"))
		return err == nil
	}, func() string { return "qmpsh does not end; it shows:\n" + p.text() })
	if got := strings.TrimSpace(p.file("code")); got != fmt.Sprint(code) {
		p.t.Errorf("exit code %s, want %d", got, code)
	}
	if before, after := p.file("before"), p.file("after"); before != after {
		p.t.Errorf("the terminal was:\n%s\nand is:\n%s", before, after)
	}
}

func (p *pane) file(name string) string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}
