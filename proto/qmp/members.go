package qmp

import (
	"bytes"
	"encoding/json"
)

// members walks the members of one JSON object and checks the whole object on the way. It allocates nothing.
type members struct {
	p       []byte
	i       int
	begun   bool
	done    bool
	problem string // what was wrong at p[i]; "" so far nothing
	keyAt   int    // where the last key starts in p
	valueAt int    // where the last value starts in p
}

// next returns the next member: its key as it is written, quotes included, and its value, both slices of p. ok is false
// at the end of the object and at a fault.
func (s *members) next() (key, value []byte, ok bool) {
	if s.done || s.problem != "" {
		return nil, nil, false
	}
	i, want := skipSpace(s.p, s.i), wantKey
	if !s.begun {
		if i >= len(s.p) || s.p[i] != '{' {
			return s.fail(i, wantObject)
		}
		s.begun, want = true, wantKeyOrEnd
		i = skipSpace(s.p, i+1)
		if i < len(s.p) && s.p[i] == '}' {
			return s.end(i)
		}
	} else {
		switch {
		case i < len(s.p) && s.p[i] == '}':
			return s.end(i)
		case i >= len(s.p) || s.p[i] != ',':
			return s.fail(i, wantObjectNext)
		}
		i = skipSpace(s.p, i+1)
	}
	s.keyAt = i
	i, problem := skipKey(s.p, i, want)
	if problem != "" {
		return s.fail(i, problem)
	}
	key = s.p[s.keyAt:i]
	key = key[:bytes.LastIndexByte(key, '"')+1] // without the colon and the space before it
	s.valueAt = skipSpace(s.p, i)
	if s.i, s.problem = skipValue(s.p, s.valueAt, 1); s.problem != "" {
		return nil, nil, false
	}
	return key, s.p[s.valueAt:s.i:s.i], true
}

func (s *members) fail(at int, problem string) (key, value []byte, ok bool) {
	s.i, s.problem = at, problem
	return nil, nil, false
}

func (s *members) end(at int) (key, value []byte, ok bool) {
	s.i, s.done = at+1, true
	return nil, nil, false
}

// finish says whether the object was sound and nothing but white space follows it. Call it once next said no.
func (s *members) finish() error {
	if s.problem == "" {
		if i := skipSpace(s.p, s.i); i < len(s.p) {
			s.i, s.problem = i, wantEnd
		}
	}
	if s.problem != "" {
		return syntaxError(s.p, s.i, s.problem)
	}
	return nil
}

// plainKey returns the key's text between its quotes, with escapes resolved.
func plainKey(key []byte) []byte {
	if bytes.IndexByte(key, '\\') < 0 {
		return key[1 : len(key)-1]
	}
	return []byte(unquote(key))
}

// unquote returns the text of a checked JSON string. Without escapes the bytes stay as they are.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw[1 : len(raw)-1])
	}
	return s
}

// isString says whether a checked JSON value is a string.
func isString(value []byte) bool { return len(value) > 0 && value[0] == '"' }

// isObject says whether a checked JSON value is an object.
func isObject(value []byte) bool { return len(value) > 0 && value[0] == '{' }
