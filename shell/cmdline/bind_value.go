package cmdline

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// leaf appends the value v as type t; nil is a type of which nothing is known.
func (b *binder) leaf(v *value, t *qapi.Type) *fault {
	if t != nil && t.Kind == qapi.KindAny {
		t = nil
	}
	switch v.form {
	case exactJSON:
		return b.exact(v, v.text, t)
	case sourced:
		return b.fromSource(v, t)
	case quotedText:
		if t == nil || b.text(v.text, t) || !b.strict {
			return b.appendText(v.text)
		}
		return b.wrongType(v, t)
	case bracketed:
		return b.brackets(v, v.text, t)
	}
	return b.plain(v, v.text, t)
}

// source returns what was found at the source of v.
func (b *binder) source(v *value) string {
	text := b.Sources[v.source]
	text = strings.TrimSuffix(text, "\n")
	return strings.TrimSuffix(text, "\r")
}

// fromSource appends a value that is not in the text. Where no type is known it is a string.
func (b *binder) fromSource(v *value, t *qapi.Type) *fault {
	text := b.source(v)
	if f := badBytes(text); f != nil {
		return &fault{at: v.at, msg: b.given(v) + " cannot be sent: " + f.msg, hint: f.hint}
	}
	switch first := strings.TrimSpace(text); {
	case v.exact:
		return b.exact(v, text, t)
	case t == nil:
		return b.appendText(text)
	case first != "" && (first[0] == '{' || first[0] == '['):
		return b.brackets(v, text, t)
	case b.text(text, t):
		return b.appendText(text)
	default:
		return b.plain(v, first, t)
	}
}

// appendText appends a string that is known to fit.
func (b *binder) appendText(text string) *fault {
	b.out = appendString(b.out, text)
	return nil
}

// text says whether the type takes the text as a string.
func (b *binder) text(text string, t *qapi.Type) bool {
	switch t.Kind {
	case qapi.KindString:
		return true
	case qapi.KindEnum:
		return t.Enum.Value(text) != nil
	case qapi.KindAlternate:
		for _, choice := range t.Alternate.Types {
			if b.text(text, choice) {
				return true
			}
		}
	}
	return false
}

// exact appends JSON that was given as such.
func (b *binder) exact(v *value, text string, t *qapi.Type) *fault {
	raw := []byte(strings.TrimSpace(text))
	if !json.Valid(raw) {
		converted, f := parseLiteral(text)
		if f != nil {
			f.msg = "no JSON: " + f.msg
			return b.inside(v, text, f)
		}
		raw = converted
	}
	return b.json(v, raw, t)
}

// inside places a fault in the text of v, JSON, whose offset counts from the text's start. Of what comes from elsewhere
// only a file that was meant to be JSON is shown.
func (b *binder) inside(v *value, text string, f *fault) *fault {
	if v.form != sourced {
		f.at += v.at
		return f
	}
	msg := b.given(v) + " is no JSON"
	if b.showsSource(v) {
		msg += fmt.Sprintf(": line %d: %s", 1+strings.Count(text[:min(f.at, len(text))], "\n"), f.msg)
	}
	return &fault{at: v.at, msg: msg}
}

// showsSource says whether messages may tell what is wrong inside a source.
func (b *binder) showsSource(v *value) bool {
	text := strings.TrimSpace(b.Sources[v.source])
	return b.st.Sources[v.source].Kind == File && text != "" && (text[0] == '{' || text[0] == '[')
}

// brackets appends text that begins with { or [: JSON or a Python literal, unless only a string will do.
func (b *binder) brackets(v *value, text string, t *qapi.Type) *fault {
	if t != nil && !takesBrackets(t, strings.TrimSpace(text)[0]) && b.text(text, t) {
		if v.form != sourced {
			text = joinContinued(text)
		}
		return b.appendText(text)
	}
	raw, f := parseLiteral(text)
	switch {
	case f == nil:
		return b.json(v, raw, t)
	case v.form == sourced && b.text(text, t):
		return b.appendText(text)
	case v.form == sourced:
		return b.inside(v, text, f)
	case !plainBrackets(text):
		f.at += v.at
		return v.looksBroken(f)
	case t == nil || b.text(text, t) || !b.strict:
		return b.appendText(text)
	}
	return b.wrongType(v, t)
}

// takesBrackets says whether the type takes JSON that begins with that bracket.
func takesBrackets(t *qapi.Type, bracket byte) bool {
	switch t.Kind {
	case qapi.KindAny:
		return true
	case qapi.KindObject:
		return bracket == '{'
	case qapi.KindArray:
		return bracket == '['
	case qapi.KindAlternate:
		for _, choice := range t.Alternate.Types {
			if takesBrackets(choice, bracket) {
				return true
			}
		}
	}
	return false
}

// json appends sound JSON that stands for v.
func (b *binder) json(v *value, raw []byte, t *qapi.Type) *fault {
	if b.strict && t != nil && !b.lenient {
		if err := t.Check(raw); err != nil {
			return b.badJSON(v, t, err)
		}
	}
	b.out = append(b.out, raw...)
	return nil
}

// plain appends a word without quotes or brackets.
func (b *binder) plain(v *value, word string, t *qapi.Type) *fault {
	if t == nil {
		return b.guess(v, word)
	}
	digits, verdict := b.word(word, t)
	switch {
	case verdict == tooLarge && b.strict:
		return b.outOfRange(v)
	case digits != "":
		b.out = append(b.out, digits...)
		return nil
	case b.strict:
		return b.wrongType(v, t)
	case t.Kind == qapi.KindEnum:
		return b.appendText(word) // a newer value
	}
	return b.guess(v, word)
}

// guess appends a word of which nothing is known. What is not in the text is a string then.
func (b *binder) guess(v *value, word string) *fault {
	if v.form == sourced {
		return b.appendText(word)
	}
	b.out = append(b.out, guess(word)...)
	return nil
}

// word returns the JSON that a word stands for where type t is due, "" if it stands for nothing there.
func (b *binder) word(word string, t *qapi.Type) (raw string, v verdict) {
	switch t.Kind {
	case qapi.KindString, qapi.KindEnum:
		if b.text(word, t) {
			return string(appendString(nil, word)), 0
		}
	case qapi.KindInt:
		return integer(word)
	case qapi.KindNumber:
		raw, _ = fraction(word)
	case qapi.KindBool:
		switch is, ok := boolean(word); {
		case ok && is:
			return "true", 0
		case ok:
			return "false", 0
		}
	case qapi.KindNull:
		if isNullWord(word) {
			return "null", 0
		}
	case qapi.KindAlternate:
		return b.alternate(word, t.Alternate)
	}
	return raw, 0
}

// alternate tries the types that an alternate has for a word, those first that take the fewest words.
func (b *binder) alternate(word string, a *qapi.Alternate) (raw string, v verdict) {
	for _, kind := range []qapi.Kind{qapi.KindNull, qapi.KindEnum, qapi.KindBool, qapi.KindInt, qapi.KindNumber, qapi.KindString} {
		for _, t := range a.Types {
			if t.Kind != kind {
				continue
			}
			if raw, v = b.word(word, t); raw != "" {
				return raw, v
			}
		}
	}
	return "", v
}
