package cmdline

import (
	"encoding/json"
	"strings"
)

// guess gives a word its JSON type from its looks alone, as qmp-shell does: what holds where no schema says better. (What
// begins with a bracket is JSON or text, see binder.brackets; quotes make a string.)
//
// An integer as JSON writes it is a number and keeps every digit. Other things that Python's int() takes (007, +60, 1_000)
// would have to be sent with other digits than those typed: they are strings. True and false in any case are booleans.
// Everything else is a string, 1.5 and null too.
func guess(word string) json.RawMessage {
	switch {
	case isInteger(word):
		return json.RawMessage(word)
	case strings.EqualFold(word, "true"):
		return json.RawMessage("true")
	case len(word) == len("false") && strings.EqualFold(word, "false"): // the length: EqualFold takes ſ for s
		return json.RawMessage("false")
	}
	return appendString(nil, word)
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
