package terminal

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/chzyer/readline"
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
	text, cursor := fromLine(string(line)), len(fromLine(string(line[:pos])))
	c := t.complete(text, cursor, t.screen.columns())
	t.mu.Lock()
	t.tabbed = lastTab{line: text, cursor: pos, pending: c.Pending}
	t.mu.Unlock()
	t.Print(c.List)
	if c.Start < 0 || c.Start > c.End || c.End > len(text) || c.Insert == text[c.Start:c.End] {
		return slices.Clone(line), pos
	}
	before := text[:c.Start] + c.Insert
	return toLine(before + text[c.End:]), len(toLine(before))
}

// hintBehind gives the hint for a line with the cursor at its end, and the way
// back to the cursor: as much of it as fits on the row.
func (t *Terminal) hintBehind(line []rune) []rune {
	if t.hint == nil || len(line) > 0 && line[len(line)-1] == '\n' || t.rl == nil {
		return nil
	}
	room := t.screen.room(line)
	var shownHint []rune
	width := 0
	for _, r := range t.hint(fromLine(string(line))) {
		w := readline.Runes{}.Width(r)
		if isControl(r) || r == utf8.RuneError || width+w > room {
			break
		}
		width += w
		shownHint = append(shownHint, r)
	}
	if width == 0 {
		return nil
	}
	return []rune(fmt.Sprintf("\x1b[2m%s\x1b[0m\x1b[%dD", string(shownHint), width))
}
