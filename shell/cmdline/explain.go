package cmdline

import (
	"fmt"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// label names the value under way, or one below it, for messages.
func (b *binder) label(below ...string) string {
	path := strings.Join(append(b.path[:len(b.path):len(b.path)], below...), ".")
	if path == "" {
		path = b.name
	}
	return quoteWord(path)
}

// keys is the path of the value under way, or of one below it, as dotted keys have it. Of a long one it is the end.
func (b *binder) keys(below ...string) string {
	const most = 60
	path := strings.Join(append(b.path[:len(b.path):len(b.path)], below...), ".")
	if len(path) > most {
		path = "…" + strings.ToValidUTF8(path[len(path)-most:], "")
	}
	return path
}

// nearHint offers names that may have been meant.
func nearHint(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return "did you mean " + strings.Join(near, " or ") + "?"
}

// casesHint says with which values of the tag a member comes.
func casesHint(tag string, cases []string) string {
	const most = 4
	if len(cases) > most {
		cases = append(cases[:most:most], "…")
	}
	return "it comes with " + tag + "=" + strings.Join(cases, ", ")
}

func (b *binder) unknownCommand(name string, at int) *fault {
	f := &fault{at: at, msg: "the server has no command " + quoteWord(name), hint: nearHint(b.Schema.NearestCommand(name))}
	if f.hint == "" {
		f.hint = "`describe` (in the shell .describe) lists those that it has"
	}
	return f
}

func unknownAction(a action, names []string) *fault {
	return &fault{at: a.at, msg: "a transaction has no action " + quoteWord(a.name), hint: nearHint(qapi.Nearest(a.name, names))}
}

// unknownMember makes the fault for n's member k, which no layer has.
func (b *binder) unknownMember(n, k *node, layers []*qapi.Object) *fault {
	var names []string
	var tag, value string
	f := &fault{at: k.at}
	for _, layer := range layers {
		for i := range layer.Members {
			names = append(names, layer.Members[i].Name)
		}
		if layer.Tag == "" {
			continue
		}
		var known bool
		tag = layer.Tag
		value, known = b.tag(n, layer)
		if cases := layer.Cases(k.name); len(cases) > 0 {
			f.hint = casesHint(tag, cases)
			if !known {
				b.path = b.path[:len(b.path)-1]
				return b.lacks(n, []string{tag}, fmt.Sprintf("%s decides whether there is %q: %s", tag, k.name, f.hint))
			}
		}
	}
	if near := nearHint(qapi.Nearest(k.name, names)); near != "" {
		f.hint = near
	}
	outer := *b
	outer.path = b.path[:len(b.path)-1]
	f.msg = fmt.Sprintf("%s has no argument %s", outer.label(), quoteWord(k.name))
	if value != "" {
		f.msg += fmt.Sprintf(" with %s=%s", tag, value)
	}
	switch {
	case f.hint != "":
	case tag != "" && value == "":
		f.hint = fmt.Sprintf("%s decides what it takes", outer.keys(tag))
	default:
		f.hint = listHint("it takes", names)
	}
	return f
}

// listHint lists names when they are few.
func listHint(intro string, names []string) string {
	const most = 60
	list := strings.Join(names, ", ")
	switch {
	case list == "":
		return intro + " none"
	case len(list) > most:
		return ""
	}
	return intro + " " + list
}

func (b *binder) unknownProperty(name string, at int, p properties) *fault {
	owner := p.owner.Driver
	if owner == "" {
		owner = p.owner.Path
	}
	return &fault{at: at, msg: fmt.Sprintf("%s has no property %s", quoteWord(owner), quoteWord(name)), hint: nearHint(p.near(name))}
}

// missing looks for members that must be there and are not.
func (b *binder) missing(n *node, layers []*qapi.Object) *fault {
	var names []string
	for _, layer := range layers {
		for i := range layer.Members {
			if m := &layer.Members[i]; !m.Optional && n.kid(m.Name) == nil {
				names = append(names, m.Name)
			}
		}
	}
	if names == nil {
		return nil
	}
	return b.lacks(n, names, "")
}

// lacks makes the fault for members that n lacks: behind the command, or at the word that begins n.
func (b *binder) lacks(n *node, names []string, hint string) *fault {
	for i, name := range names {
		names[i] = b.label(name)
	}
	f := &fault{at: b.end, msg: b.name + " lacks the argument " + names[0], hint: hint}
	if last := len(names) - 1; last > 0 {
		f.msg = b.name + " lacks the arguments " + strings.Join(names[:last], ", ") + " and " + names[last]
	}
	if len(b.path) > 0 {
		f.at = n.at
	} else if f.hint == "" {
		f.hint = b.usage()
	}
	return f
}

// usage shows how the command is used, if that is short.
func (b *binder) usage() string {
	const most = 100
	c := b.Schema.Command(b.name)
	if c == nil {
		return ""
	}
	if usage := c.Signature(); len(usage) <= most {
		return usage
	}
	return ""
}

// noMembers makes the fault for dotted keys below a type that has none.
func (b *binder) noMembers(n *node, t *qapi.Type) *fault {
	return &fault{
		at:   n.kids[0].at,
		msg:  fmt.Sprintf("%s takes %s and has no members", b.label(), due(t)),
		hint: "give it one value",
	}
}

func (b *binder) notAnIndex(n, k *node) *fault {
	f := &fault{
		at:   k.at,
		msg:  fmt.Sprintf("%s is an array, and %s is no number of an element", b.label(), quoteWord(k.name)),
		hint: "elements count from 0: " + b.keys("0"),
	}
	if len(k.name) <= 30 && !allDigits(k.name) {
		f.hint += "." + k.name
	}
	return f
}

func (b *binder) gap(n, k *node) *fault {
	missing := 0
	for n.kid(fmt.Sprint(missing)) != nil {
		missing++
	}
	return &fault{
		at:   k.at,
		msg:  fmt.Sprintf("%s is given, but not %s", b.label(k.name), b.label(fmt.Sprint(missing))),
		hint: "the elements of an array count from 0 without gaps",
	}
}

// due says what a type takes, for people.
func due(t *qapi.Type) string {
	switch t.Kind {
	case qapi.KindString:
		return "a string"
	case qapi.KindInt:
		return "an integer"
	case qapi.KindNumber:
		return "a number"
	case qapi.KindBool:
		return "on or off"
	case qapi.KindNull:
		return "null"
	case qapi.KindObject:
		return "an object"
	case qapi.KindArray:
		return "an array"
	case qapi.KindEnum:
		return "one of a set of words"
	case qapi.KindAlternate:
		var parts []string
		for _, t := range t.Alternate.Types {
			parts = append(parts, due(t))
		}
		return strings.Join(parts, ", or ")
	}
	return "anything"
}

// wrongType makes the fault for a value that the type does not take.
func (b *binder) wrongType(v *value, t *qapi.Type) *fault {
	given := b.given(v)
	if v.form == quotedText {
		given = "the string " + given
	}
	if enum := enumOf(t); enum != nil && (v.form == plainWord || v.form == quotedText || v.form == sourced) {
		return b.notInEnum(v, enum)
	}
	f := &fault{at: v.at, msg: fmt.Sprintf("%s takes %s, not %s", b.label(), due(t), given)}
	name := b.keys()
	_, verdict := integer(v.text)
	switch {
	case v.form == quotedText && t.Kind != qapi.KindObject && t.Kind != qapi.KindArray:
		f.hint = "quotes make it a string: leave them out"
	case t.Kind == qapi.KindInt && verdict == hasFraction:
		f.hint = "this is no whole number of bytes"
	case t.Kind == qapi.KindInt:
		f.hint = "for example 4096, 0x1000 or 4K"
	case t.Kind == qapi.KindArray:
		f.hint = fmt.Sprintf("give its elements: %s.0=..., or %s=[...]", name, name)
	case t.Kind == qapi.KindObject:
		f.hint = fmt.Sprintf("give its members: %s.%s=..., or %s={...}", name, firstMember(t.Object), name)
	}
	return f
}

// firstMember names a member of o, as an example.
func firstMember(o *qapi.Object) string {
	if list := o.Valid(nil); len(list) > 0 {
		return list[0].Name
	}
	return "member"
}

func (b *binder) outOfRange(v *value) *fault {
	return &fault{at: v.at, msg: fmt.Sprintf("%s: %s does not fit into 64 bits", b.label(), b.given(v))}
}

func (b *binder) notInEnum(v *value, t *qapi.Type) *fault {
	names := t.Enum.Names()
	f := &fault{at: v.at, msg: fmt.Sprintf("%s does not take %s", b.label(), b.given(v))}
	if v.form != sourced {
		text, _ := b.stringOf(v)
		f.msg = fmt.Sprintf("%s has no value %s", b.label(), quoteWord(text))
		f.hint = nearHint(qapi.Nearest(text, names))
	}
	if f.hint == "" {
		f.hint = listHint("it is one of", names)
	}
	return f
}

// given names a value. What comes from elsewhere may be a secret, and is named by its source.
func (b *binder) given(v *value) string {
	if v.form == sourced {
		return "what " + quoteWord(b.st.Sources[v.source].label()) + " gave"
	}
	return quoteWord(v.text)
}

// label names a source as it is typed.
func (s Source) label() string {
	switch s.Kind {
	case File:
		return "@file:" + s.Name
	case Env:
		return "@env:" + s.Name
	}
	return "@prompt"
}
