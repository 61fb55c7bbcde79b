package cmdline

import (
	"encoding/json"
	"strings"
)

// RedactMessage returns a QMP message with the values of secrets masked: structure and every other byte stay. A message
// without secrets comes back as it is, not copied. Text that is no JSON is treated as far as it looks like it.
func RedactMessage(raw []byte) []byte {
	text := string(raw)
	spans := messageSecrets(text)
	if len(spans) == 0 {
		return raw
	}
	return []byte(replace(text, spans))
}

// valueSecrets finds the secrets in the JSON value of an argument, or of a member so deep below one.
func valueSecrets(text string, r rules, depth int) []span {
	var f finder
	f.text, f.rules, f.property = text, r, r.property
	walkJSON(text, func(w *jsonWalk, name string) bool { return f.secret(name, depth+len(w.open)-2) },
		func(w *jsonWalk, start, end int) { f.scalar(start, end, w.secret(), true) })
	return f.spans
}

// messageSecrets finds the secrets of a message. What is secret depends on the command, which may stand behind its
// arguments, so it looks twice.
func messageSecrets(text string) []span {
	if inner := strings.TrimLeft(text, "[ \t\r\n"); len(inner) < len(text) { // a list of them
		return shiftedBy(len(text)-len(inner), messageSecrets(inner))
	}
	f := finder{text: text}
	f.property = true
	never := func(*jsonWalk, string) bool { return false }
	known := false
	qomType := ""
	walkJSON(text, never, func(w *jsonWalk, start, end int) {
		switch {
		case len(w.open) == 2 && secretless(w.name(1), "execute", "exec-oob", "command"):
			known = true
			property := f.property
			if r := rulesFor(plainString(text[start:end])); r.on || !f.on { // of many the one with secrets
				f.rules = r
			}
			f.property = property
		case len(w.open) == 3 && w.name(1) == "arguments" && w.name(2) == "property":
			value := plainString(text[start:end])
			f.property = secretName(value) || nearly(value, "data")
		case len(w.open) == 3 && w.name(1) == "arguments" && w.name(2) == "qom-type":
			qomType = plainString(text[start:end])
		}
	})
	f.relax(qomType)
	walkJSON(text, func(w *jsonWalk, name string) bool {
		depth := len(w.open) - 3
		switch {
		case w.name(1) == "arguments":
		case f.on && depth < 0: // arguments under another name, or none
			if secretless(name, "execute", "exec-oob", "command") || name == "arguments" || name == "id" || name == "control" {
				return false
			}
			depth = 0
		case depth >= 0:
			depth = -1
		}
		return f.secret(name, depth)
	}, func(w *jsonWalk, start, end int) {
		if f.hmp != "" && len(w.open) == 3 && w.name(1) == "arguments" && w.name(2) == f.hmp {
			line := plainString(text[start:end])
			f.reencode(start, end, line, hmpSecrets(line))
			return
		}
		if len(w.open) == 2 && secretless(w.name(1), "execute", "exec-oob") && strings.IndexByte(text[start:end], ' ') > 0 {
			line := plainString(text[start:end]) // a whole line where the name of a command should stand
			tokens, _ := lex(line)
			f.reencode(start, end, line, secretsIn(line, tokens, false))
			return
		}
		f.scalar(start, end, w.secret(), known && w.name(1) == "arguments")
	})
	return f.spans
}

func secretless(name string, among ...string) bool {
	for _, other := range among {
		if nearly(name, other) {
			return true
		}
	}
	return false
}

// scalar looks at a string, a number or a word in JSON. true, false and null tell nothing. sent says that it is on its way
// to a server, and may hold text of all kinds.
func (f *finder) scalar(start, end int, secret, sent bool) {
	raw := f.text[start:end]
	named := f.masking // by the word before, as in ["--password", "x"]
	f.masking = sent && len(raw) > 2 && raw[1] == '-' && secretName(strings.Trim(raw, `"'-`))
	if secret || named {
		switch raw {
		case "true", "false", "null", "True", "False", "None":
			return
		}
		f.spans = append(f.spans, span{start: start, end: end, show: `"` + mask + `"`, secrets: []string{plainString(raw)}})
		return
	}
	quoted := raw[0] == '"' || raw[0] == '\''
	switch {
	case sent && quoted && f.name == "object-add" && strings.IndexByte(raw, ',') > 0:
		value := plainString(raw)
		f.reencode(start, end, value, optionSecrets(value, f.rules))
	case sent && quoted && strings.ContainsAny(raw, "=:"):
		value := plainString(raw)
		f.reencode(start, end, value, looseSecrets(value))
	case quoted && (strings.Contains(raw, "://") || strings.Contains(raw, "json:")):
		value := plainString(raw)
		spans := urlSecrets(value)
		if i := strings.Index(value, "json:"); i >= 0 {
			spans = append(urlSecrets(value[:i]), shiftedBy(i, valueSecrets(value[i:], rules{}, 0))...)
		}
		f.reencode(start, end, value, spans)
	}
}

// reencode masks a string of JSON whose text holds secrets.
func (f *finder) reencode(start, end int, value string, found []span) {
	if len(found) == 0 {
		return
	}
	s := span{start: start, end: end, show: string(appendString(nil, replace(value, found)))}
	for _, inner := range found {
		s.secrets = append(s.secrets, inner.secrets...)
	}
	f.spans = append(f.spans, s)
}

// jsonWalk is where walkJSON stands.
type jsonWalk struct {
	open []jsonLevel // the first is for what stands outside brackets
}

type jsonLevel struct {
	name   string // of the member under way; empty in an array
	secret bool   // what comes lies under the name of a secret
	above  bool   // so does all of this level
}

func (w *jsonWalk) secret() bool { return w.open[len(w.open)-1].secret }

// name returns the name at a level, "" if there is none.
func (w *jsonWalk) name(level int) string {
	if level >= len(w.open) {
		return ""
	}
	return w.open[level].name
}

// walkJSON calls visit for every string, number and word in text that is a value, and judge for every name, to hear
// whether what lies under it is secret. It takes JSON, Python literals and anything broken that looks like them, key=value
// too. Its time does not depend on how deep values nest.
func walkJSON(text string, judge func(w *jsonWalk, name string) bool, visit func(w *jsonWalk, start, end int)) {
	w := jsonWalk{open: make([]jsonLevel, 1, 8)}
	for i := 0; i < len(text); {
		last := &w.open[len(w.open)-1]
		switch c := text[i]; c {
		case '{', '[', '(':
			w.open = append(w.open, jsonLevel{secret: last.secret, above: last.secret})
			i++
		case '}', ']', ')':
			w.open = w.open[:max(1, len(w.open)-1)]
			i++
		case ',':
			if c == ',' && last.name != "" {
				last.name, last.secret = "", last.above
			}
			i++
		case ' ', '\t', '\n', '\r', ':', '=', '\\':
			i++
		default:
			end := scalarEnd(text, i)
			if isKey(text, end) {
				last.name = plainString(text[i:end])
				last.secret = last.above || judge(&w, last.name)
			} else {
				visit(&w, i, end)
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
