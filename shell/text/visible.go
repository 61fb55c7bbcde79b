package text

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Visible says whether r leaves ink on a terminal and does nothing else there; the space counts
// as visible. Not visible are control and format characters, line separators, private and
// unassigned code points (noncharacters and surrogates among them), spaces that are not the space,
// whatever Unicode lets a screen ignore, and the few characters that are drawn without ink.
func Visible(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r < 0x7f
	}
	return strconv.IsPrint(r) && !ignorable(r) && !inkless(r)
}

// ignorable holds what is a letter, mark or symbol by its category but may be shown as nothing
// (the property Default_Ignorable_Code_Point, as far as IsPrint does not refuse it already).
func ignorable(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// inkless holds characters that no property tells from visible ones: their glyphs are empty by design.
func inkless(r rune) bool {
	switch r {
	case 0x2800, // Braille pattern without a dot
		0x13441, 0x13442, // Egyptian blanks
		0x16fe4, // Khitan filler
		0x1d159: // musical null notehead
		return true
	}
	return false
}

// IsVisible says whether s is UTF-8 and all of it is visible: it stays on its line and can be
// typed at a terminal.
func IsVisible(s string) bool {
	at := hiddenAt(s, 0)
	return at == len(s) && !strings.ContainsAny(s, "\n\t")
}

// Clean spells out whatever in s is not visible, as Go and Python write it in strings: \x1b for
// an ASCII control character, \x9b for a byte that is no UTF-8, \u200b or \U000e0001 for other
// characters. Line feeds and tabs, which are layout, stay; a carriage return before a line feed
// goes. Clean text stays as it is.
func Clean(s string) string {
	at := hiddenAt(s, 0)
	if at == len(s) {
		return s
	}
	b := make([]byte, 0, len(s)+len(s)/4+16)
	done := 0
	for ; at < len(s); at = hiddenAt(s, done) {
		b = append(b, s[done:at]...)
		r, n := utf8.DecodeRuneInString(s[at:])
		if r != '\r' || !strings.HasPrefix(s[at+1:], "\n") {
			b = appendSpelt(b, r, n, s[at])
		}
		done = at + n
	}
	return string(append(b, s[done:]...))
}

// CleanLine is Clean for text that must stay on its line: line ends are spelt \n and \r, so that
// nobody can write what looks like a line of ours.
func CleanLine(s string) string {
	if strings.ContainsAny(s, "\r\n") {
		s = strings.NewReplacer("\r\n", `\n`, "\n", `\n`, "\r", `\r`).Replace(s)
	}
	return Clean(s)
}

// Spell returns the first character of a line as Clean shows it, a tab as a space, and the number
// of its bytes.
func Spell(line string) (shown string, n int) {
	r, n := utf8.DecodeRuneInString(line)
	switch {
	case r == '\t':
		return " ", n
	case Visible(r) && !(r == utf8.RuneError && n <= 1):
		return line[:n], n
	}
	return string(appendSpelt(nil, r, n, line[0])), n
}

func appendSpelt(b []byte, r rune, n int, first byte) []byte {
	switch {
	case n <= 1:
		return appendHex(append(b, `\x`...), rune(first), 2)
	case r > 0xffff:
		return appendHex(append(b, `\U`...), r, 8)
	}
	return appendHex(append(b, `\u`...), r, 4)
}

// AppendJSON appends the JSON in p to dst with escapes for what is not visible. Within strings,
// where alone valid JSON has such characters, the value stays the same. A byte that is no UTF-8
// becomes the character of that number.
func AppendJSON(dst, p []byte) []byte {
	for done := 0; ; {
		at := hiddenAt(p, done)
		dst = append(dst, p[done:at]...)
		if at == len(p) {
			return dst
		}
		r, n := utf8.DecodeRune(p[at:])
		if n == 1 {
			r = rune(p[at])
		}
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			dst = appendHex(append(dst, `\u`...), high, 4)
			r = low
		}
		dst = appendHex(append(dst, `\u`...), r, 4)
		done = at + n
	}
}

// IsClean says whether neither Clean nor AppendJSON would change p.
func IsClean(p []byte) bool { return hiddenAt(p, 0) == len(p) }

// hiddenAt returns the place at or behind i of the first character that is not visible and no
// layout, or byte that is no UTF-8; the length of s if there is none.
func hiddenAt[T string | []byte](s T, i int) int {
	for i < len(s) {
		c := s[i]
		if c >= 0x20 && c < 0x7f || c == '\n' || c == '\t' {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			return i
		}
		end := min(i+utf8.UTFMax, len(s))
		r, n := utf8.DecodeRuneInString(string(s[i:end]))
		if r == utf8.RuneError && n == 1 || !Visible(r) {
			return i
		}
		i += n
	}
	return len(s)
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&15])
	}
	return dst
}
