package cmdline

import (
	"math/big"
	"strings"
)

// verdict says what a word is as a number.
type verdict uint8

const (
	noNumber verdict = iota
	isWhole
	hasFraction // a size such as 1.3K that is no whole number of bytes
	tooLarge    // does not fit in 64 bits, with or without a sign
)

// integer reads a word where an integer is due: 12, -3, 0x1000, 0o17, 0b11, what Python's int() takes (007, +60, 1_000),
// and sizes: 4K, 1.5G, 2TiB, 512B, counted in 1024s. digits is the integer as JSON writes it.
func integer(word string) (digits string, v verdict) {
	if len(word) <= 18 && isInteger(word) && word != "-0" { // as nearly always
		return word, isWhole
	}
	sign, rest := cutSign(word)
	if rest == "" || rest[0] < '0' || rest[0] > '9' {
		return "", noNumber
	}
	if base := basePrefix(rest); base != 0 {
		return basedInteger(sign, rest[2:], base)
	}
	number, shift, ok := cutUnit(rest)
	if !ok {
		return "", noNumber
	}
	whole, fraction, dotted := strings.Cut(number, ".")
	switch {
	case dotted && (shift < 0 || !allDigits(fraction)), !pythonDigits(whole):
		return "", noNumber
	}
	whole = strings.TrimLeft(strings.ReplaceAll(whole, "_", ""), "0")
	fraction = strings.TrimRight(fraction, "0")
	const most = 80 // of digits; 64 bits have 20, and no fraction of a size is longer
	switch {
	case len(whole) > most:
		return "", tooLarge
	case len(fraction) > most:
		return "", hasFraction
	}
	n, _ := new(big.Int).SetString("0"+whole+fraction, 10)
	n.Lsh(n, uint(max(shift, 0)))
	if fraction != "" {
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(fraction))), nil)
		if n.QuoRem(n, scale, scale); scale.Sign() != 0 {
			return "", hasFraction
		}
	}
	return sized(sign, n)
}

// cutSign takes the sign off; a + is none.
func cutSign(word string) (sign, rest string) {
	if word != "" && (word[0] == '-' || word[0] == '+') {
		return strings.Trim(word[:1], "+"), word[1:]
	}
	return "", word
}

// basedInteger reads the digits behind 0x, 0o or 0b.
func basedInteger(sign, digits string, base int) (string, verdict) {
	for i := 0; i < len(digits); i++ {
		if digitValue(digits[i]) >= base && digits[i] != '_' {
			return "", noNumber
		}
	}
	digits = strings.TrimLeft(strings.ReplaceAll(digits, "_", ""), "0")
	if len(digits) > 64 {
		return "", tooLarge
	}
	n, _ := new(big.Int).SetString("0"+digits, base)
	return sized(sign, n)
}

// sized returns n with the sign, if it fits into 64 bits.
func sized(sign string, n *big.Int) (string, verdict) {
	least := new(big.Int).Lsh(big.NewInt(1), 63)
	if n.Sign() == 0 {
		return "0", isWhole
	}
	if n.BitLen() > 64 || sign == "-" && n.Cmp(least) > 0 {
		return "", tooLarge
	}
	return sign + n.String(), isWhole
}

// cutUnit takes the unit of a size off: the power of two that it stands for, -1 without one.
func cutUnit(s string) (number string, shift int, ok bool) {
	end := len(s)
	for end > 0 && len(s)-end < 4 && (s[end-1] < '0' || s[end-1] > '9') {
		end--
	}
	number, unit := s[:end], s[end:]
	if unit == "" {
		return number, -1, true
	}
	i := strings.IndexByte("bkmgtpe", unit[0]|0x20)
	if i < 0 || len(unit) > 1 && (i == 0 || unit[1:] != "iB") {
		return "", 0, false
	}
	return number, 10 * i, true
}

func digitValue(c byte) int {
	switch l := c | 0x20; {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case l >= 'a' && l <= 'f':
		return int(l-'a') + 10
	}
	return 99
}

func allDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// pythonDigits says whether s is digits, with a _ between any two of them.
func pythonDigits(s string) bool {
	return s != "" && s[0] != '_' && s[len(s)-1] != '_' && !strings.Contains(s, "__") && allDigits(strings.ReplaceAll(s, "_", ""))
}

// fraction reads a word where any number is due. JSON's own numbers keep every digit.
func fraction(word string) (digits string, ok bool) {
	sign, rest := cutSign(word)
	if isNumber(rest) {
		return sign + rest, true
	}
	if basePrefix(rest) == 0 {
		if digits = pythonNumber(rest); digits != "" {
			return sign + digits, true
		}
	}
	digits, v := integer(word)
	return digits, v == isWhole
}

// boolean reads a word where a boolean is due.
func boolean(word string) (is, ok bool) {
	switch strings.ToLower(word) {
	case "on", "yes", "true":
		return true, true
	case "off", "no", "false":
		return false, true
	}
	return false, false
}

// isNullWord says whether the word stands for null where that is due.
func isNullWord(word string) bool { return word == "null" || word == "None" }

// surelyText says whether a word can be nothing but a string.
func surelyText(word string) bool {
	if _, ok := boolean(word); ok || isNullWord(word) {
		return false
	}
	if _, v := integer(word); v != noNumber {
		return false
	}
	_, ok := fraction(word)
	return !ok
}
