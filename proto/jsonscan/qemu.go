package jsonscan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// What QEMU's parser refuses of sound JSON. It answers such a text without an id, which nobody could match to the command
// (Q5), so it is found before anything is sent.

func tooDeep(strict bool) string {
	if strict {
		return "objects and arrays nest more than 1024 deep, which is QEMU's limit"
	}
	return "objects and arrays nest more than 10000 deep"
}

// Check says whether QEMU reads p, one JSON value inside of so many containers: Scanner's rules of NewForQEMU, no member
// twice in one object, and no number that would come back as inf. The error is a *SyntaxError.
func Check(p []byte, outer int) error {
	s := NewForQEMU(p, outer)
	checkValue(&s, s.Next())
	return s.Err()
}

// CheckObject is Check for a text that must be an object.
func CheckObject(p []byte, outer int) error {
	s := NewForQEMU(p, outer)
	if s.object() {
		checkValue(&s, Object)
	}
	return s.Err()
}

// checkValue goes over the value that begins with a token of that kind. Its recursion ends at QEMU's limit.
func checkValue(s *Scanner, kind Kind) {
	switch kind {
	case Integer, Fraction:
		if beyondDouble(s.Token()) {
			s.fail(s.start, "the number is out of range")
		}
	case Array:
		for kind = s.Next(); kind != ArrayEnd && kind != None; kind = s.Next() {
			checkValue(s, kind)
		}
	case Object:
		var names nameSet
		for s.Next() == Name {
			if at := s.start; !names.add(AppendText(nil, s.Token())) {
				s.fail(at, "the same member name twice in one object")
				return
			}
			checkValue(s, s.Next())
		}
	}
}

// nameSet finds a name that comes twice: by comparing while they are few, with a map from then on.
type nameSet struct {
	few  [8][]byte
	n    int
	many map[string]struct{}
}

// add says whether the name is new.
func (s *nameSet) add(name []byte) bool {
	if s.many == nil {
		for _, other := range s.few[:s.n] {
			if bytes.Equal(other, name) {
				return false
			}
		}
		if s.n < len(s.few) {
			s.few[s.n] = name
			s.n++
			return true
		}
		s.many = make(map[string]struct{}, 2*len(s.few))
		for _, other := range s.few {
			s.many[string(other)] = struct{}{}
		}
	}
	if _, known := s.many[string(name)]; known {
		return false
	}
	s.many[string(name)] = struct{}{}
	return true
}

// beyondDouble says whether a number would come back from QEMU as inf, which is no JSON.
func beyondDouble(text []byte) bool {
	if len(text) <= 300 && !bytes.ContainsAny(text, "eE") {
		return false
	}
	_, err := strconv.ParseFloat(string(text), 64)
	return err != nil
}

// checkCharacters checks the checked string that ends before p[end] and whose text starts at p[at], by QEMU's rules.
func checkCharacters(p []byte, at, end int) (next int, fault string) {
	for {
		if at = wideStop(p[:end-1], at); at == end-1 {
			return end, ""
		}
		r, n := Decode(p[at:])
		switch {
		case r == utf8.RuneError && n == 1:
			return at, "invalid UTF-8"
		case utf16.IsSurrogate(r):
			return at, "half a surrogate pair is not a character"
		case r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE:
			return at, fmt.Sprintf("U+%04X is not a character for QEMU", r)
		}
		at += n
	}
}

// wideStop returns the index at or behind i of the first backslash or byte above 0x7F; len(p) if there is none.
func wideStop(p []byte, i int) int {
	for ; i+8 <= len(p); i += 8 {
		x := binary.LittleEndian.Uint64(p[i:])
		slash := x ^ ones*'\\'
		if ((slash-ones)&^slash|x)&highs != 0 {
			break
		}
	}
	for i < len(p) && p[i] != '\\' && p[i] < utf8.RuneSelf {
		i++
	}
	return i
}
