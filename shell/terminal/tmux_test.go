package terminal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// pane is the program of program_test.go in a window of tmux.
type pane struct {
	*qmptest.Window
	t       *testing.T
	program string // what a shell runs it with
	log     string
}

// startPane runs command in a window of this size; "" is the program. A shell finds the program in $PROGRAM.
func startPane(t *testing.T, size qmptest.Size, command string) *pane {
	t.Helper()
	dir := t.TempDir()
	p := &pane{t: t, log: filepath.Join(dir, "log")}
	p.program = fmt.Sprintf("env GORACE=atexit_sleep_ms=0 %s='%s' %s='%s' '%s'", programEnv, p.log, historyEnv, filepath.Join(dir, "history"), os.Args[0])
	if command == "" {
		command = p.program
	}
	p.Window = qmptest.OpenWindow(t, size, []string{"PROGRAM=" + p.program}, command)
	return p
}

// shows waits until the screen shows exactly these rows and the cursor is at
// column,row ("": anywhere).
func (p *pane) shows(cursor string, rows ...string) {
	p.t.Helper()
	want := strings.Join(rows, "\n")
	p.Eventually(func() bool { return p.Rows() == want && (cursor == "" || p.Cursor() == cursor) }, func() string {
		return fmt.Sprintf("want, cursor at %s:\n%s\n\nscreen, cursor at %s:\n%s", cursor, want, p.Cursor(), p.Rows())
	})
}

func (p *pane) logs(text string) {
	p.t.Helper()
	p.Eventually(func() bool { b, _ := os.ReadFile(p.log); return strings.Contains(string(b), text) }, func() string {
		b, _ := os.ReadFile(p.log)
		return fmt.Sprintf("not logged: %s\nlog: %s\nscreen:\n%s", text, b, p.Rows())
	})
}

// resize makes the window this large. tmux changes the screen first and tells
// the program some time later; what is drawn in between cannot be right.
func (p *pane) resized(cols, rows int) {
	p.t.Helper()
	p.Resize(qmptest.Size{Cols: cols, Rows: rows})
	p.logs(fmt.Sprintf("columns: %d\n", cols))
}

