package jsonscan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendText adds the text of a checked string or name, which has its quotes, to dst and returns it. With no dst and no
// escapes it returns a slice of the string itself. Half a surrogate pair becomes U+FFFD; bytes that are no UTF-8 stay.
func AppendText(dst, token []byte) []byte {
	p := token[1 : len(token)-1]
	for {
		plain := bytes.IndexByte(p, '\\')
		if plain < 0 {
			if dst == nil {
				return p
			}
			return append(dst, p...)
		}
		r, n := Decode(p[plain:])
		dst = utf8.AppendRune(append(dst, p[:plain]...), r)
		p = p[plain+n:]
	}
}

// Text returns the text of a checked string or name, which has its quotes.
func Text(token []byte) string { return string(AppendText(nil, token)) }

// Decode reads one character from the inside of a checked string, written out or escaped, and returns it with the number
// of its bytes. Half a surrogate pair is returned as it is; a byte that is no UTF-8 as utf8.RuneError and 1.
func Decode(p []byte) (r rune, n int) {
	if p[0] != '\\' {
		return utf8.DecodeRune(p)
	}
	switch p[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r = hex4(p[2:])
		if utf16.IsSurrogate(r) && len(p) >= 12 && p[6] == '\\' && p[7] == 'u' {
			if pair := utf16.DecodeRune(r, hex4(p[8:])); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return r, 6
	}
	return rune(p[1]), 2
}

// hex4 reads four hexadecimal digits, which have been checked.
func hex4(p []byte) (r rune) {
	for _, c := range p[:4] {
		if c > '9' {
			c = c&7 + 9
		}
		r = r<<4 | rune(c&15)
	}
	return r
}
