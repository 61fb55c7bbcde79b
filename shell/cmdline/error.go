package cmdline

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/shell/text"
)

// Error is a statement that was not understood. Nothing was sent.
type Error struct {
	Text   string // the statement, its secrets masked as they are in Msg and Hint
	Offset int    // the place of the fault in Text, in bytes
	Line   int    // its line in the statement, counted from 1
	Column int    // its column in that line, in characters, counted from 1
	Msg    string // what is wrong, naming the word
	Hint   string // the way out; may be empty

	// Unfinished is true when the only fault is that the text ends too early, so that more lines could mend it.
	Unfinished bool
}

// Error returns what is wrong, on one line and without control characters.
func (e *Error) Error() string { return e.Msg }

// caretWidth is how many columns of a line Caret shows at most.
const caretWidth = 76

// Caret shows the faulty line and under it a ^ at the fault: two lines joined by a line feed. Of a long line it shows the
// part around the fault that fits into the columns of a terminal; 0 stands for a wide one. What is not visible is spelt
// out, see shell/text.
func (e *Error) Caret(columns int) string {
	const marks = 3 // one at either end, and a column that stays free
	most := caretWidth
	if columns > 0 {
		most = min(most, max(columns-marks, 1))
	}
	at := min(max(e.Offset, 0), len(e.Text))
	start := strings.LastIndexByte(e.Text[:at], '\n') + 1
	line := e.Text[start:]
	if n := strings.IndexByte(line, '\n'); n >= 0 {
		line = line[:n]
	}
	line = strings.TrimSuffix(line, "\r")
	at = min(at-start, len(line))

	left, width, cutLeft := takeLeft(line[:at], most/2)
	right, rightWidth, cutRight := takeRight(line[at:], most-width)
	if cutLeft { // the right side may have left room
		left, width, cutLeft = takeLeft(line[:at], most-rightWidth)
	}
	var b strings.Builder
	if cutLeft {
		b.WriteString("…")
		width++
	}
	b.WriteString(left + right)
	if cutRight {
		b.WriteString("…")
	}
	b.WriteString("\n" + strings.Repeat(" ", width) + "^")
	return b.String()
}

// takeLeft returns the end of s that fits into limit columns, ready to show, with its width.
func takeLeft(s string, limit int) (shown string, width int, cut bool) {
	i := len(s)
	for i > 0 {
		_, n := utf8.DecodeLastRuneInString(s[:i])
		more, _ := text.Spell(s[i-n : i])
		w := text.Width(more)
		if width+w > limit || len(s)-i > 8*caretWidth { // the latter against heaps of combining marks
			cut = true
			break
		}
		width += w
		i -= n
	}
	return showable(s[i:]), width, cut
}

// takeRight is takeLeft for the beginning of s.
func takeRight(s string, limit int) (shown string, width int, cut bool) {
	i := 0
	for i < len(s) {
		more, n := text.Spell(s[i:])
		w := text.Width(more)
		if width+w > limit || i > 8*caretWidth {
			cut = true
			break
		}
		width += w
		i += n
	}
	return showable(s[:i]), width, cut
}

// showable makes a part of a line fit to be shown. A tab becomes one space.
func showable(s string) string { return text.CleanLine(strings.ReplaceAll(s, "\t", " ")) }

// fault is an Error in the making: the text is added where it is known.
type fault struct {
	at         int // byte offset
	msg, hint  string
	unfinished bool
}

// in makes the error for a fault in a statement.
func (f *fault) in(statement string) *Error {
	tokens, _ := lex(statement)
	return f.among(statement, tokens, false)
}

// among makes the error for a fault in a statement of which tokens are the words, see secretsIn. It is the only maker of
// an Error, so that no secret is in one.
func (f *fault) among(statement string, tokens []Token, verbatim bool) *Error {
	at := min(f.at, len(statement))
	spans := secretsIn(statement, tokens, verbatim)
	var secrets []string
	for _, s := range spans {
		secrets = append(secrets, s.secrets...)
	}
	start := strings.LastIndexByte(statement[:at], '\n') + 1
	switch lines := strings.Count(statement[at:], "\n"); {
	case !f.unfinished || lines == 0:
	case lines == 1:
		f.msg += "; the next line belongs to it and did not run"
	default:
		f.msg += fmt.Sprintf("; the next %d lines belong to it and did not run", lines)
	}
	return &Error{
		Text: replace(statement, spans), Offset: moved(at, spans),
		Line:   strings.Count(statement[:start], "\n") + 1,
		Column: utf8.RuneCountInString(statement[start:at]) + 1,
		Msg:    hideKnown(f.msg, secrets), Hint: hideKnown(showable(f.hint), secrets), Unfinished: f.unfinished,
	}
}

// moved returns where an offset is once the spans of secretsIn are replaced.
func moved(at int, spans []span) int {
	shift := 0
	for _, s := range spans {
		switch {
		case at >= s.end:
			shift += len(s.show) - (s.end - s.start)
		case at > s.start:
			return s.start + shift
		}
	}
	return at + shift
}

// quoteWord names a word in a message: on one line, not too long, safe to show.
func quoteWord(word string) string {
	const most = 40
	n := 0
	for i := range word {
		if n == most {
			return fmt.Sprintf("%q", word[:i]+"…")
		}
		n++
	}
	return fmt.Sprintf("%q", word)
}
