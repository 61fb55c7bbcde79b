package completion

import (
	"strings"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// word is a word of a line, or the part of it before the cursor.
type word struct {
	raw     string
	role    cmdline.Role
	eq      int  // offset of its first = in raw, -1 if there is none
	bracket bool // it, or its value, begins with { or [
	exec    bool // the user's own shell has split it off: quotes in it are text
}

// line is the line of a text in which the cursor stands: a command, an action of a transaction, or words for the shell.
type line struct {
	dot   string // the shell's word that it begins with; empty for a command
	trans bool   // an action of a transaction( ... )
	ended bool   // a file's name, or the end of the transaction, stands before the cursor: no more arguments may follow
	words []word // its other words, except opening ones and the dot word; those behind the cursor too
	typed word   // the one under way, up to the cursor; empty between words
	start int    // where that begins in the text
	tail  string // what of that word stands behind the cursor

	filter int // where the jq filter begins that the cursor stands in; 0 if in none
}

// name returns the name of the command or action, empty if there is none.
func (l *line) name() string {
	if len(l.words) == 0 || l.words[0].role != cmdline.Name || l.words[0].bracket || l.words[0].eq >= 0 {
		return ""
	}
	return l.words[0].text(l.words[0].raw)
}

// lineAt finds the line of text in which the cursor stands. ok is false where nothing can be completed: in comments,
// filters and behind a backslash.
func lineAt(text string, cursor int) (l line, ok bool) {
	before := text[:cursor]
	if n := len(before) - len(strings.TrimRight(before, `\`)); n%2 == 1 {
		return line{}, false
	}
	// A letter at the cursor makes the lexer tell what a word would be there.
	probe := before + "x"
	tokens, err := cmdline.Lex(probe)
	if len(tokens) == 0 {
		return line{}, false
	}
	last := tokens[len(tokens)-1]
	if last.Kind == cmdline.Filter {
		l, ok = fileBehindFilter(before)
		l.filter = last.Start + 1
		return l, ok
	}
	if last.Kind != cmdline.Word || last.End != len(probe) || last.Start > cursor {
		return line{}, false
	}
	for i := range tokens[:len(tokens)-1] {
		l.read(probe, tokens[i])
	}
	if len(l.words) > 0 && l.dot == "" && !l.trans && l.words[0].role == cmdline.Name && l.words[0].raw == "help" {
		l.dot, l.words = ".help", l.words[1:] // help NAME is for the shell
	}
	l.start, l.typed = last.Start, wordOf(probe, last)
	l.typed.raw = before[last.Start:]
	if err != nil && !l.typed.bracket && strings.Contains(l.typed.raw, "\n") {
		return line{}, false // an open quote on a line above
	}
	if cursor < len(text) {
		l.readBehind(text, cursor)
	}
	return l, true
}

// read takes the next token before the word under way.
func (l *line) read(text string, t cmdline.Token) {
	switch {
	case t.Kind == cmdline.Newline:
		l.words, l.ended = l.words[:0], false
		if !l.trans {
			l.dot = ""
		}
	case t.Kind == cmdline.Into:
		l.ended = true
	case t.Kind != cmdline.Word || t.Role == cmdline.FileName:
	case t.Role == cmdline.Opener:
		l.trans, l.words = true, l.words[:0]
	case t.Role == cmdline.Closer:
		l.trans, l.ended = false, true
	case t.Role == cmdline.DotWord:
		l.dot = text[t.Start:t.End]
	default:
		l.words = append(l.words, wordOf(text, t))
	}
}

// readBehind takes what stands behind the cursor: the rest of the word under way, and the rest of the line's words.
func (l *line) readBehind(text string, cursor int) {
	tokens, err := cmdline.Lex(text)
	for i, t := range tokens {
		switch {
		case t.End <= cursor:
		case t.Start == l.start && t.Start <= cursor:
			if err == nil || i < len(tokens)-1 || t.Bracket {
				l.tail = text[cursor:t.End]
			}
		case t.Start < cursor:
		case t.Kind == cmdline.Newline, t.Kind == cmdline.Into, t.Role == cmdline.Closer:
			return
		case t.Kind == cmdline.Word && t.Role == cmdline.Argument:
			l.words = append(l.words, wordOf(text, t))
		}
	}
}

func wordOf(text string, t cmdline.Token) word {
	w := word{raw: text[t.Start:t.End], role: t.Role, eq: -1, bracket: t.Bracket}
	if t.Eq >= 0 {
		w.eq = t.Eq - t.Start
	}
	return w
}

// fileBehindFilter finds the file's name that a filter's results go into, if text ends in one.
func fileBehindFilter(text string) (l line, ok bool) {
	st, err := cmdline.Parse(text)
	if err != nil || st.Output == nil || st.Output.At >= len(text) {
		return line{}, false
	}
	l.start = st.Output.At
	l.typed = word{raw: text[l.start:], role: cmdline.FileName, eq: -1}
	return l, true
}

// lineOf makes a line of words that the user's own shell has split.
func lineOf(words []string, last string) (l line, ok bool) {
	for i, raw := range words {
		switch raw {
		case "|":
			return line{}, false
		case ">", ">>":
			if i != len(words)-1 {
				return line{}, false
			}
			l.typed = word{raw: last, role: cmdline.FileName, eq: -1, exec: true}
			return l, true
		}
		l.words = append(l.words, execWord(raw, i))
	}
	l.typed = execWord(last, len(words))
	return l, !l.typed.bracket
}

func execWord(raw string, place int) word {
	w := word{raw: raw, role: cmdline.Argument, eq: strings.IndexByte(raw, '='), exec: true}
	if place == 0 {
		w.role = cmdline.Name
	}
	value := raw[w.eq+1:]
	w.bracket = value != "" && (value[0] == '{' || value[0] == '[')
	return w
}

// keyEnd returns the offset behind the word's key. The word has a =.
func (w word) keyEnd() int {
	if w.exact() {
		return w.eq - 1
	}
	return w.eq
}

// exact says whether the word is key:=JSON.
func (w word) exact() bool { return w.eq > 0 && w.raw[w.eq-1] == ':' }

// text returns a piece of the word without quotes.
func (w word) text(piece string) string {
	if w.exec {
		return piece
	}
	text, _, _ := cmdline.Unquote(piece)
	return text
}

// maxKey and maxParts bound the keys that are looked at. QEMU's own options nest some levels deep.
const (
	maxKey   = 1024
	maxParts = 32
)

// parts splits a key, or the beginning of one, at the dots that separate names. last is where the last part begins; ok
// is false for keys that cannot be completed.
func (w word) parts(key string) (names []string, last int, ok bool) {
	if len(key) > maxKey {
		return nil, 0, false
	}
	parts := cmdline.SplitKey(key, w.exec)
	for _, p := range parts {
		names, last = append(names, p.Name), p.Start
	}
	if !w.exec {
		if _, _, open := cmdline.Unquote(key[last:]); open != 0 {
			return names, last, false
		}
	}
	return names, last, len(parts) <= maxParts
}
