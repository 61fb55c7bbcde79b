package qapi

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Tags tells the value of a tag where it is known already. It is asked only for members that are tags.
type Tags func(member string) (value string, known bool)

// Lookup returns the member of that name, common or of the branches that the tags select; nil if there is none. tags may
// be nil: then no branch is selected.
func (o *Object) Lookup(name string, tags Tags) *Member {
	for layer := range o.layers(tags) {
		if m := layer.Member(name); m != nil {
			return m
		}
	}
	return nil
}

// Valid returns the members that an object may have with these tags: common ones and those of the selected branches, the
// mandatory ones first, else in the schema's order. tags may be nil.
func (o *Object) Valid(tags Tags) []*Member {
	var list []*Member
	for layer := range o.layers(tags) {
		for i := range layer.Members {
			list = append(list, &layer.Members[i])
		}
	}
	slices.SortStableFunc(list, func(a, b *Member) int {
		switch {
		case a.Optional == b.Optional:
			return 0
		case b.Optional:
			return -1
		}
		return 1
	})
	return list
}

// openTag returns the member whose value would bring more members, but is not known yet; nil if there is none.
func (o *Object) openTag(tags Tags) *Member {
	for layer := range o.layers(tags) {
		if layer.Tag == "" {
			continue
		}
		if tags == nil {
			return layer.Member(layer.Tag)
		}
		if _, known := tags(layer.Tag); !known {
			return layer.Member(layer.Tag)
		}
	}
	return nil
}

// Cases returns the values of the tag with which the object has a member of that name, in the schema's order.
func (o *Object) Cases(member string) []string {
	var cases []string
	for i := range o.Branches {
		v := &o.Branches[i]
		if v.Object.Member(member) != nil || len(v.Object.Cases(member)) > 0 {
			cases = append(cases, v.Case)
		}
	}
	return cases
}

// defaultText returns the string that stands for the member where it is absent.
func (m *Member) defaultText() (text string, ok bool) {
	return text, m.Default != nil && json.Unmarshal(m.Default, &text) == nil && text != ""
}

// With returns an object that has more members, which go before o's own of the same names. o stays as it is.
func (o *Object) With(more ...Member) *Object {
	n := *o
	n.Members = slices.DeleteFunc(slices.Clone(o.Members), func(m Member) bool {
		return slices.ContainsFunc(more, func(other Member) bool { return other.Name == m.Name })
	})
	n.Members = append(n.Members, more...)
	n.index = indexOf(n.Members)
	return &n
}

// layers iterates over o, the branch that its tag selects, the branch that this one's tag selects, and so on.
func (o *Object) layers(tags Tags) func(yield func(*Object) bool) {
	return func(yield func(*Object) bool) {
		for layer := o; layer != nil && yield(layer); {
			if layer.Tag == "" || tags == nil {
				return
			}
			value, known := tags(layer.Tag)
			if !known {
				value, known = layer.Member(layer.Tag).defaultText()
			}
			if !known {
				return
			}
			layer = layer.Branch(value)
		}
	}
}

// Known tells what a command line has set already: the string at a path of keys joined by dots ("file.driver",
// "actions.0.type"), and whether anything is set there.
type Known func(path string) (value string, set bool)

// Place is what stands at a path of keys inside the arguments of a command.
type Place struct {
	Path   string  // the keys joined by dots
	Type   *Type   // of the value there
	Member *Member // nil at the root and for elements of an array
	Object *Object // if members may be set below: Type's, or that of the alternate's branch; else nil
	Elem   *Type   // if elements may be set below: the type of one; else nil
	known  Known
}

// PathError says where a path of keys leaves the schema.
type PathError struct {
	Path    string   // up to and with the key that does not fit
	Key     string   // that key
	Within  Place    // the last place that does fit
	Near    []string // keys that may have been meant
	OpenTag *Member  // the tag that must be set before this key can be known; nil if none
	Tag     string   // the value of the tag that rules the key out; "" if none does
	Cases   []string // values of the tag with which the key would be known
}

func (e *PathError) Error() string {
	text := e.Path + ": no such member"
	switch {
	case e.Within.Elem != nil && e.Within.Object == nil:
		text = e.Path + ": expected the number of an element"
	case e.Within.Object == nil:
		text = e.Path + ": " + e.Within.Path + " takes no members"
	case e.OpenTag != nil && len(e.Cases) > 0:
		text = e.Path + ": set " + e.OpenTag.Name + " first"
	case e.Tag != "" && len(e.Cases) > 0:
		text += " with " + e.Within.Object.Tag + "=" + e.Tag
	}
	if len(e.Near) > 0 {
		text += " (did you mean " + strings.Join(e.Near, " or ") + "?)"
	}
	return text
}

