package terminal

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// D14: long text comes a screenful at a time; events wait, the line goes on behind it.
func TestTmuxPage(t *testing.T) {
	t.Parallel()
	p := startPane(t, qmptest.Size{Cols: 60, Rows: 10}, "")
	p.shows("5,0", "(vm)")
	p.Type("page 150")
	p.Keys("Enter")
	p.Shows("(vm) page 150", "line 1\n", "line 9\n-- more: Space, Enter for a line, q --")
	if strings.Contains(p.Text(), "line 10\n") {
		t.Error("it does not stop")
	}
	p.Keys("Enter")
	p.Ends("line 10", "-- more: Space, Enter for a line, q --")
	p.Keys("Space")
	p.Ends("line 18", "line 19", "-- more: Space, Enter for a line, q --")
	p.Keys("q")
	p.Ends("line 19", "(vm)")
	p.Type("page 20")
	p.Keys("Enter")
	p.Ends("line 19", "line 20", "(vm)") // one can scroll back over that
	p.Type("page 150")
	p.Keys("Enter")
	p.Ends("line 9", "-- more: Space, Enter for a line, q --")
	p.Keys("C-c")
	p.Ends("line 9", "(vm)")
	p.Type("page 150")
	p.Keys("Enter")
	p.Ends("line 9", "-- more: Space, Enter for a line, q --")
	p.Type("a line") // whoever goes on typing has seen enough
	p.Ends("line 9", "(vm) a line")
	p.Keys("C-u")
	if text := p.Text(); strings.Count(text, "line 19\n") != 2 || strings.Contains(text, "line 21\n") {
		t.Errorf("got\n%s", text)
	}
	p.Type("exit")
	p.Keys("Enter")
	p.logs(`line: "exit"`)
}

// D14: the second Tab shows what the first one left out.
func TestSecondTabShowsAll(t *testing.T) {
	var all strings.Builder
	for n := range 60 {
		fmt.Fprintf(&all, "candidate %d\n", n)
	}
	r := newRig(t, Config{Complete: func(string, int, int) Completion {
		return Completion{List: "candidate 0\n… 59 more\n", All: all.String()}
	}})
	c := r.start(t.Context(), "> ")
	r.press("x\t")
	r.shows("… 59 more\n")
	if strings.Contains(r.out.String(), "candidate 1\n") {
		t.Error("the first Tab shows all")
	}
	r.press("\t")
	r.shows("candidate 22\n-- more")
	if strings.Contains(r.out.String(), "candidate 23\n") {
		t.Error("it does not stop behind a screenful")
	}
	r.press(" ")
	r.shows("candidate 45\n-- more")
	r.press("q")
	r.press("y\r")
	if got := r.await(c); got.line != "xy" {
		t.Errorf("got %q, %v", got.line, got.err)
	}
}

// D14: what is known at once waits a little for what is being looked up, so that one list is shown
// and not two; but not for ever.
func TestListOfAPendingTabIsHeldBack(t *testing.T) {
	pending := true
	r := newRig(t, Config{Complete: func(string, int, int) Completion {
		if pending {
			return Completion{List: "names alone\n", Pending: true}
		}
		return Completion{List: "names with types\n"}
	}})
	c := r.start(t.Context(), "> ")
	r.press("x\t")
	r.shows("names alone\n") // nothing more comes
	r.press("\x15y\r")
	if got := r.await(c); got.line != "y" {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	c = r.start(t.Context(), "> ")
	r.press("z\t")
	eventually(t, func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.tabbed.held != "" }, r.out.String)
	pending = false
	r.CompleteAgain()
	r.shows("names with types\n")
	r.press("\r")
	r.await(c)
	if n := strings.Count(r.out.String(), "names alone"); n != 1 {
		t.Errorf("the poorer list came %d times", n)
	}
}
