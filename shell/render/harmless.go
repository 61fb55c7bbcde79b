package render

import (
	"strings"
	"unicode/utf8"
)

// harmful says whether r could act on a terminal: C0 (but line feed and tab,
// which are layout), DEL, C1, the marks that reverse the order of text, and the
// separators that some terminals take for line ends.
func harmful(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	}
	return r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c
}

// Sanitize spells out whatever in text could act on a terminal: \x1b for an
// escape character, \x9b for a byte that is no UTF-8, \u202e for a character.
// Line feeds and tabs stay; a carriage return before a line feed goes.
func Sanitize(text string) string {
	at := harmAt(text, 0)
	if at == len(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 16)
	done := 0
	for ; at < len(text); at = harmAt(text, done) {
		b.WriteString(text[done:at])
		r, n := utf8.DecodeRuneInString(text[at:])
		switch {
		case r == '\r' && strings.HasPrefix(text[at+1:], "\n"):
		case n == 1:
			spell(&b, `\x`, rune(text[at]), 2)
		default:
			spell(&b, `\u`, r, 4)
		}
		done = at + n
	}
	b.WriteString(text[done:])
	return b.String()
}

// SanitizeLine is Sanitize for text that must stay on its line: what a server
// put there must not look like a line of qmpsh's own.
func SanitizeLine(text string) string {
	if strings.ContainsAny(text, "\r\n") {
		text = strings.NewReplacer("\r\n", `\n`, "\n", `\n`, "\r", `\r`).Replace(text)
	}
	return Sanitize(text)
}

// writeHarmless writes JSON with harmful characters as JSON escapes. DEL and C1
// may stand unescaped in a JSON string; the others only where the server is not
// true to JSON. A byte that is no UTF-8 becomes the character of that number.
func writeHarmless(s *sink, value []byte) {
	done := 0
	for s.err == nil {
		at := harmAt(value, done)
		s.write(value[done:at])
		if at == len(value) {
			return
		}
		r, n := utf8.DecodeRune(value[at:])
		if n == 1 {
			r = rune(value[at])
		}
		s.buf = appendHex(append(s.buf, `\u`...), r, 4)
		s.passOn()
		done = at + n
	}
}

// harmAt returns the place at or behind i of the first harmful character or
// byte that is no UTF-8, and the length of text if there is none.
func harmAt[T string | []byte](text T, i int) int {
	for i < len(text) {
		c := text[i]
		if c >= 0x20 && c < 0x7f || c == '\n' || c == '\t' {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			return i
		}
		end := min(i+utf8.UTFMax, len(text))
		r, n := utf8.DecodeRuneInString(string(text[i:end]))
		if r == utf8.RuneError && n == 1 || harmful(r) {
			return i
		}
		i += n
	}
	return len(text)
}

func spell(b *strings.Builder, prefix string, r rune, digits int) {
	var buf [8]byte
	b.Write(appendHex(append(buf[:0], prefix...), r, digits))
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&15])
	}
	return dst
}
