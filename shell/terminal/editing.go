package terminal

import (
	"slices"
	"strings"
)

// snapshot is a line and the cursor in it, in runes.
type snapshot struct {
	line []rune
	pos  int
}

// editing is what the editing keys remember. Only readline's goroutine touches it.
type editing struct {
	now     snapshot // as the last key left it
	undo    []snapshot
	typing  int      // characters typed since the last entry of undo, which go together
	undone  bool     // the key under way is undo
	before  snapshot // the line when a search began
	killed  []rune   // what Ctrl-Y brings back; it outlives the line
	kill    bool     // the key under way kills
	killing bool     // so did the last one: they add up
	arg     lastArgument
}

// lastArgument is what Alt-. has inserted.
type lastArgument struct {
	entry      int // from the end of the history, counted from 1; 0: none
	start, end int // in the line
	fresh      bool
}

// maxUndo is how many changes are kept, and typingUndo how many characters one of them takes.
const (
	maxUndo    = 200
	typingUndo = 20
)

// restart forgets what belongs to the last line.
func (e *editing) restart() { *e = editing{killed: e.killed} }

// note is told the line behind each key. typed says that the key has put itself into the line.
func (e *editing) note(line []rune, pos int, typed bool) {
	changed := !slices.Equal(line, e.now.line)
	switch {
	case !changed || e.undone:
		if !typed {
			e.typing = 0
		}
	case typed && e.typing > 0 && e.typing < typingUndo:
		e.typing++
	default:
		if e.undo = append(e.undo, e.now); len(e.undo) > maxUndo {
			e.undo = e.undo[1:]
		}
		e.typing = 0
		if typed {
			e.typing = 1
		}
	}
	e.now = snapshot{slices.Clone(line), pos}
	e.undone, e.killing, e.kill = false, e.kill, false
	if !e.arg.fresh {
		e.arg = lastArgument{}
	}
	e.arg.fresh = false
}

// takeBack is the edit of Ctrl-_.
func (e *editing) takeBack(line []rune, pos int) ([]rune, int) {
	if len(e.undo) == 0 {
		return line, pos
	}
	last := e.undo[len(e.undo)-1]
	e.undo, e.undone, e.typing = e.undo[:len(e.undo)-1], true, 0
	return slices.Clone(last.line), min(last.pos, len(last.line))
}

// restore is the edit that ends a search without a result.
func (e *editing) restore([]rune, int) ([]rune, int) {
	return slices.Clone(e.before.line), e.before.pos
}

// cut removes line[from:to] and keeps it for yank, with what the keys just before have removed.
func (e *editing) cut(line []rune, from, to, pos int) ([]rune, int) {
	e.kill = true
	piece := slices.Clone(line[from:to])
	switch {
	case len(piece) == 0:
		return line, pos
	case e.killing && from < pos:
		e.killed = append(piece, e.killed...)
	case e.killing:
		e.killed = append(e.killed, piece...)
	default:
		e.killed = piece
	}
	return slices.Concat(line[:from], line[to:]), from
}

// The edits of the keys that remove more than a character.
func (e *editing) killEnd(line []rune, pos int) ([]rune, int) {
	return e.cut(line, pos, len(line), pos)
}
func (e *editing) killStart(line []rune, pos int) ([]rune, int) { return e.cut(line, 0, pos, pos) }
func (e *editing) killWord(line []rune, pos int) ([]rune, int) {
	return e.cut(line, pos, wordEnd(line, pos), pos)
}

// rubout removes the word before the cursor, with what lies between.
func (e *editing) rubout(inWord func(rune) bool) edit {
	return func(line []rune, pos int) ([]rune, int) {
		return e.cut(line, wordStart(line, pos, inWord), pos, pos)
	}
}

// yank is the edit of Ctrl-Y.
func (e *editing) yank(line []rune, pos int) ([]rune, int) { return insert(e.killed)(line, pos) }

// wordStart is where the word before pos begins.
func wordStart(line []rune, pos int, inWord func(rune) bool) int {
	for pos > 0 && !inWord(line[pos-1]) {
		pos--
	}
	for pos > 0 && inWord(line[pos-1]) {
		pos--
	}
	return pos
}

// wordEnd is where the word at or behind pos ends.
func wordEnd(line []rune, pos int) int {
	for pos < len(line) && !alphanumeric(line[pos]) {
		pos++
	}
	for pos < len(line) && alphanumeric(line[pos]) {
		pos++
	}
	return pos
}

func moveWordLeft(line []rune, pos int) ([]rune, int) {
	return line, wordStart(line, pos, alphanumeric)
}

func moveWordRight(line []rune, pos int) ([]rune, int) { return line, wordEnd(line, pos) }

// insertArgument is the edit of Alt-.: the last argument of the last entry of the history; pressed
// again, of the one before.
func (t *Terminal) insertArgument(line []rune, pos int) ([]rune, int) {
	arg := t.editing.arg
	entries, _ := t.history.snapshot()
	if arg.entry > 0 {
		line, pos = slices.Concat(line[:arg.start], line[arg.end:]), arg.start
	}
	for arg.entry++; arg.entry <= len(entries); arg.entry++ {
		if word := lastWord(entries[len(entries)-arg.entry]); word != "" {
			line, arg.start = insertRunes(line, pos, toLine(word)), pos
			arg.end = pos + len(toLine(word))
			pos = arg.end
			break
		}
	}
	if arg.entry > len(entries) { // there is none older: the word goes, and the next press begins anew
		arg = lastArgument{}
	}
	arg.fresh = true
	t.editing.arg = arg
	return slices.Clone(line), pos
}

func insertRunes(line []rune, pos int, text []rune) []rune {
	return slices.Concat(line[:pos], text, line[pos:])
}

// lastWord returns the last of the words of a line, which quotes and brackets hold together, if
// there is more than one.
func lastWord(line string) string {
	var quote byte
	depth, start, words := 0, -1, 0
	word := ""
	for i := 0; i <= len(line); i++ {
		end := i == len(line) || quote == 0 && depth <= 0 && strings.IndexByte(" \t\n", line[i]) >= 0
		if end {
			if start >= 0 {
				word, start = line[start:i], -1
				words++
			}
			continue
		}
		if start < 0 {
			start = i
		}
		switch c := line[i]; {
		case quote != 0 && c == '\\' && i+1 < len(line):
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	if words < 2 {
		return ""
	}
	return word
}
