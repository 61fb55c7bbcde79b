package cmdline

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// anything is the type of which nothing is known.
func anything() *qapi.Type { return &qapi.Type{Kind: qapi.KindAny} }

// value appends n as a value of type t. A fault is one of the text, and not of the type.
func (b *binder) value(n *node, t *qapi.Type) *fault {
	if n.leaf != nil {
		from := len(b.out)
		f := b.leaf(n.leaf, t)
		b.origins = append(b.origins, origin{n.leaf, from, len(b.out)})
		return f
	}
	members, elem := t.Below()
	if elem != nil || n.list {
		if elements, ok := n.elements(); ok {
			return b.array(elements, elem)
		}
	}
	b.out = append(b.out, '{')
	for i, k := range n.kids {
		if i > 0 {
			b.out = append(b.out, ", "...)
		}
		b.out = append(appendString(b.out, k.name), ": "...)
		if f := b.value(k, b.memberType(n, k.name, members)); f != nil {
			return f
		}
	}
	b.out = append(b.out, '}')
	return nil
}

// memberType returns the type of n's member of that name, where n takes the members of o.
func (b *binder) memberType(n *node, name string, o *qapi.Object) *qapi.Type {
	if o != nil {
		if m := o.Lookup(name, func(tag string) (string, bool) { return b.string(n.kid(tag)) }); m != nil {
			return m.Type
		}
	}
	return anything()
}

func (b *binder) array(elements []*node, elem *qapi.Type) *fault {
	if elem == nil {
		elem = anything()
	}
	b.out = append(b.out, '[')
	for i, k := range elements {
		if i > 0 {
			b.out = append(b.out, ", "...)
		}
		if f := b.value(k, elem); f != nil {
			return f
		}
	}
	b.out = append(b.out, ']')
	return nil
}

// string returns the text of n where a string or the value of an enum is due.
func (b *binder) string(n *node) (text string, ok bool) {
	if n == nil || n.leaf == nil {
		return "", false
	}
	switch v := n.leaf; {
	case v.form == sourced && !v.exact:
		return b.source(v), true
	case v.form == sourced:
		return text, json.Unmarshal([]byte(b.source(v)), &text) == nil
	case v.form == exactJSON:
		return text, json.Unmarshal([]byte(v.text), &text) == nil
	default:
		return v.text, true
	}
}

// leaf appends the value v as type t.
func (b *binder) leaf(v *value, t *qapi.Type) *fault {
	switch v.form {
	case exactJSON:
		return b.exact(v, v.text)
	case sourced:
		return b.fromSource(v, t)
	case quotedText:
		b.out = appendString(b.out, v.text)
		return nil
	case bracketed:
		return b.brackets(v, v.text, t)
	}
	b.plain(v, v.text, t)
	return nil
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
		return b.exact(v, text)
	case t.Kind == qapi.KindAny:
		b.out = appendString(b.out, text)
	case first != "" && (first[0] == '{' || first[0] == '['):
		return b.brackets(v, text, t)
	case takesText(t, text):
		b.out = appendString(b.out, text)
	default:
		b.plain(v, first, t)
	}
	return nil
}

// exact appends JSON that was given as such.
func (b *binder) exact(v *value, text string) *fault {
	raw := []byte(strings.TrimSpace(text))
	if !json.Valid(raw) {
		converted, f := parseLiteral(text)
		if f != nil {
			f.msg = "no JSON: " + f.msg
			return b.inside(v, text, f)
		}
		raw = converted
	}
	b.out = append(b.out, raw...)
	return nil
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

// brackets appends text that begins with { or [: JSON or a Python literal, unless only a string will do.
func (b *binder) brackets(v *value, text string, t *qapi.Type) *fault {
	bracket := strings.TrimSpace(text)[0]
	if !takesBrackets(t, bracket) && takesText(t, text) {
		if v.form != sourced {
			text = joinContinued(text)
		}
		b.out = appendString(b.out, text)
		return nil
	}
	raw, f := parseLiteral(text)
	switch {
	case f == nil:
		b.out = append(b.out, raw...)
	case v.form == sourced && takesText(t, text), v.form != sourced && plainBrackets(text):
		b.out = appendString(b.out, text)
	case v.form == sourced:
		return b.inside(v, text, f)
	default:
		f.at += v.at
		return v.looksBroken(f)
	}
	return nil
}

// plain appends a word without quotes or brackets: as the type takes it, else as what it looks like. What is not in the
// text looks like a string.
func (b *binder) plain(v *value, word string, t *qapi.Type) {
	raw := typedWord(word, t)
	switch {
	case raw != "":
		b.out = append(b.out, raw...)
	case t.Kind == qapi.KindEnum, v.form == sourced: // the enum may have a newer value
		b.out = appendString(b.out, word)
	default:
		b.out = append(b.out, guess(word)...)
	}
}

// takesText says whether the type takes the text as a string.
func takesText(t *qapi.Type, text string) bool {
	switch t.Kind {
	case qapi.KindString:
		return true
	case qapi.KindEnum:
		return t.Enum.Value(text) != nil
	case qapi.KindAlternate:
		for _, choice := range t.Alternate.Types {
			if takesText(choice, text) {
				return true
			}
		}
	}
	return false
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

// typedWord returns the JSON that a word stands for where type t is due, "" if it stands for nothing there.
func typedWord(word string, t *qapi.Type) string {
	switch t.Kind {
	case qapi.KindString, qapi.KindEnum:
		if takesText(t, word) {
			return string(appendString(nil, word))
		}
	case qapi.KindInt:
		digits, _ := integer(word)
		return digits
	case qapi.KindNumber:
		digits, _ := fraction(word)
		return digits
	case qapi.KindBool:
		switch is, ok := boolean(word); {
		case ok && is:
			return "true"
		case ok:
			return "false"
		}
	case qapi.KindNull:
		if isNullWord(word) {
			return "null"
		}
	case qapi.KindAlternate:
		// Those types first that take the fewest words.
		for _, kind := range []qapi.Kind{qapi.KindNull, qapi.KindEnum, qapi.KindBool, qapi.KindInt, qapi.KindNumber, qapi.KindString} {
			for _, choice := range t.Alternate.Types {
				if choice.Kind != kind {
					continue
				}
				if raw := typedWord(word, choice); raw != "" {
					return raw
				}
			}
		}
	}
	return ""
}
