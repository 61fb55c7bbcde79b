package terminal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qmpsh/qmpsh/shell/text"
)

// Completion is what Tab does to a line.
type Completion struct {
	// Insert takes the place of the bytes from Start to End of the line; the
	// cursor goes behind it. Nothing changes if it is what stands there.
	Start, End int
	Insert     string
	List       string // text to show above the line, if any
	All        string // what List would be with everything that it leaves out, for a second Tab; "": it leaves out nothing
	// Pending says that there may be more to tell: until the line changes,
	// CompleteAgain repeats the Tab.
	Pending bool
}

// lastTab is a Tab whose answer was not all there is.
type lastTab struct {
	line    string
	cursor  int
	pending bool
	again   bool   // CompleteAgain was called
	held    string // the list of a pending answer
	overdue bool   // it is to be shown without the rest
	all     string // for the next Tab
}

// listPatience is how long a list waits for the rest of its answer: two lists, one of them without
// types, would say less than one.
const listPatience = 250 * time.Millisecond

// CompleteAgain repeats the last Tab if its answer was pending and the line is
// still the same. Any goroutine may call it.
func (t *Terminal) CompleteAgain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tabbed.pending && t.reading {
		t.tabbed.again = true
		t.in.wake()
	}
}

// tabAgain takes the wish of CompleteAgain.
func (t *Terminal) tabAgain() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	again := t.tabbed.again
	t.tabbed.again = false
	return again
}

// completeAgain is the edit that repeats a Tab.
func (t *Terminal) completeAgain(line []rune, pos int) ([]rune, int) {
	if !t.stands(line, pos) {
		return slices.Clone(line), pos
	}
	return t.completeLine(line, pos)
}

// stands says whether the line is still that of a pending Tab.
func (t *Terminal) stands(line []rune, pos int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tabbed.pending && t.tabbed.line == fromLine(string(line)) && t.tabbed.cursor == pos
}

// holdBack keeps the list of a pending answer for a while.
func (t *Terminal) holdBack(list string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tabbed.held = list
	time.AfterFunc(listPatience, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.tabbed.held != "" && t.reading {
			t.tabbed.overdue = true
			t.in.wake()
		}
	})
}

// overdueList is the edit that shows a list that has been held back for long enough.
func (t *Terminal) overdueList(line []rune, pos int) ([]rune, int) {
	stands := t.stands(line, pos)
	t.mu.Lock()
	list := t.tabbed.held
	t.tabbed.held, t.tabbed.overdue = "", false
	t.mu.Unlock()
	if stands {
		t.Show(text.Plain(list))
	}
	return slices.Clone(line), pos
}

func (t *Terminal) overdue() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tabbed.overdue
}

// completeLine is the edit that Tab makes. The second Tab at a place shows what the first one has
// left out.
func (t *Terminal) completeLine(line []rune, pos int) ([]rune, int) {
	if t.complete == nil {
		return slices.Clone(line), pos
	}
	whole, cursor := fromLine(string(line)), len(fromLine(string(line[:pos])))
	t.mu.Lock()
	last := t.tabbed
	t.mu.Unlock()
	if last.all != "" && last.line == whole && last.cursor == pos {
		t.pageList(text.Clean(last.all))
		return slices.Clone(line), pos
	}
	cols := t.screen.columns()
	if t.screen.ascii { // at the end of a row three dots may take the place of one mark
		cols = max(cols-len(text.ASCIIEllipsis)+1, 1)
	}
	c := t.complete(whole, cursor, cols)
	t.mu.Lock()
	t.tabbed = lastTab{line: whole, cursor: pos, pending: c.Pending, all: c.All}
	t.mu.Unlock()
	if c.Pending && c.List != "" {
		t.holdBack(c.List)
	} else {
		t.Show(text.Plain(c.List))
	}
	if c.Start < 0 || c.Start > c.End || c.End > len(whole) || c.Insert == whole[c.Start:c.End] {
		return slices.Clone(line), pos
	}
	before := whole[:c.Start] + c.Insert
	return toLine(before + whole[c.End:]), len(toLine(before))
}

// hintBehind gives the hint for a line with the cursor at its end, and the way
// back to the cursor: as many of its words as fit on the row.
func (t *Terminal) hintBehind(line []rune) []rune {
	if t.hint == nil || len(line) > 0 && line[len(line)-1] == '\n' || t.rl == nil {
		return nil
	}
	hint := fitHint(t.screen.marks(text.CleanLine(t.hint(fromLine(string(line))))), t.screen.room(line), t.screen.marks(" "+text.Ellipsis))
	if hint == "" {
		return nil
	}
	return []rune(fmt.Sprintf("\x1b[2m%s\x1b[0m\x1b[%dD", hint, text.Width(hint)))
}

// fitHint cuts a hint behind a whole word, where mark stands then: half an
// argument would mislead.
func fitHint(hint string, room int, mark string) string {
	if text.Width(hint) <= room {
		return hint
	}
	for end := strings.LastIndexByte(hint, ' '); end > 0; end = strings.LastIndexByte(hint[:end], ' ') {
		if part := strings.TrimRight(hint[:end], " ") + mark; text.Width(part) <= room {
			return part
		}
	}
	if hint[0] != ' ' {
		mark = strings.TrimLeft(mark, " ")
	}
	if text.Width(mark) > room {
		return ""
	}
	return mark
}
