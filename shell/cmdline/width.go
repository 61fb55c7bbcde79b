package cmdline

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cells returns how many columns of a terminal the character takes in a line made by showable.
func cells(r rune) int {
	switch {
	case r < 0x300 || unsafeToShow(r):
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case wide(r):
		return 2
	}
	return 1
}

// wide says whether r is of East Asian width W or F (Unicode Annex 11), by blocks: close enough to place a caret.
func wide(r rune) bool {
	switch {
	case r < 0x1100:
		return false
	case r <= 0x115f, // Hangul Jamo
		r >= 0x2e80 && r <= 0xa4cf && r != 0x303f,              // CJK to Yi
		r >= 0xa960 && r <= 0xa97c,                             // Hangul Jamo, extended
		r >= 0xac00 && r <= 0xd7a3,                             // Hangul syllables
		r >= 0xf900 && r <= 0xfaff,                             // CJK compatibility
		r >= 0xfe30 && r <= 0xfe6f,                             // CJK compatibility forms
		r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, // full width forms
		r >= 0x1f300 && r <= 0x1f64f, r >= 0x1f900 && r <= 0x1f9ff, // pictographs
		r >= 0x20000 && r <= 0x3fffd: // CJK extensions
		return true
	}
	return false
}

// unsafeToShow says whether r could move the cursor or turn the text round: control characters, line separators, the
// marks that set the direction of writing, and bytes that are no UTF-8.
func unsafeToShow(r rune) bool {
	switch {
	case unicode.IsControl(r), r == utf8.RuneError, r == 0x61c,
		r >= 0x200e && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// showable replaces tabs by one space and what is unsafe by a question mark.
func showable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unsafeToShow(r):
			return '?'
		}
		return r
	}, s)
}
