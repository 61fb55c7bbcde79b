package cmdline

import (
	"unicode"
	"unicode/utf8"
)

// continuation returns the length of the backslash and line end that s begins with, and 0 if it does not. The end of s
// counts as the end of a line.
func continuation(s string) int {
	if s[0] != '\\' {
		return 0
	}
	n := 1
	if n < len(s) && s[n] == '\r' {
		n++
	}
	switch {
	case n == len(s):
		return n
	case s[n] == '\n':
		return n + 1
	}
	return 0
}

// spaceAt returns the length of the white space character at s[i], and 0 if there is none. A line feed is none.
// Like qmp-shell it takes any Unicode white space: text pasted from web pages has no-break spaces.
func spaceAt(s string, i int) int {
	c := s[i]
	if c < utf8.RuneSelf {
		if c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' || c >= 0x1c && c <= 0x1f {
			return 1
		}
		return 0
	}
	if r, n := utf8.DecodeRuneInString(s[i:]); unicode.IsSpace(r) {
		return n
	}
	return 0
}
