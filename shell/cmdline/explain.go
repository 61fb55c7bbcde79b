package cmdline

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// spot is a place in a command's arguments, and what of the text leads there.
type spot struct {
	of   string   // the command, or the action of a transaction
	end  int      // offset behind its last word
	keys []string // the path below it
	node *node    // the last one on the path that is in the text
	in   bool     // the path leads on, into the JSON of the node's leaf
}

// spot follows keys from the arguments downwards.
func (b *binder) spot(keys []string) spot {
	s := spot{of: b.st.Name, end: b.st.end, keys: keys, node: b.st.args}
	for i, key := range keys {
		k := s.node.kid(key)
		if k == nil {
			s.in = s.node.leaf != nil
			break
		}
		s.node = k
		if n, err := strconv.Atoi(key); i == 1 && err == nil && n < len(b.st.actions) && b.st.actions[n].name != "" {
			s.of, s.end, s.keys = b.st.actions[n].name, b.st.actions[n].end, keys[min(3, len(keys)):]
		}
	}
	return s
}

// above is the path to what holds the last key.
func (s spot) above() []string { return s.keys[:max(0, len(s.keys)-1)] }

// label names the place at keys.
func (s spot) label(keys []string) string {
	if len(keys) == 0 {
		return quoteWord(s.of)
	}
	return quoteWord(strings.Join(keys, "."))
}

// dotted is the place, or one below it, as dotted keys have it. Of a long one it is the end.
func (s spot) dotted(below ...string) string {
	const most = 60
	path := strings.Join(slices.Concat(s.keys, below), ".")
	if len(path) > most {
		path = "…" + strings.ToValidUTF8(path[len(path)-most:], "")
	}
	return path
}

// explain turns what the schema's check found into a fault at its place in the text.
func (b *binder) explain(err error) *fault {
	var bad *qapi.ValueError
	if !errors.As(err, &bad) {
		return &fault{at: b.st.nameAt, msg: oneLine(err.Error())}
	}
	if bad.Fault == qapi.BadJSON {
		v := b.originAt(bad.Offset).value
		return &fault{at: b.offset(v, bad.Offset), msg: b.given(v) + " cannot be sent: " + bad.Want}
	}
	s := b.spot(bad.Keys)
	leaf := s.node.leaf
	if leaf != nil && leaf.form == sourced && s.in && !b.showsSource(leaf) {
		return &fault{at: leaf.at, msg: fmt.Sprintf("%s does not take %s", s.label(s.keys), b.given(leaf))}
	}
	f := b.fault(s, bad)
	switch {
	case bad.Fault == qapi.MissingMember && len(s.keys) == 1 && !s.in:
		f.at = s.end
	case leaf != nil && (s.in || bad.Fault == qapi.MissingMember):
		f.at = b.offset(leaf, bad.Offset)
	case leaf != nil && bad.Fault != qapi.UnknownMember && f.at == 0:
		f.at = leaf.at
	case f.at == 0:
		f.at = s.node.at
	}
	return f
}

// originAt returns what of the text the JSON at the offset comes from.
func (b *binder) originAt(offset int) origin {
	i, _ := slices.BinarySearchFunc(b.origins, offset, func(s origin, at int) int { return s.to - at })
	return b.origins[min(i, len(b.origins)-1)]
}

// offset returns where in the text of v the JSON at the offset stands, as far as that can be told.
func (b *binder) offset(v *value, offset int) int {
	s := b.originAt(offset)
	if s.value != v || v.form == sourced {
		return v.at
	}
	return v.at + typedOffset(v.text, b.out[s.from:offset])
}

// typedOffset returns how much of a value as it was typed has become the JSON in sent, its beginning: it differs in blanks,
// and where it is Python's in quotes and in the case of words. Where the two part it returns 0.
func typedOffset(typed string, sent []byte) int {
	i := 0
	for _, c := range sent {
		for i < len(typed) && typed[i] != c && (spaceAt(typed, i) > 0 || typed[i] == '\n') {
			i += max(spaceAt(typed, i), 1)
		}
		switch {
		case i < len(typed) && (typed[i] == c || typed[i] == '\'' && c == '"' || typed[i]|0x20 == c):
			i++
		case c != ' ':
			return 0
		}
	}
	for i < len(typed) && (spaceAt(typed, i) > 0 || typed[i] == '\n') {
		i += max(spaceAt(typed, i), 1)
	}
	return i
}

