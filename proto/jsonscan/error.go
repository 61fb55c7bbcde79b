package jsonscan

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// SyntaxError says where a text stops being JSON, or JSON that QEMU reads.
type SyntaxError struct {
	Offset  int // in bytes, from 0
	Problem string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Problem, e.Offset) }

// What was expected where the scanner stopped, or what is wrong there.
const (
	wantValue      = "expected a value"
	wantName       = "expected a member name in double quotes"
	wantNameOrEnd  = "expected a member name in double quotes or '}'"
	wantColon      = "expected ':' after the member name"
	wantObjectNext = "expected ',' or '}' after a member"
	wantArrayNext  = "expected ',' or ']' after an element"
	wantQuote      = "expected the closing quote of a string"
	wantEscape     = "expected one of \"\\/bfnrtu after a backslash"
	wantHex        = "expected four hexadecimal digits after \\u"
	wantDigit      = "expected a digit"
	wantLiteral    = "expected true, false or null"
	wantObject     = "expected an object"
	wantEnd        = "expected nothing more behind the value"
	noControl      = "a control character must be escaped inside a string"
)

// syntaxError makes the error for a fault found at p[at]. One that says what was expected gets what stands there.
func syntaxError(p []byte, at int, fault string) *SyntaxError {
	switch {
	case fault[0] != 'e' && fault != noControl:
	case at >= len(p):
		fault += ", but the text ends"
	default:
		fault += ", found " + Describe(p[at:])
	}
	return &SyntaxError{Offset: at, Problem: fault}
}

// Describe names the first character of p, which is not empty, for a person.
func Describe(p []byte) string {
	c := p[0]
	if c == '\'' {
		return `"'"`
	}
	if r, n := utf8.DecodeRune(p); n > 1 || r < utf8.RuneSelf && c > ' ' && c < 0x7f {
		return strconv.QuoteRune(r)
	}
	return fmt.Sprintf("byte 0x%02X", c)
}
