package cmdline

import (
	"fmt"
	"strings"
)

// form says how a value was given, which decides what it may become.
type form uint8

const (
	plainWord form = iota // a word without quotes
	quotedText
	bracketed // begins with { or [
	exactJSON // behind :=, or a member of an object that dotted keys add to
	sourced   // from a file, the environment or the keyboard
)

// value is what stands behind the = of a word, without a type.
type value struct {
	form   form
	text   string // without quotes; of bracketed and exactJSON as typed
	at     int    // where it starts, in bytes
	source int    // of sourced: index of the Source
	exact  bool   // of sourced: JSON, behind :=
	word   word   // where it stands
}

// value returns the word's value. The word has a =. p takes the source that it may name.
func (w word) value(p *parser) (value, *fault) {
	v := value{text: w.text[w.eq+1 : w.end], at: w.eq + 1, word: w}
	if kind, name, ok := sourceOf(v.text); ok {
		v.form, v.exact, v.source = sourced, w.exact, len(p.sources)
		if !w.verbatim || wholeQuote(name) {
			name, _, _ = Unquote(name)
		}
		if name == "" && kind != Prompt {
			return v, &fault{at: v.at, msg: quoteWord(v.text) + " names nothing to read", hint: `to send it as text, put it in quotes`}
		}
		p.sources = append(p.sources, Source{Kind: kind, Name: name, Key: w.text[w.start:w.keyEnd], At: v.at})
		return v, nil
	}
	switch {
	case w.exact:
		v.form = exactJSON
	case w.bracket:
		v.form = bracketed
	default:
		var quoted bool
		if v.text, quoted = w.plainText(v.text); quoted {
			v.form = quotedText
		}
	}
	return v, nil
}

// plainText removes the quotes of a value that does not begin with a bracket, and says whether there were any.
func (w word) plainText(raw string) (text string, quoted bool) {
	escaped := strings.HasPrefix(raw, `\@`)
	switch {
	case strings.HasPrefix(raw, jsonPrefix):
		if w.verbatim {
			return raw, false
		}
		return joinContinued(raw), false
	case w.verbatim && !wholeQuote(raw):
		text = raw
	default:
		text, quoted, _ = Unquote(raw)
	}
	if escaped {
		text = text[1:]
	}
	return text, quoted
}

// sourceOf takes a value that names a source apart.
func sourceOf(raw string) (kind SourceKind, name string, ok bool) {
	if raw == "@prompt" {
		return Prompt, "", true
	}
	if name, ok = strings.CutPrefix(raw, "@file:"); ok {
		return File, name, true
	}
	name, ok = strings.CutPrefix(raw, "@env:")
	return Env, name, ok
}

// looksBroken makes the fault for a value that begins like JSON and is none.
func (v value) looksBroken(f *fault) *fault {
	if v.word.verbatim && !strings.ContainsAny(v.text, `"'`) && strings.ContainsAny(v.text, ":,") {
		return tookQuotes(v.word, v.at)
	}
	f.msg = fmt.Sprintf("%s looks like JSON, but: %s", quoteWord(v.text), f.msg)
	if f.hint == "" {
		f.hint = "to send it as text, put it in quotes"
	}
	return f
}
