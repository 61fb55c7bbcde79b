package qmpserver

import (
	"fmt"
	"unicode/utf8"
)

// parser checks one JSON value the way QEMU does and notes the members of the
// outermost object.
type parser struct {
	raw []byte
	lex lexer

	kind       tokenKind // of the current token, raw[start:end]
	start, end int

	object  bool // the value is an object
	members []member
	quotes  bool // strings that RFC 8259 does not know were seen
}

// member is one member of an object; value is a slice of the parser's input.
type member struct {
	name  string
	kind  tokenKind // what the value begins with
	value []byte
}

// parse reads one message as [requestFramer] cuts it. The result's values are
// valid JSON even where QEMU takes more than that. The error has QEMU's words.
func parse(raw []byte) (*parser, *Error) {
	if err := checkLexically(raw); err != nil {
		return nil, err
	}
	p := &parser{raw: raw}
	p.next()
	if fault := p.value(0); fault != "" {
		return nil, parseError(fault)
	}
	if p.next(); p.kind != tokenEnd {
		return nil, parseError("expecting value")
	}
	if p.quotes {
		return parse(requote(raw))
	}
	return p, nil
}

func parseError(fault string) *Error {
	return &Error{Class: GenericError, Desc: "JSON parse error, " + fault}
}

// checkLexically looks for what QEMU finds before it parses: a stray character,
// which hides every other mistake of the message, and too deep nesting.
func checkLexically(raw []byte) *Error {
	p := parser{raw: raw}
	depth := 0
	for p.next(); p.kind != tokenEnd; p.next() {
		switch p.kind {
		case tokenError:
			stray := p.token()
			for i, c := range stray {
				if c == 0 { // QEMU prints it as a C string
					stray = stray[:i]
					break
				}
			}
			return parseError(fmt.Sprintf("stray '%s'", stray))
		case '{', '[':
			if depth++; depth > maxNesting {
				return &Error{Class: GenericError, Desc: "JSON nesting depth limit exceeded"}
			}
		case '}', ']':
			depth--
		}
	}
	return nil
}

// next moves to the next token.
func (p *parser) next() {
	i := p.end
	for i < len(p.raw) && isSpace(p.raw[i]) {
		i++
	}
	p.start, p.kind = i, tokenNone
	for i < len(p.raw) {
		kind, used := p.lex.step(p.raw[i])
		if used {
			i++
		}
		if kind != tokenNone {
			p.kind, p.end = kind, i
			return
		}
	}
	p.kind, p.end = p.lex.finish(), i
}

func (p *parser) token() []byte { return p.raw[p.start:p.end] }

// value checks the value that begins with the current token. The result is
// QEMU's words for what is wrong, or empty.
func (p *parser) value(depth int) string {
	switch p.kind {
	case '{':
		return p.objectValue(depth)
	case '[':
		return p.array(depth)
	case tokenString:
		_, fault := p.text()
		return fault
	case tokenInteger, tokenFloat:
		return ""
	case tokenKeyword:
		switch word := string(p.token()); word {
		case "true", "false", "null":
			return ""
		default:
			return fmt.Sprintf("invalid keyword '%s'", word)
		}
	case tokenEnd:
		return "premature EOI"
	}
	return "expecting value"
}

func (p *parser) objectValue(depth int) string {
	p.object = p.object || depth == 0
	var seen keySet
	if p.next(); p.kind == '}' {
		return ""
	}
	for {
		if fault := p.pair(depth, &seen); fault != "" {
			return fault
		}
		switch p.next(); p.kind {
		case '}':
			return ""
		case ',':
			p.next()
		case tokenEnd:
			return "premature EOI"
		default:
			return "expected separator in dict"
		}
	}
}

// pair checks one member; the current token is where its name should be.
func (p *parser) pair(depth int, seen *keySet) string {
	name, isName := "", p.kind == tokenString
	var fault string
	if isName {
		name, fault = p.text()
	} else {
		fault = p.value(depth + 1)
	}
	if fault != "" {
		return fault
	}
	if !isName {
		return "key is not a string in object"
	}
	switch p.next(); p.kind {
	case ':':
	case tokenEnd:
		return "premature EOI"
	default:
		return "missing : in object pair"
	}
	p.next()
	kind, start := p.kind, p.start
	if fault := p.value(depth + 1); fault != "" {
		return fault
	}
	if !seen.add(name) {
		return "duplicate key"
	}
	if depth == 0 {
		p.members = append(p.members, member{name, kind, p.raw[start:p.end]})
	}
	return ""
}

func (p *parser) array(depth int) string {
	if p.next(); p.kind == ']' {
		return ""
	}
	for {
		if fault := p.value(depth + 1); fault != "" {
			return fault
		}
		switch p.next(); p.kind {
		case ']':
			return ""
		case ',':
			p.next()
		case tokenEnd:
			return "premature EOI"
		default:
			return "expected separator in list"
		}
	}
}

// text decodes the current token, a string.
func (p *parser) text() (text, fault string) {
	token := p.token()
	if token[0] == '\'' {
		p.quotes = true
	}
	b, escapes, fault := decodeString(token)
	if fault != "" {
		return "", fault
	}
	p.quotes = p.quotes || escapes
	if !utf8.Valid(b) {
		return "", "invalid UTF-8 sequence in string"
	}
	return string(b), ""
}

// requote writes every string of raw, a checked value, as RFC 8259 wants it.
func requote(raw []byte) []byte {
	var out []byte
	p := parser{raw: raw}
	for p.next(); p.kind != tokenEnd; p.next() {
		if p.kind != tokenString {
			out = append(out, p.token()...)
			continue
		}
		text, _ := p.text()
		out = append(out, marshal(text)...)
	}
	return out
}

// keySet holds the names of one object, to find one that stands twice.
type keySet struct {
	few  []string
	many map[string]struct{}
}

func (s *keySet) add(name string) (isNew bool) {
	if s.many != nil {
		_, old := s.many[name]
		s.many[name] = struct{}{}
		return !old
	}
	for _, have := range s.few {
		if have == name {
			return false
		}
	}
	if s.few = append(s.few, name); len(s.few) > 16 {
		s.many = make(map[string]struct{}, 64)
		for _, have := range s.few {
			s.many[have] = struct{}{}
		}
	}
	return true
}
