package qmp

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays may nest. It is the limit of encoding/json, ten times that of QEMU's own parser.
const maxDepth = 10000

// What a scanning function expected where it stopped; "" means that it found no fault.
const (
	wantValue      = "expected a value"
	wantKey        = "expected a member name in double quotes"
	wantKeyOrEnd   = "expected a member name in double quotes or '}'"
	wantColon      = "expected ':' after the member name"
	wantObjectNext = "expected ',' or '}' after a member"
	wantArrayNext  = "expected ',' or ']' after an element"
	wantQuote      = "expected the closing quote of a string"
	wantEscape     = "expected one of \"\\/bfnrtu after a backslash"
	wantHex        = "expected four hexadecimal digits after \\u"
	wantDigit      = "expected a digit"
	wantLiteral    = "expected true, false or null"
	wantObject     = "expected an object"
	wantEnd        = "expected nothing more behind the object"
	noControl      = "a control character must be escaped inside a string"
	tooDeep        = "objects and arrays nest more than 10000 deep"
)

// syntaxError makes the error for a fault found at p[at]; it adds what stands there.
func syntaxError(p []byte, at int, problem string) *SyntaxError {
	switch {
	case problem == tooDeep:
	case at >= len(p):
		problem += ", but the text ends"
	default:
		problem += ", found " + describeByte(p[at:])
	}
	return &SyntaxError{Offset: at, Problem: problem}
}

// describeByte names the first character of p for a person.
func describeByte(p []byte) string {
	c := p[0]
	if c == '\'' {
		return `"'"`
	}
	if r, n := utf8.DecodeRune(p); n > 1 || r < utf8.RuneSelf && c > ' ' && c < 0x7f {
		return strconv.QuoteRune(r)
	}
	return fmt.Sprintf("byte 0x%02X", c)
}

// skipSpace returns the index of the first byte at or behind i that is not JSON white space.
func skipSpace(p []byte, i int) int {
	for i < len(p) && p[i] <= ' ' && (p[i] == ' ' || p[i] == '\n' || p[i] == '\r' || p[i] == '\t') {
		i++
	}
	return i
}

// skipValue checks the value that starts at or behind p[i], inside depth open containers. It returns the index behind
// it, or the index of the fault and what was expected there. It does not recurse.
func skipValue(p []byte, i, depth int) (end int, problem string) {
	if i = skipSpace(p, i); i < len(p) && (p[i] == '{' || p[i] == '[') {
		return skipContainer(p, i, depth)
	}
	return skipScalar(p, i)
}

// skipScalar checks the string, number or literal at p[i].
func skipScalar(p []byte, i int) (end int, problem string) {
	if i >= len(p) {
		return i, wantValue
	}
	switch c := p[i]; c {
	case '"':
		return skipString(p, i)
	case 't':
		return skipLiteral(p, i, "true")
	case 'f':
		return skipLiteral(p, i, "false")
	case 'n':
		return skipLiteral(p, i, "null")
	default:
		if c == '-' || isDigit(c) {
			return skipNumber(p, i)
		}
		return i, wantValue
	}
}

// nesting remembers for each open container whether it is an object: a stack of bits, of which the innermost 64 at most
// are at hand, so that usual messages need no memory for it.
type nesting struct {
	n     int
	bits  uint64
	spill []uint64
}

func (s *nesting) push(object uint64) {
	if s.n > 0 && s.n%64 == 0 {
		s.spill = append(s.spill, s.bits)
	}
	s.bits = s.bits<<1 | object
	s.n++
}

func (s *nesting) pop() {
	s.n--
	s.bits >>= 1
	if s.n > 0 && s.n%64 == 0 {
		last := len(s.spill) - 1
		s.bits, s.spill = s.spill[last], s.spill[:last]
	}
}

func (s *nesting) inObject() bool { return s.bits&1 != 0 }

// skipContainer checks the object or array that starts at p[i].
func skipContainer(p []byte, i, depth int) (end int, problem string) {
	var open nesting
	for {
		if i = skipSpace(p, i); i >= len(p) {
			return i, wantValue
		}
		switch p[i] {
		case '{', '[':
			object := uint64(p[i]>>5) & 1 // '{' is 0x7B, '[' is 0x5B
			if depth+open.n >= maxDepth {
				return i, tooDeep
			}
			open.push(object)
			if i = skipSpace(p, i+1); i < len(p) && p[i] == ']'|byte(object<<5) {
				break // empty: the closer is handled below
			}
			if object != 0 {
				if i, problem = skipKey(p, i, wantKeyOrEnd); problem != "" {
					return i, problem
				}
			}
			continue
		default:
			if i, problem = skipScalar(p, i); problem != "" {
				return i, problem
			}
		}
		if i, problem = closeContainers(p, i, &open); problem != "" || open.n == 0 {
			return i, problem
		}
	}
}

