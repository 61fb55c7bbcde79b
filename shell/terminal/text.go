package terminal

import (
	"strings"
	"unicode/utf8"

	"github.com/chzyer/readline"
)

// isControl says whether r is a control character: C0, DEL or C1.
func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }

// toLine gives text the form in which readline edits it: one row, with private
// runes for newlines and tabs, and with no other control characters. Every
// kind of line end becomes one newline; bytes that are not UTF-8 become U+FFFD.
func toLine(text string) []rune {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	line := make([]rune, 0, len(text))
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r':
			line = append(line, runeNewline)
		case r == '\t':
			line = append(line, runeTab)
		case !isControl(r) && !private(r):
			line = append(line, r)
		}
	}
	return line
}

// fromLine is the way back from toLine.
func fromLine(line string) string {
	return strings.NewReplacer(string(runeNewline), "\n", string(runeTab), "\t").Replace(line)
}

// shown gives the rune that the screen shows for r. It is as wide as r, or
// readline would lose count of the columns.
func shown(r rune) rune {
	switch {
	case r == runeNewline:
		return '↵'
	case private(r):
		return ' '
	}
	return r
}

// sgrLength gives the length of the colour sequence (ESC [ … m) that s begins
// with, 0 if there is none.
func sgrLength(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// fitPrompt gives the prompt a form that readline measures right on a screen
// with cols columns: colours stay, other control characters go, and a prompt
// that leaves less than a quarter of the row is cut. width is in columns.
func fitPrompt(prompt string, cols int) (fitted string, width int) {
	limit := max(cols*3/4, 1)
	long := columns(prompt) > limit
	cut := false
	var b strings.Builder
	for len(prompt) > 0 {
		if n := sgrLength(prompt); n > 0 {
			b.WriteString(prompt[:n])
			prompt = prompt[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(prompt)
		prompt = prompt[n:]
		if isControl(r) || cut {
			continue
		}
		w := readline.Runes{}.Width(r)
		if long && width+w > limit-2 { // room for the mark and a space
			r, w, cut = '…', 1, true
		}
		b.WriteRune(r)
		width += w
	}
	if cut {
		b.WriteByte(' ')
		width++
	}
	return b.String(), width
}

// columns measures text with colours as readline does; control characters count nothing.
func columns(text string) int {
	n := 0
	for len(text) > 0 {
		if k := sgrLength(text); k > 0 {
			text = text[k:]
			continue
		}
		r, k := utf8.DecodeRuneInString(text)
		text = text[k:]
		n += readline.Runes{}.Width(r)
	}
	return n
}
