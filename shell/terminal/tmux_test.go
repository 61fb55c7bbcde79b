package terminal

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// pane is the program of program_test.go in a tmux of its own. tmux is a real
// terminal emulator: what it shows is what a person sees.
type pane struct {
	t      *testing.T
	server string // the path of its socket
	log    string
}

// startPane runs command in a window of this size; "" is the program.
func startPane(t *testing.T, cols, rows int, command string) *pane {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("QMPSH_LIVE") == "require" {
			t.Fatal("tmux is required and not installed")
		}
		t.Skip("tmux is not installed")
	}
	dir := t.TempDir()
	short, err := os.MkdirTemp("", "tmux") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	p := &pane{t: t, server: filepath.Join(short, "socket"), log: filepath.Join(dir, "log")}
	program := fmt.Sprintf("env GORACE=atexit_sleep_ms=0 %s='%s' %s='%s' '%s'", programEnv, p.log, historyEnv, filepath.Join(dir, "history"), os.Args[0])
	if command == "" {
		command = program
	}
	t.Setenv("QMPSH_TEST_PROGRAM", program) // what runs command in its shell
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", p.server, "kill-server").Run()
		_ = os.RemoveAll(short)
	})
	p.tmux("-u", "-f", "/dev/null", "start-server", ";", "set", "-g", "status", "off", ";", "set", "-g", "escape-time", "0", ";",
		"new-session", "-d", "-x", fmt.Sprint(cols), "-y", fmt.Sprint(rows), command)
	return p
}