// closeContainers steps over what may follow a value: closers, then a comma with the name of the next member. It
// returns at the next value, or with no container open.
func closeContainers(p []byte, i int, open *nesting) (next int, problem string) {
	for open.n > 0 {
		object := open.inObject()
		if i = skipSpace(p, i); i < len(p) {
			switch c := p[i]; {
			case c == ',' && object:
				return skipKey(p, skipSpace(p, i+1), wantKey)
			case c == ',':
				return i + 1, ""
			case c == '}' && object, c == ']' && !object:
				open.pop()
				i++
				continue
			}
		}
		if object {
			return i, wantObjectNext
		}
		return i, wantArrayNext
	}
	return i, ""
}

// skipKey checks the member name at p[i] and its colon. want is the complaint if no name starts there.
func skipKey(p []byte, i int, want string) (end int, problem string) {
	if i >= len(p) || p[i] != '"' {
		return i, want
	}
	if i, problem = skipString(p, i); problem != "" {
		return i, problem
	}
	if i = skipSpace(p, i); i >= len(p) || p[i] != ':' {
		return i, wantColon
	}
	return i + 1, ""
}

// stringStop returns the index at or behind i of the first byte that ends a plain run inside a string: a quote, a
// backslash or a control character; len(p) if there is none.
func stringStop(p []byte, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for ; i+8 <= len(p); i += 8 {
		// Eight bytes at a time. A borrow can only raise a false bit above a true one, so the lowest bit is right.
		x := binary.LittleEndian.Uint64(p[i:])
		quote := x ^ ones*'"'
		slash := x ^ ones*'\\'
		stop := ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*' ')&^x) & highs
		if stop != 0 {
			return i + bits.TrailingZeros64(stop)>>3
		}
	}
	for i < len(p) && p[i] != '"' && p[i] != '\\' && p[i] >= ' ' {
		i++
	}
	return i
}

// skipString checks the string whose opening quote is p[i]. Bytes above 0x7F pass as they are, valid UTF-8 or not.
func skipString(p []byte, i int) (end int, problem string) {
	for i++; ; {
		if i = stringStop(p, i); i >= len(p) {
			return i, wantQuote
		}
		switch p[i] {
		case '"':
			return i + 1, ""
		case '\\':
			if i, problem = skipEscape(p, i+1); problem != "" {
				return i, problem
			}
		default:
			return i, noControl
		}
	}
}

// skipEscape checks what follows a backslash, from p[i] on.
func skipEscape(p []byte, i int) (end int, problem string) {
	if i >= len(p) {
		return i, wantEscape
	}
	switch p[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, ""
	case 'u':
		for n := 0; n < 4; n++ {
			if i++; i >= len(p) || !isHex(p[i]) {
				return i, wantHex
			}
		}
		return i + 1, ""
	}
	return i, wantEscape
}

func skipLiteral(p []byte, i int, word string) (end int, problem string) {
	for n := 0; n < len(word); n++ {
		if i+n >= len(p) || p[i+n] != word[n] {
			return i + n, wantLiteral
		}
	}
	return i + len(word), ""
}

// skipNumber checks the number at p[i], which is a digit or a minus sign.
func skipNumber(p []byte, i int) (end int, problem string) {
	if p[i] == '-' {
		i++
	}
	if i < len(p) && p[i] == '0' {
		i++
	} else if i, problem = skipDigits(p, i); problem != "" {
		return i, problem
	}
	if i < len(p) && p[i] == '.' {
		if i, problem = skipDigits(p, i+1); problem != "" {
			return i, problem
		}
	}
	if i < len(p) && p[i]|0x20 == 'e' {
		if i++; i < len(p) && (p[i] == '+' || p[i] == '-') {
			i++
		}
		return skipDigits(p, i)
	}
	return i, ""
}

// skipDigits steps over one or more digits.
func skipDigits(p []byte, i int) (end int, problem string) {
	if i >= len(p) || !isDigit(p[i]) {
		return i, wantDigit
	}
	for i < len(p) && isDigit(p[i]) {
		i++
	}
	return i, ""
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
