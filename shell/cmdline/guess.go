package cmdline

import (
	"encoding/json"
	"strings"
)

// guess gives an argument's value its JSON type from its looks alone, as qmp-shell does: what holds where no schema says
// better. v is neither exactJSON nor sourced.
//
// A value with quotes is a string. An integer as JSON writes it is a number and keeps every digit. Other things that
// Python's int() takes (007, +60, 1_000) would have to be sent with other digits than those typed: they are strings.
// True and false in any case are booleans. What begins with { or [ is JSON or a Python literal; if it is neither, it is
// a string as long as it cannot have been meant as one (see plainBrackets). Everything else is a string, 1.5 and null too.
func guess(v value) (json.RawMessage, *fault) {
	switch v.form {
	case bracketed:
		raw, _, f := v.literal()
		if f == nil {
			return raw, nil
		}
		if !plainBrackets(v.text) {
			return nil, v.looksBroken(f)
		}
	case plainWord:
		switch {
		case isInteger(v.text):
			return json.RawMessage(v.text), nil
		case strings.EqualFold(v.text, "true"):
			return json.RawMessage("true"), nil
		case len(v.text) == len("false") && strings.EqualFold(v.text, "false"): // the length: EqualFold takes ſ for s
			return json.RawMessage("false"), nil
		}
	}
	return appendString(nil, v.text), nil
}

// isInteger says whether s is an integer as JSON writes it.
func isInteger(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] == '0' && len(digits) > 1 {
		return false
	}
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// plainBrackets says whether s, which begins with a bracket and is no JSON, is text: [::1]:4444 or {c0ffee}, but not
// [1, x] or {a: 1}.
func plainBrackets(s string) bool {
	closer, suspicious := "}", ":=,\"'{}[]() \t\n"
	if s[0] == '[' {
		closer, suspicious = "]", ",\"'{}[]() \t\n"
	}
	inside, after, closed := strings.Cut(s[1:], closer)
	return closed && !strings.ContainsAny(inside, suspicious) && !strings.ContainsAny(after, "\"'{}[] \t\n")
}
