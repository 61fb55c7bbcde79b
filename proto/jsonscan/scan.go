package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// The functions of this file check what stands at p[i]. They return the index behind it, or the index of the fault and
// what is wrong there.

// skipSpace returns the index of the first byte at or behind i that is not JSON white space.
func skipSpace(p []byte, i int) int {
	for i < len(p) && p[i] <= ' ' && (p[i] == ' ' || p[i] == '\n' || p[i] == '\r' || p[i] == '\t') {
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// stringStop returns the index at or behind i of the first byte that ends a plain run inside a string: a quote, a
// backslash, a control character or, with highs for wide, a byte above 0x7F; len(p) if there is none.
func stringStop(p []byte, i int, wide uint64) int {
	for ; i+8 <= len(p); i += 8 {
		// Eight bytes at a time. A borrow can only raise a false bit above a true one, so the lowest bit is right.
		x := binary.LittleEndian.Uint64(p[i:])
		quote := x ^ ones*'"'
		slash := x ^ ones*'\\'
		stop := ((quote-ones)&^quote|(slash-ones)&^slash|(x-ones*' ')&^x)&highs | x&wide
		if stop != 0 {
			return i + bits.TrailingZeros64(stop)>>3
		}
	}
	for i < len(p) && p[i] != '"' && p[i] != '\\' && p[i] >= ' ' && p[i]&byte(wide) == 0 {
		i++
	}
	return i
}

// stringRest checks what is left of a string from p[i] on. Bytes above 0x7F pass as they are, valid UTF-8 or not.
func stringRest(p []byte, i int) (end int, fault string) {
	for ; ; i = stringStop(p, i, 0) {
		if i >= len(p) {
			return i, wantQuote
		}
		switch p[i] {
		case '"':
			return i + 1, ""
		case '\\':
			if i, fault = skipEscape(p, i+1); fault != "" {
				return i, fault
			}
		default:
			if p[i] < ' ' {
				return i, noControl
			}
			i++ // above 0x7F
		}
	}
}

// skipEscape checks what follows a backslash, from p[i] on.
func skipEscape(p []byte, i int) (end int, fault string) {
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

func skipLiteral(p []byte, i int, word string) (end int, fault string) {
	for n := 0; n < len(word); n++ {
		if i+n >= len(p) || p[i+n] != word[n] {
			return i + n, wantLiteral
		}
	}
	return i + len(word), ""
}

// number checks the number at p[i], which is a digit or a minus sign.
func number(p []byte, i int, strict bool) (kind Kind, end int, fault string) {
	kind = Integer
	if p[i] == '-' {
		i++
	}
	if i < len(p) && p[i] == '0' {
		i++
		if strict && i < len(p) && p[i]|0x20 == 'e' {
			return kind, i, "QEMU reads no exponent behind a lone 0"
		}
	} else if i, fault = skipDigits(p, i); fault != "" {
		return kind, i, fault
	}
	if i < len(p) && p[i] == '.' {
		kind = Fraction
		if i, fault = skipDigits(p, i+1); fault != "" {
			return kind, i, fault
		}
	}
	if i < len(p) && p[i]|0x20 == 'e' {
		kind = Fraction
		if i++; i < len(p) && (p[i] == '+' || p[i] == '-') {
			i++
		}
		if i, fault = skipDigits(p, i); fault != "" {
			return kind, i, fault
		}
	}
	return kind, i, ""
}

// skipDigits steps over one or more digits.
func skipDigits(p []byte, i int) (end int, fault string) {
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
