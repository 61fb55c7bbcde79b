package cmdline

import (
	"slices"
	"strings"
)

// mask stands in the place of a secret.
const mask = "***"

// span is a secret in a text and what is shown in its place.
type span struct {
	start, end int
	show       string
	value      bool     // it is the whole value of a key=value
	secrets    []string // what is hidden, as the server gets it
}

// Redact returns text, a line or a statement of the language, with the values of secrets masked, for whoever may see it.
// It need not be a sound statement: what a slip hides from the rules is masked rather than shown. Text without secrets
// comes back as it is.
func Redact(text string) string {
	tokens, _ := lex(text)
	return replace(text, secretsIn(text, tokens, false))
}

// Recallable is Redact for the history: a value that is masked becomes @prompt, so that the line, when it is recalled,
// asks for it. Where @prompt cannot stand there is ***, which Parse refuses.
func Recallable(text string) string {
	tokens, _ := lex(text)
	spans := secretsIn(text, tokens, false)
	for i := range spans {
		switch s := &spans[i]; {
		case s.value:
			s.show = "@prompt"
		case s.show == `"`+mask+`"`: // in JSON, where no string may stand for it
			s.show = mask
		}
	}
	return replace(text, spans)
}

// forgotten finds an unquoted *** where a secret is due: a line that was masked, and then sent again.
func forgotten(text string, tokens []Token, verbatim bool) *fault {
	if !strings.Contains(text, mask) {
		return nil
	}
	words := tokens[:0:0]
	for _, t := range tokens {
		if t.Kind == Word || t.Kind == Newline {
			words = append(words, t)
		}
	}
	for _, s := range secretsIn(text, words, verbatim) {
		for _, secret := range s.secrets {
			if secret == mask && !strings.HasPrefix(text[s.start:s.end], `"***`) && !strings.HasPrefix(text[s.start:s.end], `'***`) {
				return &fault{
					at: s.start, msg: mask + " stands for a secret that was not kept",
					hint: "give the secret anew, or write @prompt in its place to be asked for it unseen",
				}
			}
		}
	}
	return nil
}