func (p *pane) tmux(args ...string) string {
	p.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", p.server}, args...)...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// keys sends keys by tmux's names for them; text with blanks or special
// characters goes through text.
func (p *pane) keys(keys ...string) { p.t.Helper(); p.tmux(append([]string{"send-keys"}, keys...)...) }
func (p *pane) text(text string)    { p.t.Helper(); p.tmux("send-keys", "-l", "--", text) }

// rows gives the screen without blanks at the ends of rows and empty rows below.
func (p *pane) rows() string {
	var rows []string
	for row := range strings.Lines(p.tmux("capture-pane", "-p")) {
		rows = append(rows, strings.TrimRight(row, " \n"))
	}
	return strings.TrimRight(strings.Join(rows, "\n"), "\n")
}

func (p *pane) cursor() string {
	return strings.TrimSpace(p.tmux("display-message", "-p", "#{cursor_x},#{cursor_y}"))
}

// shows waits until the screen shows exactly these rows and the cursor is at
// column,row ("": anywhere).
func (p *pane) shows(cursor string, rows ...string) {
	p.t.Helper()
	want := strings.Join(rows, "\n")
	eventually(p.t, func() bool { return p.rows() == want && (cursor == "" || p.cursor() == cursor) }, func() string {
		return fmt.Sprintf("want, cursor at %s:\n%s\n\nscreen, cursor at %s:\n%s", cursor, want, p.cursor(), p.rows())
	})
}

func (p *pane) logs(text string) {
	p.t.Helper()
	eventually(p.t, func() bool { b, _ := os.ReadFile(p.log); return strings.Contains(string(b), text) }, func() string {
		b, _ := os.ReadFile(p.log)
		return fmt.Sprintf("not logged: %s\nlog: %s\nscreen:\n%s", text, b, p.rows())
	})
}

// resize makes the window this large. tmux changes the screen first and tells
// the program some time later; what is drawn in between cannot be right.
func (p *pane) resize(cols, rows int) {
	p.t.Helper()
	p.tmux("resize-window", "-x", fmt.Sprint(cols), "-y", fmt.Sprint(rows))
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
	for _, size := range []struct{ cols, rows int }{{80, 24}, {40, 10}} {
		t.Run(fmt.Sprintf("%dx%d", size.cols, size.rows), func(t *testing.T) {
			p := startPane(t, size.cols, size.rows, "")
			const prompt = "(vm) "
			p.shows("5,0", "(vm)")
			for _, n := range []int{size.cols - 6, size.cols - 5, size.cols - 4, 2*size.cols - 5, 2*size.cols + 3} {
				p.text(ruler(n))
				whole := prompt + ruler(n)
				var rows []string
				for rest := whole; len(rest) > 0; rest = rest[min(len(rest), size.cols):] {
					rows = append(rows, rest[:min(len(rest), size.cols)])
				}
				at := func(pos int) string {
					return fmt.Sprintf("%d,%d", (len(prompt)+pos)%size.cols, (len(prompt)+pos)/size.cols)
				}
				p.shows(at(n), rows...)
				p.keys("Home")
				p.shows(at(0), rows...)
				p.keys("End")
				p.shows(at(n), rows...)
				for back := 1; back <= 8; back++ { // over the edge, where backspaces go wrong
					p.keys("Left")
					p.shows(at(n-back), rows...)
				}
				p.keys("C-e", "C-u")
				p.shows("5,0", "(vm)")
			}
		})
	}
}

func TestTmuxEventAppearsAboveAWrappedLine(t *testing.T) {
	p := startPane(t, 40, 10, "")
	p.shows("5,0", "(vm)")
	p.text("event " + strings.Repeat("long event ", 5))
	p.keys("Enter")
	above := []string{"(vm) event long event long event long ev", "ent long event long event"}
	p.shows("5,2", append(above, "(vm)")...)
	line := []string{"(vm) " + ruler(35), "567890123456789"}
	p.text(ruler(50))
	p.shows("15,3", append(above, line...)...)
	p.event()
	above = append(above, "long event long event long event long ev", "ent long event")
	p.shows("15,5", append(above, line...)...)

	p.keys("Home", "C-k")
	p.text("event x")
	p.keys("Enter")
	above = append(above, "(vm) event x")
	p.shows("5,5", append(above, "(vm)")...)
	p.text(ruler(50))
	p.keys("Home") // the cursor is not at the end
	p.shows("5,5", append(above, line...)...)
	p.event()
	p.shows("5,6", append(append(above, "x"), line...)...)
}

func TestTmuxEventsScrollInASmallWindow(t *testing.T) {
	p := startPane(t, 40, 10, "")
	p.shows("5,0", "(vm)")
	p.text("storm")
	p.keys("Enter")
	eventually(t, func() bool { return strings.Contains(p.rows(), "event 10\n") }, p.rows)
	p.text(ruler(50))
	p.shows("15,9", "event 2994", "event 2995", "event 2996", "event 2997", "event 2998", "event 2999", "event 3000",
		"storm over", "(vm) "+ruler(35), "567890123456789")
}

func TestTmuxResizeKeepsTheLine(t *testing.T) {
	p := startPane(t, 80, 24, "")
	p.shows("5,0", "(vm)")
	p.text("first")
	p.keys("Enter")
	p.shows("5,2", "(vm) first", `got "first"`, "(vm)")
	p.text(ruler(60))
	p.shows("65,2", "(vm) first", `got "first"`, "(vm) "+ruler(60))
	p.resize(40, 10)
	// tmux itself moves the first row out when it wraps the line anew
	p.shows("25,2", `got "first"`, "(vm) "+ruler(35), ruler(60)[35:])
	p.keys("Home", "x")
	p.shows("6,1", `got "first"`, "(vm) x"+ruler(34), ruler(60)[34:])
	p.resize(100, 24)
	eventually(t, func() bool { return strings.HasSuffix(p.rows(), "first\"\n(vm) x"+ruler(60)) }, p.rows)
	p.keys("End", "Enter")
	p.logs(`line: "x` + ruler(60) + `"`)
}

func TestTmuxKeys(t *testing.T) {
	p := startPane(t, 80, 24, "")
	p.shows("5,0", "(vm)")
	p.text("two three")
	p.keys("Home")
	p.text("one ")
	p.keys("End")
	p.text("!")
	p.keys("C-Left", "DC", "C-Left", "C-Right", "X", "C-w", "M-b")
	p.shows("9,0", "(vm) one two hree!")
	p.keys("F1", "F5", "PPage", "IC", "C-t", "Tab", "Enter")
	p.logs(`line: "one two hree!"`)
	p.shows("5,2", "(vm) one two hree!", `got "one two hree!"`, "(vm)")
	p.keys("Up")
	p.shows("18,2", "(vm) one two hree!", `got "one two hree!"`, "(vm) one two hree!")
	p.keys("C-l")
	p.shows("18,0", "(vm) one two hree!")
	p.keys("C-c")
	p.shows("5,1", "(vm) one two hree!^C", "(vm)")
	p.text("虚拟机")
	p.keys("Left", "Left")
	p.shows("7,1", "(vm) one two hree!^C", "(vm) 虚拟机")
	p.keys("DC")
	p.shows("7,1", "(vm) one two hree!^C", "(vm) 虚机")
}

func TestTmuxSearch(t *testing.T) {
	p := startPane(t, 40, 10, "")
	p.shows("5,0", "(vm)")
	var above []string
	for _, line := range []string{"query-block", "stop"} {
		p.text(line)
		p.keys("Enter")
		above = append(above, "(vm) "+line, fmt.Sprintf("got %q", line))
		p.shows(fmt.Sprintf("5,%d", len(above)), append(above, "(vm)")...)
	}
	p.keys("C-r")
	p.text("uer")
	p.shows("", append(above, "(vm) query-block", "bck-i-search: uer")...)
	p.keys("End")
	p.shows("16,4", append(above, "(vm) query-block")...)
	p.keys("C-r", "C-c")
	p.shows("16,4", append(above, "(vm) query-block")...)
	p.keys("Enter")
	p.shows("5,6", append(above, "(vm) query-block", `got "query-block"`, "(vm)")...)
}

func TestTmuxPasteArrivesWhole(t *testing.T) {
	p := startPane(t, 40, 10, "")
	p.shows("5,0", "(vm)")
	p.tmux("set-buffer", "{\"execute\":\n\t\"query-status\",\n\"id\": 1}\n")
	p.tmux("paste-buffer", "-p")
	p.shows("2,1", `(vm) {"execute":↵ "query-status",↵"id":`, "1}")
	p.keys("Enter")
	p.logs(`line: "{\"execute\":\n\t\"query-status\",\n\"id\": 1}"` + "\n")
}

func TestTmuxPromptChangesOnAWrappedLine(t *testing.T) {
	p := startPane(t, 40, 10, "")
	p.shows("5,0", "(vm)")
	p.text("prompt (a-virtual-machine-with-a-long-name-indeed)")
	p.keys("Enter")
	p.shows("30,2", "(vm) prompt (a-virtual-machine-with-a-lo", "ng-name-indeed)", "(a-virtual-machine-with-a-lo…")
	p.text(ruler(50))
	p.shows("0,4", "(vm) prompt (a-virtual-machine-with-a-lo", "ng-name-indeed)",
		"(a-virtual-machine-with-a-lo… 0123456789", ruler(40))
	p.resize(80, 10)
	p.shows("14,2", "(vm) prompt (a-virtual-machine-with-a-long-name-indeed)",
		"(a-virtual-machine-with-a-long-name-indeed) "+ruler(36), ruler(50)[36:])
}

// Ctrl-Z stops the program, and so does somebody with kill; in both cases the
// line comes back below what the shell has written meanwhile.
func TestTmuxStoppedAndContinuedUnderAShell(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	for name, stop := range map[string]func(p *pane){
		"Ctrl-Z":  func(p *pane) { p.keys("C-z") },
		"SIGSTOP": func(p *pane) { p.signal(syscall.SIGSTOP) },
	} {
		t.Run(name, func(t *testing.T) {
			p := startPane(t, 80, 24, "env PS1='$ ' bash --norc --noprofile -i")
			p.shows("2,0", "$")
			p.text("eval $QMPSH_TEST_PROGRAM")
			p.keys("Enter")
			p.shows("5,1", "$ eval $QMPSH_TEST_PROGRAM", "(vm)")
			p.text(ruler(100))
			p.keys("Left") // a wrapped line, and the cursor inside
			line := "(vm) " + ruler(75) + "\n" + ruler(100)[75:]
			p.shows("24,2", "$ eval $QMPSH_TEST_PROGRAM", line)
			stop(p)
			eventually(t, func() bool { return strings.HasSuffix(p.rows(), "\n$") }, p.rows)
			stopped := p.rows()
			p.text("fg")
			p.keys("Enter")
			eventually(t, func() bool {
				rows, gaps := p.rows(), strings.NewReplacer("\n", "", " ", "")
				whole := gaps.Replace("$ fg" + os.Getenv("QMPSH_TEST_PROGRAM") + line)
				return strings.HasPrefix(rows, stopped+" fg\n") && strings.HasSuffix(rows, "\n"+line) &&
					strings.HasSuffix(gaps.Replace(rows), whole)
			}, p.rows)
			p.text("-")
			p.keys("Enter")
			p.logs(`line: "` + ruler(99) + "-9" + `"`)
			p.text("exit")
			p.keys("Enter")
			eventually(t, func() bool { return strings.HasSuffix(p.rows(), "(vm) exit\n$") }, p.rows)
		})
	}
}
