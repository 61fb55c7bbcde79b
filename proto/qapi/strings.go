package qapi

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// checkText checks the inside of a JSON string as QEMU's parser does: escapes, UTF-8, and no code points that are no
// characters (surrogates, U+FFFE and the like). It returns where the fault is and what it is; "" says that there is none.
func checkText(p []byte) (at int, problem string) {
	for i := 0; i < len(p); {
		r, n, ok := decode(p[i:])
		switch {
		case !ok && p[i] == '\\':
			return i, "invalid escape in a string"
		case !ok:
			return i, "invalid UTF-8 in a string"
		case !isCharacter(r):
			return i, "not a Unicode character in a string"
		}
		i += n
	}
	return 0, ""
}

// isCharacter is false for surrogates and for the code points that Unicode keeps free of characters.
func isCharacter(r rune) bool {
	return !utf16.IsSurrogate(r) && r&0xFFFE != 0xFFFE && (r < 0xFDD0 || r > 0xFDEF)
}

// decode reads one character from the inside of a JSON string, written out or escaped, and the number of its bytes.
func decode(p []byte) (r rune, n int, ok bool) {
	if p[0] != '\\' {
		r, n = utf8.DecodeRune(p)
		return r, n, r != utf8.RuneError || n > 1
	}
	if len(p) < 2 {
		return 0, 0, false
	}
	switch p[1] {
	case '"', '\\', '/':
		return rune(p[1]), 2, true
	case 'b':
		return '\b', 2, true
	case 'f':
		return '\f', 2, true
	case 'n':
		return '\n', 2, true
	case 'r':
		return '\r', 2, true
	case 't':
		return '\t', 2, true
	case 'u':
		if r, ok = hex4(p[2:]); !ok {
			return 0, 0, false
		}
		if utf16.IsSurrogate(r) && len(p) >= 12 && p[6] == '\\' && p[7] == 'u' {
			if low, ok := hex4(p[8:]); ok {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return pair, 12, true
				}
			}
		}
		return r, 6, true
	}
	return 0, 0, false
}

func hex4(p []byte) (r rune, ok bool) {
	if len(p) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p[:4]), 16, 32)
	return rune(n), err == nil
}