// replace returns text with the spans, which are in order, replaced.
func replace(text string, spans []span) string {
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s.start < at { // what is masked already, and perhaps more
			at = max(at, s.end)
			continue
		}
		b.WriteString(text[at:s.start])
		b.WriteString(s.show)
		at = s.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// secretsIn finds the secrets in the words of text, in order and apart from each other. The words come from the
// lexer or, when verbatim, from FromWords.
func secretsIn(text string, tokens []Token, verbatim bool) []span {
	f := finder{text: text}
	f.words(tokens, verbatim)
	slices.SortStableFunc(f.spans, func(a, b span) int { return a.start - b.start })
	apart := f.spans[:0]
	for _, s := range f.spans {
		if n := len(apart); n > 0 && s.start < apart[n-1].end {
			last := &apart[n-1]
			last.end, last.secrets = max(last.end, s.end), append(last.secrets, s.secrets...)
			continue
		}
		apart = append(apart, s)
	}
	return apart
}

// words looks at all words of the text.
func (f *finder) words(tokens []Token, verbatim bool) {
	var line []word
	for _, t := range tokens {
		switch {
		case t.Kind == Newline:
			f.line(line)
			line = line[:0]
		case t.Kind == Word && t.Role != FileName:
			w := wordOf(f.text, t)
			w.verbatim = verbatim
			line = append(line, w)
		case t.Kind == Comment && !f.inside: // may be a command put aside
			f.comment(t.Start, t.End)
		default: // a filter may compare
			f.loose(t.Start, t.End)
		}
	}
	f.line(line)
}

// finder gathers the secrets of a text.
type finder struct {
	rules
	text    string
	spans   []span
	inside  bool // a comment
	masking bool // the word before was a secret or its name: what follows without a = belongs to it
}

// hide masks a part of the text.
func (f *finder) hide(start, end int) {
	if start < end {
		f.spans = append(f.spans, span{start: start, end: end, show: mask, secrets: []string{f.text[start:end]}})
	}
}

// comment looks at a comment as a text of its own.
func (f *finder) comment(start, end int) {
	start = end - len(strings.TrimLeft(f.text[start:end], "# \t"))
	inner := finder{text: f.text[start:end], inside: true}
	tokens, _ := lex(inner.text)
	inner.words(tokens, false)
	f.shifted(start, inner.spans)
}

// shifted adds spans of the part of the text that begins at start.
func (f *finder) shifted(start int, spans []span) {
	for _, s := range spans {
		s.start, s.end = s.start+start, s.end+start
		f.spans = append(f.spans, s)
	}
}

// loose looks at a part of the text that follows no rules.
func (f *finder) loose(start, end int) { f.shifted(start, looseSecrets(f.text[start:end])) }

// line finds the secrets of one command or action.
func (f *finder) line(line []word) {
	f.rules, f.masking = rules{}, false
	if len(line) == 0 {
		return
	}
	end := line[len(line)-1].end
	if first := strings.TrimPrefix(line[0].raw(), "."); nearly(first, "hmp") {
		f.shifted(line[0].end, hmpSecrets(f.text[line[0].end:end]))
		return
	}
	command := f.command(line)
	f.look(line)
	for i := 0; i < len(line); i++ {
		w := line[i]
		switch {
		case f.hmp != "" && i > command && (w.eq < 0 || nearly(f.text[w.start:max(w.start, w.keyEnd)], f.hmp)):
			i = f.monitor(line, i)
		case w.eq >= 0:
			f.argument(w)
		case i > command && !f.masking && (w.is("vnc") || w.is("spice") || w.is(")")): // the protocol, as in the human monitor
		case i > command && (f.masking || f.on):
			f.hide(w.start, w.end)
		case w.bracket:
			f.shifted(w.start, messageSecrets(w.raw()))
		case w.name() != w.raw() && strings.ContainsAny(w.name(), " {"): // a whole line in quotes
			f.quoted(w)
		case i >= command && secretName(w.name()):
			f.masking = i > command || !f.on // password = x
		case i != command:
			f.loose(w.start, w.end)
		}
	}
}

// command finds the name of the command, and with it the rules: .json NAME, exec NAME, a prompt that was copied along.
func (f *finder) command(line []word) (at int) {
	for i, w := range line[:min(len(line), 12)] {
		if w.eq >= 0 || w.bracket {
			continue
		}
		name := w.name()
		if r := rulesFor(name); r.on && (!f.on || r.name == name) {
			f.rules, at = r, i
		}
	}
	return at
}

// quoted finds the secrets of a line that stands in quotes, as for the user's own shell.
func (f *finder) quoted(w word) {
	inner := w.name()
	tokens, _ := lex(inner)
	f.anew(w.start, w.end, inner, secretsIn(inner, tokens, false))
}

// monitor finds the secrets of a line of the human monitor: the value of a word and the words behind it that have no key.
// It returns the place of the last one.
func (f *finder) monitor(line []word, i int) (last int) {
	w := line[i]
	for last = i; last+1 < len(line) && line[last+1].eq < 0; last++ {
	}
	switch {
	case last > i:
		start := max(w.start, w.eq+1)
		f.shifted(start, hmpSecrets(f.text[start:line[last].end]))
	case w.eq < 0:
		f.anew(w.start, w.end, w.name(), hmpSecrets(w.name()))
	default:
		f.anew(w.eq+1, w.end, w.valueText(), hmpSecrets(w.valueText()))
	}
	return last
}

// look notes what the values of a line say about its secrets: the type of an object, the name of a property.
func (f *finder) look(line []word) {
	f.property = true // until it is known to be harmless
	for _, w := range line {
		if w.eq < 0 {
			continue
		}
		key := f.text[w.start:w.keyEnd]
		if qomType, _, commas := strings.Cut(key, ","); commas {
			f.relax(qomType)
		}
		switch value := w.valueText(); key {
		case "qom-type":
			f.relax(value)
		case "property":
			f.property = secretName(value) || nearly(value, "data")
		}
	}
}

// argument finds the secrets of a word with a =.
func (f *finder) argument(w word) {
	start, end := w.eq+1, w.end
	if _, _, ok := sourceOf(w.text[start:end]); ok { // where a secret comes from is none
		f.masking = false
		return
	}
	named := f.masking && w.keyEnd == w.start
	f.masking = named
	parts := SplitKey(w.text[w.start:w.keyEnd], w.verbatim)
	for i, part := range parts {
		f.masking = f.masking || f.secret(part.Name, i)
	}
	switch raw := w.text[start:end]; {
	case f.masking:
		f.hide(start, end)
		if raw != "" {
			last := &f.spans[len(f.spans)-1]
			last.value, last.secrets = true, append(last.secrets, w.valueText())
		}
	case w.bracket:
		f.shifted(start, valueSecrets(raw, f.rules, len(parts)))
	case strings.HasPrefix(raw, jsonPrefix):
		f.shifted(start+len("json:"), valueSecrets(raw[len("json:"):], f.rules, len(parts)))
	case f.on && f.options(start, end):
	default:
		f.string(start, end, w.valueText())
	}
}

// options finds the secrets among options that are joined by commas, as on QEMU's command line: driver=x,id=y. From the
// first one on all is masked. It is false if there is none.
func (f *finder) options(start, end int) bool {
	for at := start; ; {
		i := strings.IndexByte(f.text[at:end], ',')
		if i < 0 {
			return false
		}
		at += i + 1
		n := strings.IndexAny(f.text[at:end], ",=")
		if n >= 0 && f.text[at+n] == '=' && f.secret(f.text[at:at+n], 0) {
			f.hide(at+n+1, end)
			return true
		}
	}
}

// string finds the secrets of a value that is text. Quotes and escapes may stand between what is typed and what it says:
// if masking the one does not hide all of the other, the value is written anew.
func (f *finder) string(start, end int, value string) {
	typed := looseSecrets(f.text[start:end])
	if f.text[start:end] == value {
		f.shifted(start, typed)
		return
	}
	said := looseSecrets(value)
	shown := replace(f.text[start:end], typed)
	for _, s := range said {
		if slices.ContainsFunc(s.secrets, func(secret string) bool { return strings.Contains(shown, secret) }) {
			f.anew(start, end, value, said)
			return
		}
	}
	f.shifted(start, typed)
}

// anew masks a value whose text, as the server gets it, holds secrets.
func (f *finder) anew(start, end int, value string, found []span) {
	if len(found) == 0 {
		return
	}
	s := span{start: start, end: end, show: `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(replace(value, found)) + `"`}
	for _, inner := range found {
		s.secrets = append(s.secrets, inner.secrets...)
	}
	f.spans = append(f.spans, s)
}

// valueText is the text of a word's value, if that is a string.
func (w word) valueText() string {
	raw := w.text[w.eq+1 : w.end]
	if w.exact {
		return plainString(raw)
	}
	value, _ := w.plainText(raw)
	return value
}
