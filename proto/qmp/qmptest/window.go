package qmptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Window is a program in a window of tmux, which is a real terminal: what it shows is what a person sees. Each has a tmux
// server of its own, which ends with the test.
type Window struct {
	t      testing.TB
	server string // the path of its socket
}

// Size is that of a window.
type Size struct{ Cols, Rows int }

func (s Size) String() string { return fmt.Sprintf("%dx%d", s.Cols, s.Rows) }

// Sizes are those in which a person must be able to work.
func Sizes() []Size { return []Size{{80, 24}, {40, 10}} }

// OpenWindow runs a program in a new window, with these variables in its environment and a usual terminal's besides.
func OpenWindow(t testing.TB, s Size, env []string, argv ...string) *Window {
	t.Helper()
	skipShort(t, "a window of tmux")
	tmux := Require(t, "tmux")
	w := &Window{t: t, server: filepath.Join(Dir(t), "tmux")}
	start := []string{"-S", w.server, "-u", "-f", "/dev/null", "start-server", ";",
		"set", "-g", "status", "off", ";", "set", "-g", "escape-time", "0", ";", "set", "-g", "history-limit", "100000", ";",
		"new-session", "-d", "-x", fmt.Sprint(s.Cols), "-y", fmt.Sprint(s.Rows)}
	cmd := exec.Command(tmux, append(start, argv...)...)
	cmd.Env = append(append(os.Environ(), "TMUX=", "TERM=xterm", "LC_ALL=C.UTF-8", "SHELL=/bin/sh"), env...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the window at the end:\n%s", Tail(w.Text()))
		}
		_ = exec.Command(tmux, "-S", w.server, "kill-server").Run()
	})
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v: %s", err, out)
	}
	return w
}

// Tmux gives a command to the window's tmux and returns what it printed.
func (w *Window) Tmux(args ...string) string {
	w.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", w.server}, args...)...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// Keys presses keys by tmux's names.
func (w *Window) Keys(names ...string) {
	w.t.Helper()
	w.Tmux(append([]string{"send-keys"}, names...)...)
}

// Type types text.
func (w *Window) Type(text string) { w.t.Helper(); w.Tmux("send-keys", "-l", "--", text) }

// Paste pastes text as a terminal does.
func (w *Window) Paste(text string) {
	w.t.Helper()
	w.Tmux("set-buffer", "--", text)
	w.Tmux("paste-buffer", "-p")
}

// Resize changes the window's size.
func (w *Window) Resize(s Size) {
	w.t.Helper()
	w.Tmux("resize-window", "-x", fmt.Sprint(s.Cols), "-y", fmt.Sprint(s.Rows))
}

// Rows is the screen, without blanks at the ends of rows and empty rows below.
func (w *Window) Rows() string { return trimmed(w.Tmux("capture-pane", "-p")) }

// Text is everything shown so far, wrapped lines joined, without blanks at the ends of lines and empty lines at the end.
func (w *Window) Text() string { return trimmed(w.Tmux("capture-pane", "-p", "-J", "-S", "-")) }

func trimmed(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// Cursor is where the cursor stands: "column,row".
func (w *Window) Cursor() string {
	return strings.TrimSpace(w.Tmux("display-message", "-p", "#{cursor_x},#{cursor_y}"))
}

// Eventually is [Eventually] at the pace of tmux: each look costs a process.
func (w *Window) Eventually(ok func() bool, failure func() string) {
	w.t.Helper()
	poll(w.t, 10*time.Millisecond, ok, failure)
}

// Shows waits until these texts stand below each other, or behind each other.
func (w *Window) Shows(texts ...string) {
	w.t.Helper()
	var all string
	w.Eventually(func() bool {
		all = w.Text()
		return InOrder(all, texts...)
	}, func() string { return fmt.Sprintf("want %q, got:\n%s", texts, Tail(all)) })
}

// Ends waits until what is shown ends with these lines: the last one is that of the cursor.
func (w *Window) Ends(lines ...string) {
	w.t.Helper()
	want := "\n" + strings.Join(lines, "\n")
	var all string
	w.Eventually(func() bool {
		all = w.Text()
		return strings.HasSuffix("\n"+all, want) || strings.HasSuffix(unwrapped("\n"+all), want)
	}, func() string { return fmt.Sprintf("want it to end with:%s\n\ngot:\n%s", want, Tail(all)) })
}