// At follows keys from o downwards. known tells the values of tags on the way; it may be nil. Elements of arrays are
// reached by their number; below a value of KindAny every key leads to another one. The error is a *PathError.
func (o *Object) At(keys []string, known Known) (Place, error) {
	if known == nil {
		known = func(string) (string, bool) { return "", false }
	}
	at := Place{Type: &Type{Kind: KindObject, Object: o}, Object: o, known: known}
	for _, key := range keys {
		next, err := at.step(key)
		if err != nil {
			return at, err
		}
		at = next
	}
	return at, nil
}

// At follows keys from the command's arguments downwards, as Object.At does. In an Open command a first key that the
// schema does not list leads to a value of KindAny.
func (c *Command) At(keys []string, known Known) (Place, error) {
	if c.Open && len(keys) > 0 && c.Args.Lookup(keys[0], rootTags(known)) == nil {
		return Place{Path: strings.Join(keys, "."), Type: &Type{Kind: KindAny}, known: known}, nil
	}
	return c.Args.At(keys, known)
}

func rootTags(known Known) Tags {
	if known == nil {
		return nil
	}
	return Tags(known)
}

func (p Place) step(key string) (Place, error) {
	path := p.join(key)
	if p.Type.Kind == KindAny {
		return place(path, p.Type, nil, p.known), nil
	}
	if p.Elem != nil && isIndex(key) {
		return place(path, p.Elem, nil, p.known), nil
	}
	if p.Object != nil {
		if m := p.Object.Lookup(key, p.tags); m != nil {
			return place(path, m.Type, m, p.known), nil
		}
	}
	err := &PathError{Path: path, Key: key, Within: p}
	if p.Object != nil {
		err.Near = Nearest(key, names(p.Object.Valid(p.tags)))
		err.OpenTag, err.Cases = p.Object.openTag(p.tags), p.Object.Cases(key)
		if err.OpenTag == nil && p.Object.Tag != "" {
			err.Tag, _ = p.tags(p.Object.Tag)
		}
	}
	return Place{}, err
}

func place(path string, t *Type, m *Member, known Known) Place {
	p := Place{Path: path, Type: t, Member: m, known: known}
	p.Object, p.Elem = t.Below()
	return p
}

// Below returns what may be set below a value of type t: members, elements, both in an alternate that takes either, or
// nothing that the schema tells.
func (t *Type) Below() (members *Object, elem *Type) {
	switch t.Kind {
	case KindObject:
		return t.Object, nil
	case KindArray:
		return nil, t.Elem
	case KindAlternate:
		for _, choice := range t.Alternate.Types {
			o, e := choice.Below()
			if o != nil {
				members = o
			}
			if e != nil {
				elem = e
			}
		}
	}
	return members, elem
}

func isIndex(key string) bool {
	n, err := strconv.Atoi(key)
	return err == nil && n >= 0 && strconv.Itoa(n) == key
}

func (p Place) join(key string) string {
	if p.Path == "" {
		return key
	}
	return p.Path + "." + key
}

func (p Place) tags(member string) (string, bool) { return p.known(p.join(member)) }

func names(members []*Member) []string {
	list := make([]string, len(members))
	for i, m := range members {
		list[i] = m.Name
	}
	return list
}

// Field is a member that may be set at a Place.
type Field struct {
	Member *Member
	Path   string // of the member, from the root
	Set    bool   // Known says that something is set there
	Tag    bool   // its value decides which other members there are
}

// Fields returns the members that may be set below p with the tags that are known: mandatory ones first, among them tags
// before others, else in the schema's order. None if p takes no members.
func (p Place) Fields() []Field {
	if p.Object == nil {
		return nil
	}
	var fields []Field
	for layer := range p.Object.layers(p.tags) {
		for i := range layer.Members {
			m := &layer.Members[i]
			f := Field{Member: m, Path: p.join(m.Name), Tag: m.Name == layer.Tag}
			_, f.Set = p.known(f.Path)
			fields = append(fields, f)
		}
	}
	slices.SortStableFunc(fields, func(a, b Field) int { return a.rank() - b.rank() })
	return fields
}

func (f Field) rank() int {
	switch {
	case f.Tag:
		return 0
	case !f.Member.Optional:
		return 1
	}
	return 2
}
