package qapi

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays may nest. QEMU's parser stops at 1024, of which the command that holds the
// arguments takes one.
const maxDepth = 1023

// What a node of the tape is: the first byte of the JSON value, but one for all numbers that have a fraction or an
// exponent.
const (
	isObject   = '{'
	isArray    = '['
	isText     = '"'
	isInteger  = '0'
	isFraction = '.'
	isTrue     = 't'
	isFalse    = 'f'
	isNull     = 'n'
)

// node is one value, or the name of a member, which stands before its value.
type node struct {
	kind    byte
	escaped bool   // a string with a backslash
	start   uint32 // of its text in the input; a string's includes the quotes
	end     uint32
	next    uint32 // index of the node behind this one and all that it holds
	count   uint32 // members or elements
}

// tape is a JSON value, checked and laid out flat in the order of the text, so that stepping over a value costs nothing.
type tape struct {
	src   []byte
	nodes []node
}

// jsonError says what the input lacks at one place.
type jsonError struct {
	at      int
	problem string
}

func (e *jsonError) Error() string { return fmt.Sprintf("%s at byte %d", e.problem, e.at) }

// scan lays src out in one pass without recursion. buf is memory to use for the nodes, if it is large enough.
func scan(src []byte, buf []node) (tape, *jsonError) {
	if len(src) >= math.MaxUint32/2 {
		return tape{}, &jsonError{0, "too large"}
	}
	s := scanner{src: src, nodes: buf[:0]}
	if problem := s.run(); problem != "" {
		if s.i >= len(src) {
			problem += ", but the text ends"
		}
		return tape{}, &jsonError{min(s.i, len(src)), problem}
	}
	return tape{src, s.nodes}, nil
}

type scanner struct {
	src   []byte
	i     int
	nodes []node
	open  []uint32 // the containers that are open
}

const (
	wantValue = "expected a value"
	wantKey   = "expected a member name in double quotes"
	wantColon = "expected ':' after a member name"
	wantNext  = "expected ',' or the closing bracket"
	wantQuote = "expected the closing quote of a string"
	wantDigit = "expected a digit"
	wantEnd   = "expected nothing more behind the value"
	tooDeep   = "objects and arrays nest too deep"
)

func (s *scanner) run() (problem string) {
	for {
		s.space()
		problem, opened := s.value()
		switch {
		case problem != "":
			return problem
		case opened:
			kind := s.nodes[s.open[len(s.open)-1]].kind
			if s.peek() == closer(kind) {
				s.i++
				s.close()
				break
			}
			if kind == isObject {
				problem = s.key()
			}
			if problem != "" {
				return problem
			}
			continue
		}
		if problem = s.behind(); problem != "" || len(s.open) == 0 {
			return problem
		}
	}
}

// behind steps over closers and the comma that follow a value, and the name of the next member.
func (s *scanner) behind() (problem string) {
	for len(s.open) > 0 {
		at := s.open[len(s.open)-1]
		s.nodes[at].count++
		kind := s.nodes[at].kind
		switch c := s.peek(); c {
		case ',':
			s.i++
			if kind == isObject {
				return s.key()
			}
			return ""
		case closer(kind):
			s.i++
			s.close()
		default:
			return wantNext
		}
	}
	if s.space(); s.i < len(s.src) {
		return wantEnd
	}
	return ""
}

func closer(kind byte) byte { return kind + 2 } // '{' + 2 is '}', '[' + 2 is ']'

func (s *scanner) close() {
	last := len(s.open) - 1
	n := &s.nodes[s.open[last]]
	n.end, n.next = uint32(s.i), uint32(len(s.nodes))
	s.open = s.open[:last]
}

func (s *scanner) space() {
	for s.i < len(s.src) && (s.src[s.i] == ' ' || s.src[s.i] == '\n' || s.src[s.i] == '\r' || s.src[s.i] == '\t') {
		s.i++
	}
}

// peek steps over white space and returns the byte behind it, 0 at the end.
func (s *scanner) peek() byte {
	if s.space(); s.i < len(s.src) {
		return s.src[s.i]
	}
	return 0
}

func (s *scanner) key() (problem string) {
	if s.peek() != '"' {
		return wantKey
	}
	if problem = s.text(); problem != "" {
		return problem
	}
	if s.peek() != ':' {
		return wantColon
	}
	s.i++
	return ""
}

// value lays out the scalar at i, or opens the container there.
func (s *scanner) value() (problem string, opened bool) {
	if s.i >= len(s.src) {
		return wantValue, false
	}
	switch c := s.src[s.i]; c {
	case '{', '[':
		if len(s.open) >= maxDepth {
			return tooDeep, false
		}
		s.open = append(s.open, uint32(len(s.nodes)))
		s.nodes = append(s.nodes, node{kind: c, start: uint32(s.i)})
		s.i++
		return "", true
	case '"':
		return s.text(), false
	case 't':
		return s.word("true"), false
	case 'f':
		return s.word("false"), false
	case 'n':
		return s.word("null"), false
	default:
		if c == '-' || isDigit(c) {
			return s.number(), false
		}
		return wantValue, false
	}
}

func (s *scanner) add(kind byte, start int, escaped bool) {
	s.nodes = append(s.nodes, node{
		kind: kind, escaped: escaped, start: uint32(start), end: uint32(s.i), next: uint32(len(s.nodes)) + 1,
	})
}

func (s *scanner) word(word string) (problem string) {
	start := s.i
	if len(s.src)-start < len(word) || string(s.src[start:start+len(word)]) != word {
		return "expected true, false or null"
	}
	s.i += len(word)
	s.add(word[0], start, false)
	return ""
}

func (s *scanner) number() (problem string) {
	start, kind := s.i, byte(isInteger)
	if s.src[s.i] == '-' {
		s.i++
	}
	if s.at('0') {
		s.i++
	} else if !s.digits() {
		return wantDigit
	}
	if s.at('.') {
		s.i++
		kind = isFraction
		if !s.digits() {
			return wantDigit
		}
	}
	if s.at('e') || s.at('E') {
		s.i++
		kind = isFraction
		if s.at('+') || s.at('-') {
			s.i++
		}
		if !s.digits() {
			return wantDigit
		}
	}
	s.add(kind, start, false)
	return ""
}

func (s *scanner) at(c byte) bool { return s.i < len(s.src) && s.src[s.i] == c }

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.src) && isDigit(s.src[s.i]) {
		s.i++
	}
	return s.i > start
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// text lays out the string at i. QEMU refuses control characters and bytes that are no UTF-8.
func (s *scanner) text() (problem string) {
	start, escaped, wide := s.i, false, byte(0)
	i := s.i + 1
	for ; i < len(s.src) && s.src[i] != '"'; i++ {
		c := s.src[i]
		wide |= c
		if c == '\\' {
			escaped = true
			i++
		} else if c < ' ' {
			s.i = i
			return "a control character must be escaped inside a string"
		}
	}
	if s.i = i; i >= len(s.src) {
		return wantQuote
	}
	if escaped || wide >= utf8.RuneSelf {
		if bad, problem := checkText(s.src[start+1 : i]); problem != "" {
			s.i = start + 1 + bad
			return problem
		}
	}
	s.i++
	s.add(isText, start, escaped)
	return ""
}
