package completion

import (
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// maxHint is how many arguments a hint names that need not be given.
const maxHint = 6

// Hint returns the arguments that are still missing at the end of text, the required ones first: " driver= [id=] …". It
// is empty when none are missing, where text is no command, and inside a word that could still become another one.
func Hint(text string, e Env) string {
	l, ok := lineAt(text, len(text))
	if !ok || l.ended || l.typed.bracket || !l.restHere() {
		return ""
	}
	c := &collector{Env: e, line: &l}
	if l.dot != "" && !c.takes(TakesLine) {
		return ""
	}
	r, ok := c.root()
	if !ok {
		return ""
	}
	h := missing{arguments: c.argumentsOf(r)}
	h.collect(nil)
	return h.text(strings.HasSuffix(text, " "))
}

// restHere says whether more arguments could follow at the cursor, and counts a whole word under way among the others.
func (l *line) restHere() bool {
	w := l.typed
	switch {
	case w.raw == "":
		return true
	case w.role == cmdline.Name, w.role == cmdline.Argument && w.eq > 0:
		if _, _, open := cmdline.Unquote(w.raw); open != 0 {
			return false
		}
		l.words = append(l.words, w)
		return true
	}
	return false
}

// missing gathers the arguments that are not given yet.
type missing struct {
	arguments
	required, optional []string // as one types them; optional ones of the top only
	some               bool     // something may still be given, on any level
}

// collect gathers what is missing below keys. What is given by dotted keys may lack members itself.
func (m *missing) collect(keys []string) {
	place, err := m.at(keys, m.known)
	if err != nil || len(keys) > maxParts {
		return
	}
	below := func(key string) { m.collect(append(keys[:len(keys):len(keys)], key)) }
	for _, f := range place.Fields() {
		switch {
		case f.Set:
			continue
		case m.inner[f.Path] != nil:
			below(f.Member.Name)
			continue
		case !f.Member.Optional:
			m.required = append(m.required, written(f))
		case len(keys) == 0:
			m.optional = append(m.optional, written(f))
		}
		m.some = true
	}
	if place.Elem != nil {
		m.some = true
		for i, key := range m.inner[place.Path] {
			if i == maxIndexes {
				break
			}
			if !slices.Contains(m.inner[place.Path][:i], key) {
				below(key)
			}
		}
	}
}

// missingBelow gathers what is missing below one more key.
func (a arguments) missingBelow(keys []string, key string) *missing {
	m := &missing{arguments: a}
	m.collect(append(keys[:len(keys):len(keys)], key))
	return m
}

// written is a member as it would be typed.
func written(f qapi.Field) string {
	if _, value := goesOn(f.Member.Type); value {
		return f.Path + "="
	}
	return f.Path + "."
}

// text joins what is missing. spaced says that it follows a space.
func (m *missing) text(spaced bool) string {
	var b strings.Builder
	for _, r := range m.required {
		b.WriteString(" " + r)
	}
	for i, o := range m.optional {
		if i == maxHint {
			b.WriteString(" …")
			break
		}
		b.WriteString(" [" + o + "]")
	}
	if m.command != nil && m.command.Open && len(m.optional) <= maxHint {
		b.WriteString(" …")
	}
	if spaced {
		return strings.TrimPrefix(b.String(), " ")
	}
	return b.String()
}