// event has the program print what its event command was given.
func (p *pane) event() {
	p.t.Helper()
	if err := os.WriteFile(p.log+".event", nil, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// signal sends a signal to the program.
func (p *pane) signal(s syscall.Signal) {
	p.t.Helper()
	b, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscanf(string(b), "pid: %d", &pid); err != nil {
		p.t.Fatal(err)
	}
	if err := syscall.Kill(pid, s); err != nil {
		p.t.Fatal(err)
	}
}

// ruler is text of n columns that tells its places.
func ruler(n int) string {
	return strings.Repeat("0123456789", n/10+1)[:n]
}

func TestTmuxLineWrapsAndTheCursorIsWhereItBelongs(t *testing.T) {
	t.Parallel()
	for _, size := range qmptest.Sizes() {
		t.Run(size.String(), func(t *testing.T) {
			t.Parallel()
			p := startPane(t, size, "")
			const prompt = "(vm) "
			p.shows("5,0", "(vm)")
			for _, n := range []int{size.Cols - 6, size.Cols - 5, size.Cols - 4, 2*size.Cols - 5, 2*size.Cols + 3} {
				p.Type(ruler(n))
				whole := prompt + ruler(n)
				var rows []string
				for rest := whole; len(rest) > 0; rest = rest[min(len(rest), size.Cols):] {
					rows = append(rows, rest[:min(len(rest), size.Cols)])
				}
				at := func(pos int) string {
					return fmt.Sprintf("%d,%d", (len(prompt)+pos)%size.Cols, (len(prompt)+pos)/size.Cols)
				}
				p.shows(at(n), rows...)
				p.Keys("Home")
				p.shows(at(0), rows...)
				p.Keys("End")
				p.shows(at(n), rows...)
				for back := 1; back <= 8; back++ { // over the edge, where backspaces go wrong
					p.Keys("Left")
					p.shows(at(n-back), rows...)
				}
				p.Keys("C-e", "C-u")
				p.shows("5,0", "(vm)")
			}
		})
	}
}

func TestTmuxEventAppearsAboveAWrappedLine(t *testing.T) {
	t.Parallel()
	p := startPane(t, qmptest.Size{Cols: 40, Rows: 10}, "")
	p.shows("5,0", "(vm)")
	p.Type("event " + strings.Repeat("long event ", 5))
	p.Keys("Enter")
	above := []string{"(vm) event long event long event long ev", "ent long event long event"}
	p.shows("5,2", append(above, "(vm)")...)
	line := []string{"(vm) " + ruler(35), "567890123456789"}
	p.Type(ruler(50))
	p.shows("15,3", append(above, line...)...)
	p.event()
	above = append(above, "long event long event long event long", "  event long event")
	p.shows("15,5", append(above, line...)...)

	p.Keys("Home", "C-k")
	p.Type("event x")
	p.Keys("Enter")
	above = append(above, "(vm) event x")
	p.shows("5,5", append(above, "(vm)")...)
	p.Type(ruler(50))
	p.Keys("Home") // the cursor is not at the end
	p.shows("5,5", append(above, line...)...)
	p.event()
	p.shows("5,6", append(append(above, "x"), line...)...)
}

func TestTmuxEventsScrollInASmallWindow(t *testing.T) {
	t.Parallel()
	p := startPane(t, qmptest.Size{Cols: 40, Rows: 10}, "")
	p.shows("5,0", "(vm)")
	p.Type("storm")
	p.Keys("Enter")
	p.Eventually(func() bool { return strings.Contains(p.Rows(), "\nevent ") }, p.Rows)
	p.Type(ruler(50))
	p.shows("15,9", "event 2994", "event 2995", "event 2996", "event 2997", "event 2998", "event 2999", "event 3000",
		"storm over", "(vm) "+ruler(35), "567890123456789")
}

func TestTmuxResizeKeepsTheLine(t *testing.T) {
	t.Parallel()
	p := startPane(t, qmptest.Size{Cols: 80, Rows: 24}, "")
	p.shows("5,0", "(vm)")
	p.Type("first")
	p.Keys("Enter")
	p.shows("5,2", "(vm) first", `got "first"`, "(vm)")
	p.Type(ruler(60))
	p.shows("65,2", "(vm) first", `got "first"`, "(vm) "+ruler(60))
	p.resized(40, 10)
	// tmux itself moves the first row out when it wraps the line anew
	p.shows("25,2", `got "first"`, "(vm) "+ruler(35), ruler(60)[35:])
	p.Keys("Home", "x")
	p.shows("6,1", `got "first"`, "(vm) x"+ruler(34), ruler(60)[34:])
	p.resized(100, 24)
	p.Eventually(func() bool { return strings.HasSuffix(p.Rows(), "first\"\n(vm) x"+ruler(60)) }, p.Rows)
	p.Keys("End", "Enter")
	p.logs(`line: "x` + ruler(60) + `"`)
}

func TestTmuxKeys(t *testing.T) {
	t.Parallel()
	p := startPane(t, qmptest.Size{Cols: 80, Rows: 24}, "")
	p.shows("5,0", "(vm)")
	p.Type("two three")
	p.Keys("Home")
	p.Type("one ")
	p.Keys("End")
	p.Type("!")
	p.Keys("C-Left", "DC", "C-Left", "C-Right", "X", "M-BSpace", "C-y", "BSpace", "M-b")
	p.shows("9,0", "(vm) one two hree!")
	p.Keys("F1", "F5", "PPage", "IC", "C-t", "Tab", "Enter")
	p.logs(`line: "one two hree!"`)
	p.shows("5,2", "(vm) one two hree!", `got "one two hree!"`, "(vm)")
	p.Keys("Up")
	p.shows("18,2", "(vm) one two hree!", `got "one two hree!"`, "(vm) one two hree!")
	p.Keys("C-l")
	p.shows("18,0", "(vm) one two hree!")
	p.Keys("C-c")
	p.shows("5,1", "(vm) one two hree!^C", "(vm)")
	p.Type("虚拟机")
	p.Keys("Left", "Left")
	p.shows("7,1", "(vm) one two hree!^C", "(vm) 虚拟机")
	p.Keys("DC")
	p.shows("7,1", "(vm) one two hree!^C", "(vm) 虚机")
}

func TestTmuxSearch(t *testing.T) {
	t.Parallel()
	p := startPane(t, qmptest.Size{Cols: 40, Rows: 10}, "")
	p.shows("5,0", "(vm)")
	var above []string
	for _, line := range []string{"query-block", "stop"} {
		p.Type(line)
		p.Keys("Enter")
		above = append(above, "(vm) "+line, fmt.Sprintf("got %q", line))
		p.shows(fmt.Sprintf("5,%d", len(above)), append(above, "(vm)")...)
	}
	p.Keys("C-r")
	p.Type("uer")
	p.shows("", append(above, "(vm) query-block", "bck-i-search: uer")...)
	p.Keys("End")
	p.shows("16,4", append(above, "(vm) query-block")...)
	p.Keys("C-r", "C-c")
	p.shows("16,4", append(above, "(vm) query-block")...)
	p.Keys("Enter")
	p.shows("5,6", append(above, "(vm) query-block", `got "query-block"`, "(vm)")...)
}

func TestTmuxPasteArrivesWhole(t *testing.T) {
	t.Parallel()
	p := startPane(t, qmptest.Size{Cols: 40, Rows: 10}, "")
	p.shows("5,0", "(vm)")
	p.Tmux("set-buffer", "{\"execute\":\n\t\"query-status\",\n\"id\": 1}\n")
	p.Tmux("paste-buffer", "-p")
	p.shows("2,1", `(vm) {"execute":↵ "query-status",↵"id":`, "1}")
	p.Keys("Enter")
	p.logs(`line: "{\"execute\":\n\t\"query-status\",\n\"id\": 1}"` + "\n")
}

func TestTmuxPromptChangesOnAWrappedLine(t *testing.T) {
	t.Parallel()
	p := startPane(t, qmptest.Size{Cols: 40, Rows: 10}, "")
	p.shows("5,0", "(vm)")
	p.Type("prompt (a-virtual-machine-with-a-long-name-indeed)")
	p.Keys("Enter")
	p.shows("30,2", "(vm) prompt (a-virtual-machine-with-a-lo", "ng-name-indeed)", "(a-virtual-machine-with-a-lo…")
	p.Type(ruler(50))
	p.shows("0,4", "(vm) prompt (a-virtual-machine-with-a-lo", "ng-name-indeed)",
		"(a-virtual-machine-with-a-lo… 0123456789", ruler(40))
	p.resized(80, 10)
	p.shows("14,2", "(vm) prompt (a-virtual-machine-with-a-long-name-indeed)",
		"(a-virtual-machine-with-a-long-name-indeed) "+ruler(36), ruler(50)[36:])
}

// Ctrl-Z stops the program, and so does somebody with kill; in both cases the
// line comes back below what the shell has written meanwhile.
func TestTmuxStoppedAndContinuedUnderAShell(t *testing.T) {
	t.Parallel()
	qmptest.Require(t, "bash")
	for name, stop := range map[string]func(p *pane){
		"Ctrl-Z":  func(p *pane) { p.Keys("C-z") },
		"SIGSTOP": func(p *pane) { p.signal(syscall.SIGSTOP) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startPane(t, qmptest.Size{Cols: 80, Rows: 24}, "env PS1='$ ' bash --norc --noprofile -i")
			p.shows("2,0", "$")
			p.Type("eval $PROGRAM")
			p.Keys("Enter")
			p.shows("5,1", "$ eval $PROGRAM", "(vm)")
			p.Type(ruler(100))
			p.Keys("Left") // a wrapped line, and the cursor inside
			line := "(vm) " + ruler(75) + "\n" + ruler(100)[75:]
			p.shows("24,2", "$ eval $PROGRAM", line)
			stop(p)
			p.Eventually(func() bool { return strings.HasSuffix(p.Rows(), "\n$") }, p.Rows)
			stopped := p.Rows()
			p.Type("fg")
			p.Keys("Enter")
			p.Eventually(func() bool {
				rows, gaps := p.Rows(), strings.NewReplacer("\n", "", " ", "")
				whole := gaps.Replace("$ fg" + p.program + line)
				return strings.HasPrefix(rows, stopped+" fg\n") && strings.HasSuffix(rows, "\n"+line) &&
					strings.HasSuffix(gaps.Replace(rows), whole)
			}, p.Rows)
			p.Type("-")
			p.Keys("Enter")
			p.logs(`line: "` + ruler(99) + "-9" + `"`)
			p.Type("exit")
			p.Keys("Enter")
			p.Eventually(func() bool { return strings.HasSuffix(p.Rows(), "(vm) exit\n$") }, p.Rows)
		})
	}
}

// Characters that are wider than readline believes, at the edges of rows: the cursor is where it
// belongs, and nothing stays behind.
func TestTmuxWideCharacters(t *testing.T) {
	t.Parallel()
	p := startPane(t, qmptest.Size{Cols: 21, Rows: 8}, "") // the prompt takes 5 columns, 8 pairs fit behind it
	p.shows("5,0", "(vm)")
	p.Type(strings.Repeat("🚀", 8))
	p.shows("0,1", "(vm) 🚀🚀🚀🚀🚀🚀🚀🚀")
	p.Type("🚀x")
	p.shows("3,1", "(vm) 🚀🚀🚀🚀🚀🚀🚀🚀", "🚀x")
	p.Keys("Left", "Left", "Left")
	p.shows("19,0", "(vm) 🚀🚀🚀🚀🚀🚀🚀🚀", "🚀x")
	p.Type("ｗ")
	p.shows("0,1", "(vm) 🚀🚀🚀🚀🚀🚀🚀ｗ", "🚀🚀x")
	p.Keys("Home")
	p.shows("5,0", "(vm) 🚀🚀🚀🚀🚀🚀🚀ｗ", "🚀🚀x")
	p.Keys("End")
	p.Type(strings.Repeat("😀", 20))
	p.shows("4,3", "(vm) 🚀🚀🚀🚀🚀🚀🚀ｗ", "🚀🚀x😀😀😀😀😀😀😀😀", "😀😀😀😀😀😀😀😀😀😀", "😀😀")
	p.Keys("C-u")
	p.shows("5,0", "(vm)")
	p.Type("done")
	p.Keys("Enter")
	p.shows("5,2", "(vm) done", `got "done"`, "(vm)")
}
