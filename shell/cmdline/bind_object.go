package cmdline

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// typed appends n as a value of type t; nil is a type of which nothing is known.
func (b *binder) typed(n *node, t *qapi.Type) *fault {
	if n.leaf != nil {
		return b.leaf(n.leaf, t)
	}
	if t == nil {
		return b.untyped(n)
	}
	switch t.Kind {
	case qapi.KindAny:
		return b.untyped(n)
	case qapi.KindObject:
		if b.lenient {
			return b.untyped(n)
		}
		return b.object(n, t.Object, false)
	case qapi.KindArray:
		return b.array(n, t)
	case qapi.KindAlternate:
		if choice := chooseBranch(n, t.Alternate); choice != nil {
			return b.typed(n, choice)
		}
	}
	if b.strict && !b.lenient {
		return b.noMembers(n, t)
	}
	return b.untyped(n)
}

// chooseBranch returns the type of an alternate that takes what is below n, nil if none does.
func chooseBranch(n *node, a *qapi.Alternate) *qapi.Type {
	var choice *qapi.Type
	for _, t := range a.Types {
		switch t.Kind {
		case qapi.KindArray:
			if !slices.ContainsFunc(n.kids, func(k *node) bool { return !isIndex(k.name) }) {
				return t
			}
		case qapi.KindObject, qapi.KindAny:
			choice = t
		}
	}
	return choice
}

// maxLayers is how many times a branch may have branches itself; QEMU's schema has one.
const maxLayers = 16

// object appends n's members by the types that o gives them. open says that o lists some of the members only.
func (b *binder) object(n *node, o *qapi.Object, open bool) *fault {
	layers, f := b.layers(n, o)
	if f != nil {
		return f
	}
	var props properties
	if open {
		driver, _ := b.string(n.kid("driver"))
		props = b.ask(Owner{Driver: driver})
	}
	b.out = append(b.out, '{')
	for i, k := range n.kids {
		if i > 0 {
			b.out = append(b.out, ", "...)
		}
		b.key(k.name)
		b.path = append(b.path, k.name)
		if f := b.member(n, k, layers, open, props); f != nil {
			return f
		}
		b.path = b.path[:len(b.path)-1]
	}
	b.out = append(b.out, '}')
	if b.strict {
		return b.missing(n, layers)
	}
	return nil
}

// member appends the value of n's member k.
func (b *binder) member(n, k *node, layers []*qapi.Object, open bool, props properties) *fault {
	m := find(layers, k.name)
	switch {
	case m != nil && m.Type.Kind == qapi.KindAny && len(b.path) == 1 && b.name == "qom-set":
		return b.qomValue(n, k)
	case m != nil:
		return b.typed(k, m.Type)
	case open:
		return b.property(k, k.name, k.at, props)
	case b.strict:
		return b.unknownMember(n, k, layers)
	}
	return b.untyped(k)
}

func find(layers []*qapi.Object, name string) *qapi.Member {
	for _, layer := range layers {
		if m := layer.Member(name); m != nil {
			return m
		}
	}
	return nil
}

// layers returns o, the branch that its tag selects, the branch that this one's tag selects, and so on.
func (b *binder) layers(n *node, o *qapi.Object) ([]*qapi.Object, *fault) {
	layers := append(make([]*qapi.Object, 0, 4), o)
	for layer := o; layer.Tag != "" && len(layers) < maxLayers; {
		value, known := b.tag(n, layer)
		if !known {
			break
		}
		tag, k := layer.Member(layer.Tag), n.kid(layer.Tag)
		if b.strict && k != nil && tag.Type.Kind == qapi.KindEnum && tag.Type.Enum.Value(value) == nil {
			b.path = append(b.path, tag.Name)
			return nil, b.notInEnum(k.leaf, tag.Type)
		}
		if layer = layer.Branch(value); layer == nil {
			break
		}
		layers = append(layers, layer)
	}
	return layers, nil
}

// tag returns the value of the layer's tag in n, which may be a default.
func (b *binder) tag(n *node, layer *qapi.Object) (value string, known bool) {
	if k := n.kid(layer.Tag); k != nil {
		return b.string(k)
	}
	tag := layer.Member(layer.Tag)
	return value, tag.Default != nil && json.Unmarshal(tag.Default, &value) == nil
}

// string returns the text of n where a string or the value of an enum is due.
func (b *binder) string(n *node) (text string, ok bool) {
	if n == nil || n.leaf == nil {
		return "", false
	}
	return b.stringOf(n.leaf)
}

func (b *binder) stringOf(v *value) (text string, ok bool) {
	switch {
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

// array appends n, whose kids are elements by their numbers.
func (b *binder) array(n *node, t *qapi.Type) *fault {
	elements, f := b.elements(n)
	if f != nil {
		if b.strict {
			return f
		}
		return b.untyped(n)
	}
	b.out = append(b.out, '[')
	for i, k := range elements {
		if i > 0 {
			b.out = append(b.out, ", "...)
		}
		b.path = append(b.path, k.name)
		if f := b.typed(k, t.Elem); f != nil {
			return f
		}
		b.path = b.path[:len(b.path)-1]
	}
	b.out = append(b.out, ']')
	return nil
}

// elements returns n's kids in the order of their numbers, which must be all from 0 on.
func (b *binder) elements(n *node) ([]*node, *fault) {
	elements := make([]*node, len(n.kids))
	for _, k := range n.kids {
		if !isIndex(k.name) {
			return nil, b.notAnIndex(n, k)
		}
		i, _ := strconv.Atoi(k.name)
		if i >= len(n.kids) {
			return nil, b.gap(n, k)
		}
		elements[i] = k
	}
	return elements, nil
}

// qomValue appends the value of qom-set, whose type is that of the property.
func (b *binder) qomValue(n, k *node) *fault {
	path, _ := b.string(n.kid("path"))
	name, ok := b.string(n.kid("property"))
	if !ok {
		return b.untyped(k)
	}
	return b.property(k, name, n.kid("property").at, b.ask(Owner{Path: path}))
}

// property appends the value k of the property of that name, which is named at the offset at.
func (b *binder) property(k *node, name string, at int, props properties) *fault {
	p := props.find(name)
	if p == nil {
		if b.strict && props.known && isPlainName(name) {
			return b.unknownProperty(name, at, props)
		}
		return b.untyped(k)
	}
	t := p.ValueType()
	if t == nil {
		return b.untyped(k)
	}
	b.lenient = true
	f := b.typed(k, t)
	b.lenient = false
	return f
}

// isPlainName is false for the names of elements, name[0], which exist only once the length is set.
func isPlainName(name string) bool {
	for i := range len(name) {
		if name[i] == '[' {
			return false
		}
	}
	return true
}
