package render

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// harmful says whether r could act on a terminal: C0 (but line feed and tab,
// which are layout), DEL, C1, and the marks that reverse the order of text.
func harmful(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return r == 0x200e || r == 0x200f || r == 0x061c
}

// Sanitize spells out whatever in text could act on a terminal: "\x1b", "\u202e".
// Line feeds and tabs stay.
func Sanitize(text string) string {
	if i := firstHarm(text); i < len(text) {
		return text[:i] + spell(text[i:], `\x%02x`)
	}
	return text
}

// harmlessJSON does the same to a JSON value, where such characters can only
// stand in strings, so that it stays JSON. A byte that is no UTF-8 becomes \ufffd.
func harmlessJSON(value []byte) []byte {
	text := string(value)
	if i := firstHarm(text); i < len(text) {
		return []byte(text[:i] + spell(text[i:], `\ufffd`))
	}
	return value
}

// firstHarm returns the place of the first harmful character or bad byte.
func firstHarm(text string) int {
	for i := 0; i < len(text); {
		c := text[i]
		if c >= 0x20 && c < 0x7f || c == '\n' || c == '\t' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 || harmful(r) {
			return i
		}
		i += n
	}
	return len(text)
}

// spell copies text with its harmful characters spelt out, bad bytes as bad says.
func spell(text, bad string) string {
	var b strings.Builder
	b.Grow(len(text) + 16)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1 && strings.Contains(bad, "%"):
			fmt.Fprintf(&b, bad, text[i])
		case r == utf8.RuneError && n == 1:
			b.WriteString(bad)
		case harmful(r) && r < 0x80 && strings.Contains(bad, "%"):
			fmt.Fprintf(&b, bad, r)
		case harmful(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}
