package qmp

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxSendDepth is how deep QEMU's parser lets objects and arrays nest.
const maxSendDepth = 1024

// checkText refuses bytes that nothing we send can hold.
func checkText(p []byte) error {
	if at := bytes.IndexByte(p, 0); at >= 0 {
		return &CommandError{Offset: at, Problem: "a NUL byte"}
	}
	if utf8.Valid(p) {
		return nil
	}
	for at := 0; ; {
		r, n := utf8.DecodeRune(p[at:])
		if r == utf8.RuneError && n <= 1 {
			return &CommandError{Offset: at, Problem: "invalid UTF-8"}
		}
		at += n
	}
}

// checkValue checks one JSON value, an object if object says so, that is about to be sent.
func checkValue(p []byte, object bool) error {
	if err := checkText(p); err != nil {
		return err
	}
	start := skipSpace(p, 0)
	if object && (start >= len(p) || p[start] != '{') {
		return commandSyntax(syntaxError(p, start, wantObject))
	}
	end, problem := skipValue(p, start, 1)
	if problem == "" {
		if end = skipSpace(p, end); end < len(p) {
			problem = "expected nothing more behind the value"
		}
	}
	if problem != "" {
		return commandSyntax(syntaxError(p, end, problem))
	}
	return checkForQEMU(p, 1)
}

// commandSyntax makes a CommandError of a SyntaxError.
func commandSyntax(err error) error {
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		return &CommandError{Offset: syntax.Offset, Problem: syntax.Problem}
	}
	return &CommandError{Offset: -1, Problem: err.Error()}
}

// checkForQEMU refuses sound JSON that QEMU's parser does not take: it would answer without an id, which nobody could
// match to the command (Q5). depth is the number of open containers around p.
func checkForQEMU(p []byte, depth int) error {
	w := qemuWalker{p: p, i: skipSpace(p, 0)}
	w.value(depth)
	if w.problem != "" {
		return &CommandError{Offset: w.i, Problem: w.problem}
	}
	return nil
}

// qemuWalker goes over a checked JSON value once. It stops at i when it found a problem. Its recursion ends at
// maxSendDepth.
type qemuWalker struct {
	p       []byte
	i       int
	problem string
}

func (w *qemuWalker) value(depth int) {
	switch c := w.p[w.i]; {
	case c == '{' || c == '[':
		if depth >= maxSendDepth {
			w.problem = "objects and arrays nest more than 1024 deep, which is QEMU's limit"
			return
		}
		w.container(depth+1, c == '{')
	case c == '"':
		w.text()
	case c == '-' || isDigit(c):
		w.number()
	default:
		w.i, _ = skipScalar(w.p, w.i)
	}
}

// container goes over the object or array at i.
func (w *qemuWalker) container(depth int, object bool) {
	var names nameSet
	for w.i++; ; w.i++ { // from an opener or a comma
		w.i = skipSpace(w.p, w.i)
		if c := w.p[w.i]; c == '}' || c == ']' {
			break // empty
		}
		if object {
			at := w.i
			if w.text(); w.problem != "" {
				return
			}
			if !names.add(plainKey(w.p[at:w.i])) {
				w.i, w.problem = at, "the same member name twice in one object"
				return
			}
			w.i = skipSpace(w.p, skipSpace(w.p, w.i)+1)
		}
		if w.value(depth); w.problem != "" {
			return
		}
		w.i = skipSpace(w.p, w.i)
		if w.p[w.i] != ',' {
			break
		}
	}
	w.i++
}

// number goes over the number at i. A number beyond a double's range would come back from QEMU as inf, no JSON.
func (w *qemuWalker) number() {
	end, _ := skipNumber(w.p, w.i)
	if text := w.p[w.i:end]; len(text) > 300 || bytes.ContainsAny(text, "eE") {
		if _, err := strconv.ParseFloat(string(text), 64); err != nil {
			w.problem = "the number is out of range"
			return
		}
	}
	w.i = end
}

// text goes over the string at i.
func (w *qemuWalker) text() {
	end, _ := skipString(w.p, w.i)
	for at := w.i + 1; at < end-1; {
		c := w.p[at]
		if c != '\\' && c < utf8.RuneSelf {
			at++
			continue
		}
		r, n := utf8.DecodeRune(w.p[at:])
		if c == '\\' {
			r, n = escapedRune(w.p[at:])
		}
		if utf16.IsSurrogate(r) {
			w.i, w.problem = at, "half a surrogate pair is not a character"
			return
		}
		if r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE {
			w.i, w.problem = at, "U+"+strings.ToUpper(strconv.FormatInt(int64(r), 16))+" is not a character for QEMU"
			return
		}
		at += n
	}
	w.i = end
}

// escapedRune reads the checked escape at the start of p: the character and the length. Half a surrogate pair is
// returned as it is. Of the short escapes only the length is right.
func escapedRune(p []byte) (rune, int) {
	unit := func(p []byte) rune {
		n, _ := strconv.ParseUint(string(p[2:6]), 16, 16)
		return rune(n)
	}
	if p[1] != 'u' {
		return rune(p[1]), 2
	}
	r := unit(p)
	if utf16.IsSurrogate(r) && p[6] == '\\' && p[7] == 'u' {
		if pair := utf16.DecodeRune(r, unit(p[6:])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return r, 6
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
