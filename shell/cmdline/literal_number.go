package cmdline

import (
	"encoding/json"
	"math/big"
	"strings"
)

// number reads a JSON or Python number.
func (p *literal) number() *fault {
	start := p.pos
	sign := ""
	if c := p.src[p.pos]; c == '-' || c == '+' {
		sign = strings.Trim(string(c), "+")
		p.pos++
	}
	begin := p.pos
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		exponent := p.pos > begin && p.src[p.pos-1]|0x20 == 'e' && (c == '-' || c == '+')
		if !isWordByte(c) && c != '.' && !exponent {
			break
		}
		p.pos++
	}
	digits := p.src[begin:p.pos]
	if !isNumber(digits) {
		digits = pythonNumber(digits)
	}
	if digits == "" {
		return &fault{at: start, msg: quoteWord(p.src[start:p.pos]) + " is no number", hint: "text needs quotes"}
	}
	p.dst = append(append(p.dst, sign...), digits...)
	return nil
}

// pythonNumber turns a number of Python's that JSON does not know into one that it does; "" if it is none.
func pythonNumber(s string) string {
	plain := strings.ReplaceAll(s, "_", "")
	if strings.Contains(s, "__") || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") {
		return ""
	}
	if base := basePrefix(plain); base != 0 {
		const most = 1000 // converting takes more than linear time
		n, ok := new(big.Int), false
		if len(plain) <= most {
			n, ok = n.SetString(plain[2:], base)
		}
		if !ok || n.Sign() < 0 || plain[2] == '+' || plain[2] == '-' {
			return ""
		}
		return n.String()
	}
	if strings.HasPrefix(plain, ".") {
		plain = "0" + plain
	}
	if i := strings.IndexByte(plain, '.'); i >= 0 && (i+1 == len(plain) || plain[i+1]|0x20 == 'e') {
		plain = plain[:i+1] + "0" + plain[i+1:]
	}
	if !isNumber(plain) {
		return ""
	}
	return plain
}

// basePrefix returns the base that 0x, 0o or 0b stands for, and 0 without such a prefix.
func basePrefix(s string) int {
	if len(s) < 3 || s[0] != '0' {
		return 0
	}
	switch s[1] | 0x20 {
	case 'x':
		return 16
	case 'o':
		return 8
	case 'b':
		return 2
	}
	return 0
}

// isNumber says whether s is a JSON number without a sign.
func isNumber(s string) bool {
	return s != "" && s[0] >= '0' && s[0] <= '9' && json.Valid([]byte(s))
}
