package cmdline

import (
	"encoding/json"
	"errors"
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
		if t == nil || b.text(v.text, t) {
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
		return &fault{at: v.at, msg: "what " + quoteWord(b.st.Sources[v.source].label()) + " gave cannot be sent: " + f.msg, hint: f.hint}
	}
	switch first := strings.TrimSpace(text); {
	case v.exact:
		return b.exact(v, text, t)
	case t == nil:
		return b.appendText(text)
	case b.text(text, t):
		return b.appendText(text)
	case first != "" && (first[0] == '{' || first[0] == '['):
		return b.brackets(v, first, t)
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
			if f.at += v.at; v.form == sourced {
				f.at = v.at
			}
			f.msg = "no JSON: " + f.msg
			return f
		}
		raw = converted
	}
	return b.json(v, raw, t)
}

// brackets appends text that begins with { or [: JSON or a Python literal, unless only a string will do.
func (b *binder) brackets(v *value, text string, t *qapi.Type) *fault {
	if t != nil && !takesBrackets(t, text[0]) && b.text(text, t) {
		return b.appendText(joinContinued(text))
	}
	raw, f := parseLiteral(text)
	switch {
	case f == nil:
		return b.json(v, raw, t)
	case !plainBrackets(text):
		if f.at += v.at; v.form == sourced {
			f.at = v.at
		}
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
		return b.guess(v)
	}
	digits, verdict := b.word(word, t)
	switch {
	case verdict == tooLarge && b.strict:
		return b.outOfRange(v, word, t)
	case digits != "":
		b.out = append(b.out, digits...)
		return nil
	case b.strict:
		return b.wrongType(v, t)
	}
	return b.guess(v)
}

// guess appends a value of which nothing is known.
func (b *binder) guess(v *value) *fault {
	if v.form == sourced {
		return b.appendText(b.source(v))
	}
	raw, f := guess(*v)
	b.out = append(b.out, raw...)
	return f
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

// badJSON makes the fault for JSON that the type does not take.
func (b *binder) badJSON(v *value, t *qapi.Type, err error) *fault {
	var bad *qapi.ValueError
	if !errors.As(err, &bad) {
		return &fault{at: v.at, msg: err.Error()}
	}
	f := &fault{at: v.at, msg: b.label(bad.Keys...) + ": " + bad.Problem(), hint: nearHint(bad.Near)}
	if v.form != sourced && json.Valid([]byte(v.text)) {
		if errors.As(t.Check([]byte(v.text)), &bad) {
			f.at += bad.Offset
		}
	}
	if f.hint == "" && len(bad.Cases) > 0 {
		f.hint = casesHint(bad.TagName, bad.Cases)
	}
	return f
}
