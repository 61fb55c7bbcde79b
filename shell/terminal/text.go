package terminal

import (
	"strings"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/shell/text"
)

// isControl says whether r is a control character: C0, DEL or C1.
func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }

// In an edited line private runes stand for characters that are not visible, so that they are
// seen, can be deleted, and neither hide nor turn anything: r-from stands at to+r-from.
var standIns = [...]struct{ from, end, to rune }{
	{0x80, 0x10000, 0xf1000},
	{0xe0000, 0xe1000, 0x101000},
	{0x10000, 0x1e000, 0x102000},
}

// lineRune gives the rune that stands for r in an edited line; 0 for a control
// character, which has no place there.
func lineRune(r rune) rune {
	switch {
	case isControl(r):
		return 0
	case text.Visible(r):
		return r
	}
	for _, s := range standIns {
		if r >= s.from && r < s.end {
			return r - s.from + s.to
		}
	}
	return utf8.RuneError
}

// toLine gives text the form in which readline edits it: one row, with private
// runes for newlines, tabs and what is not visible, and with no control
// characters. Every kind of line end becomes one newline; bytes that are not
// UTF-8 become U+FFFD.
func toLine(entered string) []rune {
	entered = strings.ReplaceAll(entered, "\r\n", "\n")
	line := make([]rune, 0, len(entered))
	for _, r := range entered {
		switch {
		case r == '\n' || r == '\r':
			r = runeNewline
		case r == '\t':
			r = runeTab
		default:
			r = lineRune(r)
		}
		if r != 0 {
			line = append(line, r)
		}
	}
	return line
}

// fromLine is the way back from toLine.
func fromLine(line string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case runeNewline:
			return '\n'
		case runeTab:
			return '\t'
		}
		for _, s := range standIns {
			if r >= s.to && r < s.to+s.end-s.from {
				return r - s.to + s.from
			}
		}
		return r
	}, line)
}

// fitPrompt gives the prompt a form that takes one row of a screen with cols
// columns and is measured right: a prompt that leaves less than a quarter of
// the row is cut, where mark stands then. width is in columns.
func fitPrompt(prompt string, cols int, mark string) (fitted string, width int) {
	fitted = strings.ReplaceAll(text.CleanLine(prompt), "\t", " ")
	limit := max(cols*3/4, 1)
	if text.Width(fitted) > limit {
		fitted = text.Cut(fitted, limit-1, mark) + " "
	}
	return fitted, text.Width(fitted)
}