// fault puts what the check found into words.
func (b *binder) fault(s spot, bad *qapi.ValueError) *fault {
	switch bad.Fault {
	case qapi.UnknownMember:
		return b.unknownMember(s, bad)
	case qapi.MissingMember:
		return b.missing(s, bad)
	case qapi.DuplicateMember:
		return &fault{msg: s.label(s.keys) + " is given twice", hint: "remove one of the two"}
	}
	v := s.node.leaf
	switch {
	case v == nil:
		return wrongNode(s, bad)
	case bad.Fault == qapi.OutOfRange && (s.in || v.form == exactJSON):
		return &fault{msg: s.label(s.keys) + ": " + bad.Problem()}
	case bad.Fault == qapi.OutOfRange:
		return b.outOfRange(s)
	case bad.Fault == qapi.UnknownValue:
		return b.unknownValue(s, bad)
	}
	return b.wrongType(s, bad)
}

// unknownMember makes the fault for a member that its object does not take.
func (b *binder) unknownMember(s spot, bad *qapi.ValueError) *fault {
	name := quoteWord(s.keys[len(s.keys)-1])
	f := &fault{hint: nearHint(bad.Near)}
	if b.owner.Driver != "" && len(s.keys) == 1 {
		f.msg = fmt.Sprintf("%s has no property %s", quoteWord(b.owner.Driver), name)
		return f
	}
	f.msg = fmt.Sprintf("%s has no argument %s", s.label(s.above()), name)
	if bad.Tag != "" {
		f.msg += fmt.Sprintf(" with %s=%s", bad.TagName, bad.Tag)
	}
	if base, index, ok := strings.Cut(s.keys[len(s.keys)-1], "["); ok && allDigits(strings.TrimSuffix(index, "]")) {
		f.hint = "elements are given by their numbers: " + spot{keys: s.above()}.dotted(base, strings.TrimSuffix(index, "]"))
	}
	if former := formerHint(s.of, s.keys[0]); former != "" && len(s.keys) == 1 {
		f.hint = former
	}
	switch {
	case f.hint != "":
	case len(bad.Cases) > 0:
		f.hint = casesHint(bad.TagName, bad.Cases)
	case bad.TagName != "" && bad.Tag == "":
		tag := spot{keys: s.above()}.dotted(bad.TagName)
		f.hint = tag + " decides what it takes"
	default:
		f.hint = listHint("it takes", bad.Names)
	}
	return f
}

// missing makes the fault for members that must be there and are not.
func (b *binder) missing(s spot, bad *qapi.ValueError) *fault {
	names := make([]string, len(bad.Names))
	for i, name := range bad.Names {
		names[i] = s.label(append(slices.Clone(s.above()), name))
	}
	f := &fault{msg: s.of + " lacks the argument " + names[0]}
	if last := len(names) - 1; last > 0 {
		f.msg = s.of + " lacks the arguments " + strings.Join(names[:last], ", ") + " and " + names[last]
	}
	switch c := b.Schema.Command(s.of); {
	case bad.Asks != "":
		f.hint = fmt.Sprintf("%s decides whether there is %q: %s", bad.TagName, bad.Asks, casesHint(bad.TagName, bad.Cases))
	case len(s.keys) == 1 && c != nil:
		const most = 100
		if usage := c.Signature(); len(usage) <= most {
			f.hint = usage
		}
	}
	return f
}

// wrongNode makes the fault for dotted keys where the type has nothing below it, or not these.
func wrongNode(s spot, bad *qapi.ValueError) *fault {
	n := s.node
	if bad.Type.Kind != qapi.KindArray {
		return &fault{at: n.kids[0].at, msg: fmt.Sprintf("%s takes %s and has no members", s.label(s.keys), due(bad.Type)), hint: "give it one value"}
	}
	for _, k := range n.kids {
		if isIndex(k.name) {
			continue
		}
		f := &fault{
			at:   k.at,
			msg:  fmt.Sprintf("%s is an array, and %s is no number of an element", s.label(s.keys), quoteWord(k.name)),
			hint: "elements count from 0: " + s.dotted("0"),
		}
		if len(k.name) <= 30 && !allDigits(k.name) {
			f.hint += "." + k.name
		}
		return f
	}
	missing := 0
	for n.kid(strconv.Itoa(missing)) != nil {
		missing++
	}
	behind := n.kids[slices.IndexFunc(n.kids, func(k *node) bool { i, _ := strconv.Atoi(k.name); return i > missing })]
	return &fault{
		at:   behind.at,
		msg:  fmt.Sprintf("%s is given, but not %s", s.label(append(slices.Clone(s.keys), behind.name)), s.label(append(slices.Clone(s.keys), strconv.Itoa(missing)))),
		hint: "the elements of an array count from 0 without gaps",
	}
}

