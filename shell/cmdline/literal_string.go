package cmdline

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// str reads the string at pos, whose quote is its first byte, and writes it as a JSON string. raw takes backslashes as
// they are (Python's r'...').
func (p *literal) str(raw bool) *fault {
	quote, open := p.src[p.pos], p.pos
	p.pos++
	p.dst = append(p.dst, '"')
	for p.pos < len(p.src) {
		run := p.pos
		for p.pos < len(p.src) && p.src[p.pos] != quote && p.src[p.pos] != '\\' && p.src[p.pos] != '\n' {
			p.pos++
		}
		p.dst = appendEscaped(p.dst, p.src[run:p.pos])
		switch {
		case p.pos == len(p.src), p.src[p.pos] == '\n':
			return &fault{at: open, msg: "this string is never closed"}
		case p.src[p.pos] == quote:
			p.pos++
			p.dst = append(p.dst, '"')
			return nil
		case raw:
			end := min(p.pos+2, len(p.src)) // r'\'' keeps the backslash and the quote
			p.dst = appendEscaped(p.dst, p.src[p.pos:end])
			p.pos = end
		default:
			if f := p.escape(); f != nil {
				return f
			}
		}
	}
	return &fault{at: open, msg: "this string is never closed"}
}

// escape reads the backslash at pos and what it stands for: JSON's escapes and Python's. An escape that neither knows
// stays as it is, as in Python.
func (p *literal) escape() *fault {
	if n := continuation(p.src[p.pos:]); n > 0 {
		p.pos += n
		return nil
	}
	c := p.src[p.pos+1]
	if i := strings.IndexByte(`"'\/bfnrtav`, c); i >= 0 {
		p.dst = appendEscaped(p.dst, "\"'\\/\b\f\n\r\t\a\v"[i:i+1])
		p.pos += 2
		return nil
	}
	switch c {
	case 'x':
		return p.codeEscape(2, 2, 16)
	case 'u':
		return p.codeEscape(2, 4, 16)
	case 'U':
		return p.codeEscape(2, 8, 16)
	case 'N':
		return &fault{at: p.pos, msg: `\N{...} is not supported in strings`, hint: "type the character itself, or \\u and its number"}
	}
	if c >= '0' && c <= '7' {
		n := 1
		for n < 3 && p.pos+1+n < len(p.src) && p.src[p.pos+1+n] >= '0' && p.src[p.pos+1+n] <= '7' {
			n++
		}
		return p.codeEscape(1, n, 8)
	}
	p.dst = appendEscaped(p.dst, `\`)
	p.pos++
	return nil
}

// codeEscape reads a character's number: digits of them in the given base, skip bytes behind pos.
func (p *literal) codeEscape(skip, digits, base int) *fault {
	end := p.pos + skip + digits
	if end > len(p.src) {
		end = len(p.src)
	}
	code, err := strconv.ParseUint(p.src[p.pos+skip:end], base, 32)
	if err != nil || end-p.pos-skip != digits || code > utf8.MaxRune {
		return &fault{at: p.pos, msg: "bad escape " + quoteWord(p.src[p.pos:end]) + " in a string"}
	}
	p.pos = end
	if code >= 0xd800 && code < 0xe000 { // half of a pair: it stays an escape, its other half does too
		p.dst = append(p.dst, `\u`...)
		p.dst = strconv.AppendUint(p.dst, code, 16)
		return nil
	}
	p.dst = appendEscaped(p.dst, string(rune(code)))
	return nil
}

// appendString appends s as a JSON string. Nothing is escaped that need not be.
func appendString(dst []byte, s string) []byte {
	return append(appendEscaped(append(dst, '"'), s), '"')
}

// appendEscaped appends s as the inside of a JSON string.
func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	done := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, s[done:]...)
}
