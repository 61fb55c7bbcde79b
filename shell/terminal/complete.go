package terminal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/shell/text"
)

// Completion is what Tab does to a line.
type Completion struct {
	// Insert takes the place of the bytes from Start to End of the line; the
	// cursor goes behind it. Nothing changes if it is what stands there.
	Start, End int
	Insert     string
	List       string // text to show above the line, if any
	// Pending says that there may be more to tell: until the line changes,
	// CompleteAgain repeats the Tab.
	Pending bool
}

// lastTab is a Tab whose answer was not all there is.
type lastTab struct {
	line    string
	cursor  int
	pending bool
	again   bool // CompleteAgain was called
}

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
	t.mu.Lock()
	tab := t.tabbed
	t.mu.Unlock()
	if !tab.pending || tab.line != fromLine(string(line)) || tab.cursor != pos {
		return slices.Clone(line), pos
	}
	return t.completeLine(line, pos)
}

// completeLine is the edit that Tab makes.
func (t *Terminal) completeLine(line []rune, pos int) ([]rune, int) {
	if t.complete == nil {
		return slices.Clone(line), pos
	}
	whole, cursor := fromLine(string(line)), len(fromLine(string(line[:pos])))
	cols := t.screen.columns()
	if t.screen.ascii { // at the end of a row three dots may take the place of one mark
		cols = max(cols-len(text.ASCIIEllipsis)+1, 1)
	}
	c := t.complete(whole, cursor, cols)
	t.mu.Lock()
	t.tabbed = lastTab{line: whole, cursor: pos, pending: c.Pending}
	t.mu.Unlock()
	t.Show(text.Plain(c.List))
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