// wrongType makes the fault for a value that the type does not take.
func (b *binder) wrongType(s spot, bad *qapi.ValueError) *fault {
	v, t := s.node.leaf, bad.Type
	if s.in || b.isJSON(v) {
		f := &fault{msg: fmt.Sprintf("%s takes %s, not %s", s.label(s.keys), due(t), bad.Got)}
		if s.of == "send-key" && s.keys[0] == "keys" && len(s.keys) == 2 {
			f.hint = keysHint(strings.NewReplacer(`[`, "", `]`, "", `"`, "", `'`, "", ", ", "-", ",", "-").Replace(v.text))
		}
		return f
	}
	if enum := enumOf(t); enum != nil {
		return b.unknownValue(s, &qapi.ValueError{Type: enum, Near: qapi.Nearest(v.text, enum.Enum.Names())})
	}
	text := v.text
	if v.form == sourced {
		text = strings.TrimSpace(b.source(v))
	}
	_, verdict := integer(text)
	if verdict == tooLarge && v.form != quotedText && typedWord("0", t) == "0" {
		return b.outOfRange(s)
	}
	given := b.given(v)
	if v.form == quotedText {
		given = "the string " + given
	}
	f := &fault{msg: fmt.Sprintf("%s takes %s, not %s", s.label(s.keys), due(t), given)}
	name := s.dotted()
	switch {
	case s.of == "send-key" && name == "keys":
		f.hint = keysHint(v.text)
	case v.form == bracketed && t.Kind == qapi.KindArray:
		f.hint = "text in it needs quotes: " + name + `=["a", "b"]`
	case v.form == quotedText && t.Kind == qapi.KindInt && typedWord(text, t) == "" && strings.HasSuffix(sizeHint(text), "1024s"):
		f.hint = sizeHint(text)
	case v.form == quotedText && t.Kind != qapi.KindObject && t.Kind != qapi.KindArray:
		f.hint = "quotes make it a string: leave them out"
	case t.Kind == qapi.KindInt && verdict == hasFraction:
		f.hint = "this is no whole number of bytes"
	case t.Kind == qapi.KindInt:
		f.hint = sizeHint(text)
	case t.Kind == qapi.KindArray:
		f.hint = fmt.Sprintf("give its elements: %s.0=..., or %s=[...]", name, name)
	case t.Kind == qapi.KindObject:
		f.hint = fmt.Sprintf("give its members: %s.%s=..., or %s={...}", name, firstMember(t.Object), name)
	}
	return f
}

// isJSON says whether the value was sent as JSON of its own, and not as the word that it is.
func (b *binder) isJSON(v *value) bool {
	switch v.form {
	case exactJSON:
		return true
	case bracketed, sourced:
		i := slices.IndexFunc(b.origins, func(s origin) bool { return s.value == v })
		first := b.out[b.origins[i].from]
		return (first == '{' || first == '[') && (v.form == bracketed || b.showsSource(v))
	}
	return false
}

func (b *binder) outOfRange(s spot) *fault {
	return &fault{msg: fmt.Sprintf("%s: %s does not fit into 64 bits", s.label(s.keys), b.given(s.node.leaf))}
}

// unknownValue makes the fault for a string that is none of an enum's.
func (b *binder) unknownValue(s spot, bad *qapi.ValueError) *fault {
	v := s.node.leaf
	text := bad.Got
	if !s.in && v.form != exactJSON {
		text = quoteWord(v.text)
	}
	f := &fault{hint: nearHint(bad.Near)}
	if name, err := strconv.Unquote(text); err == nil {
		if key := keyName(name, bad.Type.Enum); key != "" {
			f.hint = nearHint([]string{key})
		}
	}
	switch {
	case v.form == sourced && !b.showsSource(v):
		f.msg, f.hint = fmt.Sprintf("%s does not take %s", s.label(s.keys), b.given(v)), ""
	case len(s.keys) == 0:
		f.msg = "a transaction has no action " + text
		return f
	case b.noType && s.keys[0] == "driver":
		f.msg = "there is no device type " + text
		return f
	case b.owner.Path != "" && s.keys[0] == "property":
		f.at, f.msg = s.node.at, fmt.Sprintf("%s has no property %s", quoteWord(b.owner.Path), text)
		return f
	default:
		f.msg = fmt.Sprintf("%s has no value %s", s.label(s.keys), text)
	}
	if f.hint == "" {
		f.hint = listHint("it is one of", bad.Type.Enum.Names())
	}
	return f
}
