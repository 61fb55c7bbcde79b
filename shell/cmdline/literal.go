package cmdline

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// parseLiteral reads one JSON value or Python literal (lists, tuples, dicts, strings in either quotes, numbers, True,
// False, None), which may also be mixed, and returns it as JSON on one line: keys in the order typed, numbers with the
// digits typed. Hexadecimal, octal and binary numbers become decimal. A key twice in one object is a fault, as it is for
// QEMU. Offsets of faults count from the start of src.
func parseLiteral(src string) (json.RawMessage, *fault) {
	p := literal{src: src, dst: make([]byte, 0, len(src)+len(src)/8)}
	p.skipSpace()
	if f := p.value(); f != nil {
		return nil, f
	}
	p.skipSpace()
	if p.pos < len(src) {
		return nil, p.expected("nothing more behind the value")
	}
	return p.dst, nil
}

// literal is a recursive reader of values; its depth is bounded by maxDepth.
type literal struct {
	src   string
	pos   int
	dst   []byte
	depth int
}

// expected makes the fault for what stands at pos.
func (p *literal) expected(what string) *fault {
	if p.pos >= len(p.src) {
		return &fault{at: len(p.src), msg: "expected " + what + ", but the text ends"}
	}
	r, _ := utf8.DecodeRuneInString(p.src[p.pos:])
	return &fault{at: p.pos, msg: fmt.Sprintf("expected %s, found %q", what, string(r))}
}

// skipSpace steps over white space, line ends and continued lines.
func (p *literal) skipSpace() {
	for p.pos < len(p.src) {
		n := spaceAt(p.src, p.pos)
		if p.src[p.pos] == '\n' {
			n = 1
		} else if n == 0 {
			n = continuation(p.src[p.pos:])
		}
		if n == 0 {
			return
		}
		p.pos += n
	}
}

// peek returns the next byte behind white space, and 0 at the end.
func (p *literal) peek() byte {
	p.skipSpace()
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// value reads the value at pos.
func (p *literal) value() *fault {
	switch c := p.peek(); c {
	case '{':
		return p.nested(p.object)
	case '[':
		return p.nested(func() *fault { return p.list(']') })
	case '(':
		return p.nested(p.tuple)
	default:
		return p.scalar()
	}
}

func (p *literal) nested(read func() *fault) *fault {
	if p.depth == maxDepth {
		return &fault{at: p.pos, msg: fmt.Sprintf("brackets nest more than %d deep, too deep for QEMU", maxDepth)}
	}
	p.depth++
	p.pos++
	f := read()
	p.depth--
	return f
}

// object reads the members behind a {.
func (p *literal) object() *fault {
	p.dst = append(p.dst, '{')
	var keys keySet
	for first := true; ; first = false {
		if p.peek() == '}' {
			p.pos++
			p.dst = append(p.dst, '}')
			return nil
		}
		if !first {
			p.dst = append(p.dst, ", "...)
		}
		at, start := p.pos, len(p.dst)
		if f := p.objectKey(); f != nil {
			return f
		}
		key := p.dst[start:]
		if !keys.add(key, p.dst, start) {
			return &fault{at: at, msg: fmt.Sprintf("the key %s is given twice", quoteKey(key))}
		}
		if p.peek() != ':' {
			return p.expected(`":" behind the key`)
		}
		p.pos++
		p.dst = append(p.dst, ": "...)
		if f := p.value(); f != nil {
			return f
		}
		switch p.peek() {
		case ',':
			p.pos++
		case '}':
		default:
			return p.expected(`"," or "}"`)
		}
	}
}

// objectKey reads a key. Python allows keys that are no strings; its JSON module makes strings of them.
func (p *literal) objectKey() *fault {
	start := len(p.dst)
	if f := p.scalar(); f != nil {
		if p.pos < len(p.src) {
			f.hint = "keys need quotes"
		}
		return f
	}
	if p.dst[start] != '"' {
		plain := string(p.dst[start:])
		p.dst = appendString(p.dst[:start], plain)
	}
	return nil
}

// list reads the elements behind a [ up to the closing bracket.
func (p *literal) list(closer byte) *fault {
	p.dst = append(p.dst, '[')
	for first := true; ; first = false {
		if p.peek() == closer {
			p.pos++
			p.dst = append(p.dst, ']')
			return nil
		}
		if !first {
			p.dst = append(p.dst, ", "...)
		}
		if f := p.value(); f != nil {
			return f
		}
		switch p.peek() {
		case ',':
			p.pos++
		case closer:
		default:
			return p.expected(fmt.Sprintf(`"," or "%c"`, closer))
		}
	}
}

// tuple reads what follows a (. With one element and no comma the parentheses only group.
func (p *literal) tuple() *fault {
	start := len(p.dst)
	if p.peek() == ')' {
		return p.list(')')
	}
	p.dst = append(p.dst, '[')
	if f := p.value(); f != nil {
		return f
	}
	switch p.peek() {
	case ')':
		p.pos++
		p.dst = append(p.dst[:start], p.dst[start+1:]...)
		return nil
	case ',':
		p.pos++
	default:
		return p.expected(`"," or ")"`)
	}
	rest := len(p.dst)
	if f := p.list(')'); f != nil {
		return f
	}
	if string(p.dst[rest:]) == "[]" {
		p.dst = append(p.dst[:rest], ']')
		return nil
	}
	tail := string(p.dst[rest+1:])
	p.dst = append(append(p.dst[:rest], ", "...), tail...)
	return nil
}

// scalar reads a string, a number or a word.
func (p *literal) scalar() *fault {
	c := p.peek()
	switch {
	case c == '"' || c == '\'':
		return p.str(false)
	case c >= '0' && c <= '9', c == '-', c == '+', c == '.':
		return p.number()
	}
	end := p.pos
	for end < len(p.src) && isWordByte(p.src[end]) {
		end++
	}
	switch name := p.src[p.pos:end]; name {
	case "true", "True":
		p.dst = append(p.dst, "true"...)
	case "false", "False":
		p.dst = append(p.dst, "false"...)
	case "null", "None":
		p.dst = append(p.dst, "null"...)
	case "r", "R", "u", "U":
		if end < len(p.src) && (p.src[end] == '"' || p.src[end] == '\'') {
			p.pos = end
			return p.str(name == "r" || name == "R")
		}
		return p.unknownWord(name)
	case "":
		return p.expected("a value")
	default:
		return p.unknownWord(name)
	}
	p.pos = end
	return nil
}

func (p *literal) unknownWord(name string) *fault {
	if r, _ := utf8.DecodeRuneInString(name); isTypographic(r) {
		return typographic(word{text: p.src}, p.pos)
	}
	return &fault{at: p.pos, msg: quoteWord(name) + " is no value", hint: "text needs quotes"}
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf
}
