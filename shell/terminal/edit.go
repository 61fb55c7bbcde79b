package terminal

import (
	"slices"
	"strings"
	"unicode"

	"github.com/chzyer/readline"
)

// edit is a change to a line: it gets the runes and the cursor and gives new
// ones. It must not change the slice that it gets.
type edit func(line []rune, pos int) ([]rune, int)

// insert puts text in front of the cursor.
func insert(text []rune) edit {
	return func(line []rune, pos int) ([]rune, int) {
		return slices.Concat(line[:pos], text, line[pos:]), pos + len(text)
	}
}

// deleteRune removes the rune behind the cursor.
func deleteRune(line []rune, pos int) ([]rune, int) {
	return slices.Concat(line[:pos], line[min(pos+1, len(line)):]), pos
}

// notSpace is C-w's idea of a word, alphanumeric that of M-Backspace.
func notSpace(r rune) bool     { return r != runeNewline && r != runeTab && !unicode.IsSpace(r) }
func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// filter is readline's FuncFilterInputRune: it sees each rune first, on
// readline's goroutine. The private ones are dealt with here and in the
// listener; readline gets C-g for them, which does nothing outside of a
// search. It never answers false, for readline would then read ahead.
func (t *Terminal) filter(r rune) (rune, bool) {
	defer t.guard()
	switch r {
	case ctrlG:
		if t.rl.Operation.IsSearchMode() {
			t.edit = t.editing.restore
		}
		return r, true
	case ctrlR, ctrlS:
		if !t.rl.Operation.IsSearchMode() {
			t.editing.before = t.editing.now
		}
		return r, true
	case runeWake:
		t.draw()
		switch searching := t.rl.Operation.IsSearchMode(); {
		case t.tabAgain() && !searching:
			t.edit = t.completeAgain
		case t.overdue() && !searching:
			t.edit = t.overdueList
		}
		return readline.CharBell, true
	case runePaste:
		t.edit = insert(t.pasted(t.in.takePaste()))
	case runeDelete:
		t.edit = deleteRune
	case runeWordLeft:
		t.edit = moveWordLeft
	case runeWordRight:
		t.edit = moveWordRight
	case runeWordDelete:
		t.edit = t.editing.killWord
	case runeWordRubout:
		t.edit = t.editing.rubout(notSpace)
	case runeWordBack:
		t.edit = t.editing.rubout(alphanumeric)
	case runeKillEnd:
		t.edit = t.editing.killEnd
	case runeKillStart:
		t.edit = t.editing.killStart
	case runeYank:
		t.edit = t.editing.yank
	case runeUndo:
		t.edit = t.editing.takeBack
	case runeLastArgument:
		t.edit = t.insertArgument
	case runeEditor:
		t.edit = t.openEditor
	case runeSuspend:
		t.suspend()
	case runeComplete:
		t.edit = t.completeLine
	default:
		return r, true
	}
	if t.rl.Operation.IsSearchMode() { // stay with what was found; C-g would go back
		t.rl.Operation.ExitSearchMode(false)
	}
	return readline.CharBell, true
}

// pasted gives the runes to insert for a paste. The newlines at its end are
// left out: the user looks at the line and presses Enter.
func (t *Terminal) pasted(k key) []rune {
	if k.lost > 0 {
		t.Print("the pasted text is too long for a line; put it into a file and run it as a script")
		return nil
	}
	return toLine(strings.TrimRight(k.paste, "\r\n"))
}

// listener makes the changes that filter prepared and learns when readline has
// dealt with a key. It implements readline.Listener.
type listener struct{ t *Terminal }

// OnChange implements readline.Listener. readline also calls it, with no line,
// when it begins to read.
func (l listener) OnChange(line []rune, pos int, r rune) ([]rune, int, bool) {
	t := l.t
	defer t.guard()
	if line == nil {
		return nil, 0, false
	}
	searching := t.rl.Operation.IsSearchMode() && staysInSearch(r)
	if searching {
		t.mu.Lock()
		t.searched = true
		t.mu.Unlock()
	}
	e := t.edit
	t.edit = nil
	changed := e != nil
	if changed {
		line, pos = e(line, pos)
	}
	switch {
	case searching:
	case len(line) == 0 && keyEnds(r):
		t.editing.restart()
	default:
		t.editing.note(line, pos, e == nil && r >= 0x20 && r != backspace)
	}
	t.in.done(searching)
	return line, pos, changed
}

// keyEnds says whether the key r ends the line, which is empty then.
func keyEnds(r rune) bool {
	return r == readline.CharEnter || r == readline.CharCtrlJ || r == readline.CharInterrupt || r == readline.CharDelete
}

// staysInSearch says whether a search goes on behind the key r; readline ends
// it after it has called the listener.
func staysInSearch(r rune) bool {
	switch r {
	case ctrlR, ctrlS, ctrlH, backspace:
		return true
	}
	return r >= 0x20
}

// guard restores the terminal when a callback panics, for the panic ends the
// process on a goroutine on which nobody else can do it.
func (t *Terminal) guard() {
	if v := recover(); v != nil {
		_ = t.tty.leave()
		panic(v)
	}
}
