package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// pane is qmpsh in a window of tmux.
type pane struct {
	*qmptest.Window
	t   testing.TB
	dir string // of its files
}

type size = qmptest.Size

func sizes() []size { return qmptest.Sizes() }

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
	p := &pane{t: t, dir: qmptest.Dir(t)}
	script := filepath.Join(p.dir, "run")
	if err := os.WriteFile(script, []byte(paneScript), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { noRaces(t, p.dir) }) // when the window is gone
	p.Window = qmptest.OpenWindow(t, s, shellEnv(p.dir), append([]string{"sh", script, p.dir}, words...)...)
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

func (p *pane) keys(names ...string)       { p.t.Helper(); p.Keys(names...) }
func (p *pane) types(text string)          { p.t.Helper(); p.Type(text) }
func (p *pane) pastes(text string)         { p.t.Helper(); p.Paste(text) }
func (p *pane) text() string               { p.t.Helper(); return p.Text() }
func (p *pane) tmux(args ...string) string { p.t.Helper(); return p.Tmux(args...) }
func (p *pane) shows(texts ...string)      { p.t.Helper(); p.Shows(texts...) }
func (p *pane) ends(lines ...string)       { p.t.Helper(); p.Ends(lines...) }

// enters types lines, each with Enter.
func (p *pane) enters(lines ...string) {
	p.t.Helper()
	for _, line := range lines {
		p.types(line)
		p.keys("Enter")
	}
}

func poll(t testing.TB, ok func() bool, failure func() string) {
	t.Helper()
	qmptest.Eventually(t, ok, failure)
}

func tail(text string) string { return qmptest.Tail(text) }

func inOrder(all string, texts ...string) bool { return qmptest.InOrder(all, texts...) }

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
