package cmdline

import (
	"encoding/json"
	"strings"
)

// RedactMessage returns a QMP message with the values of secrets masked: structure and every
// other byte stay. A message without secrets comes back as it is, not copied. Text that is no JSON is treated as far as
// it looks like it.
func RedactMessage(raw []byte) []byte {
	text := string(raw)
	spans := objectSecrets(text)
	if len(spans) == 0 {
		return raw
	}
	return []byte(replace(text, spans))
}

// redactObject is RedactMessage for text that may also be Python.
func redactObject(text string) string { return replace(text, objectSecrets(text)) }

// redactValue masks the secrets in the JSON value of an argument of a command with the given rules.
func redactValue(text string, r rules) string {
	var spans []span
	walkJSON(text, func(keys []string, start, end int) {
		if secretPath(keys, r.data) {
			spans = append(spans, maskScalar(text, start, end)...)
		}
	})
	return replace(text, spans)
}

// objectSecrets finds the secrets of a message. What is secret depends on the command, which may stand behind its
// arguments, so it looks twice.
func objectSecrets(text string) []span {
	var r rules
	var property string
	walkJSON(text, func(keys []string, start, end int) {
		switch {
		case len(keys) == 2 && (keys[1] == "execute" || keys[1] == "exec-oob"):
			r = rulesFor(plainString(text[start:end]))
		case len(keys) == 3 && keys[1] == "arguments" && keys[2] == "property":
			property = plainString(text[start:end])
		}
	})
	r.property = r.qomSet && secretName(property, true)
	var spans []span
	walkJSON(text, func(keys []string, start, end int) {
		argument := ""
		if len(keys) > 2 && keys[1] == "arguments" {
			argument = keys[2]
		}
		switch {
		case secretPath(keys, r.data), r.property && argument == "value":
			spans = append(spans, maskScalar(text, start, end)...)
		case r.hmp && argument == "command-line":
			line := plainString(text[start:end])
			if hidden := RedactHMP(line); hidden != line {
				spans = append(spans, span{start, end, string(appendString(nil, hidden))})
			}
		}
	})
	return spans
}

// secretPath says whether a value lies under the name of a secret.
func secretPath(keys []string, data bool) bool {
	for _, k := range keys {
		if secretName(k, data) {
			return true
		}
	}
	return false
}

// maskScalar masks a string or a number; true, false and null tell nothing.
func maskScalar(text string, start, end int) []span {
	switch text[start:end] {
	case "true", "false", "null", "True", "False", "None":
		return nil
	}
	return []span{{start, end, `"` + mask + `"`}}
}

// walkJSON calls visit for every string, number and word in text that is a value, with the names it lies under and its
// place. The first name is for what stands outside brackets, and an array's is empty. It takes JSON, Python literals and
// anything broken that looks like them, key=value too. keys is only lent.
func walkJSON(text string, visit func(keys []string, start, end int)) {
	keys := make([]string, 1, 8) // one for each open bracket, behind the first
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case '{', '[', '(':
			keys = append(keys, "")
			i++
		case '}', ']', ')':
			keys = keys[:max(1, len(keys)-1)]
			i++
		case ',':
			keys[len(keys)-1] = ""
			i++
		case ' ', '\t', '\n', '\r', ':', '=', '\\':
			i++
		default:
			end := scalarEnd(text, i)
			if isKey(text, end) {
				keys[len(keys)-1] = plainString(text[i:end])
			} else {
				visit(keys, i, end)
			}
			i = end
		}
	}
}

// isKey says whether a colon, or as broken text may have it a =, follows at or behind i.
func isKey(text string, i int) bool {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i < len(text) && (text[i] == ':' || text[i] == '=')
}

// scalarEnd returns the offset behind the string, number or word that starts at i.
func scalarEnd(text string, i int) int {
	if quote := text[i]; quote == '"' || quote == '\'' {
		for i++; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case quote:
				return i + 1
			}
		}
		return len(text)
	}
	if n := strings.IndexAny(text[i:], ",:={}[]()\"' \t\n\r\\"); n > 0 {
		return i + n
	}
	return len(text)
}

// plainString returns the text of a JSON or Python string, or the word that stands in its place.
func plainString(s string) string {
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' {
		return s
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s[1 : len(s)-1]
	}
	var text string
	if raw, f := parseLiteral(s); f == nil && json.Unmarshal(raw, &text) == nil {
		return text
	}
	return s[1 : len(s)-1]
}
