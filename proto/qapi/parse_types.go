package qapi

import "github.com/qmpsh/qmpsh/proto/jsonscan"

// indexFrom is the number of members or values from which a map finds them faster than looking through all.
const indexFrom = 12

// enum reads an enumeration: "members" with features where the server has them (QEMU 6.2), else "values".
func (b *builder) enum(e *entity) *Enum {
	list := e.members
	if list == 0 {
		list = e.values
	}
	enum := &Enum{}
	if list == 0 {
		b.fail(e.at, `expected "members" or "values"`)
		return enum
	}
	if !b.isA(list, jsonscan.Array, "an array of values") {
		return enum
	}
	enum.Values = b.values.take(b.Nodes[list].Count)
	for _, at := range b.Elements(list) {
		if b.Nodes[at].Kind == jsonscan.String {
			enum.Values = append(enum.Values, EnumValue{Name: b.str(at)})
			continue
		}
		if !b.isA(at, jsonscan.Object, "a string or an object") {
			return enum
		}
		var v EnumValue
		for key, value := range b.Members(at) {
			switch b.str(key) {
			case "name":
				v.Name = b.str(value)
			case "features":
				v.Features = b.features(value)
			}
		}
		enum.Values = append(enum.Values, v)
	}
	if len(enum.Values) >= indexFrom {
		enum.index = make(map[string]int, len(enum.Values))
		for i := range enum.Values {
			enum.index[enum.Values[i].Name] = i
		}
	}
	return enum
}

func (b *builder) alternate(e *entity) *Alternate {
	a := &Alternate{}
	if e.members == 0 {
		b.fail(e.at, `expected "members"`)
		return a
	}
	if !b.isA(e.members, jsonscan.Array, "an array of types") {
		return a
	}
	for _, at := range b.Elements(e.members) {
		if !b.isA(at, jsonscan.Object, "an object") {
			return a
		}
		for key, value := range b.Members(at) {
			if b.str(key) == "type" {
				t := b.ref(value)
				if b.entities[b.byName[b.str(value)]].meta == "alternate" {
					b.fail(value, "an alternate inside an alternate")
				}
				a.Types = append(a.Types, t)
			}
		}
	}
	return a
}

// object fills o with its members and branches.
func (b *builder) object(e *entity, o *Object) {
	o.Name, o.Features = e.name, b.features(e.feature)
	if e.members != 0 && b.isA(e.members, jsonscan.Array, "an array of members") {
		o.Members = b.fields.take(b.Nodes[e.members].Count)
		for _, at := range b.Elements(e.members) {
			if !b.isA(at, jsonscan.Object, "an object") {
				return
			}
			o.Members = append(o.Members, b.member(at))
		}
	}
	o.index = indexOf(o.Members)
	if e.tag == 0 {
		return
	}
	if o.Tag = b.str(e.tag); o.Member(o.Tag) == nil {
		b.fail(e.tag, "the tag %q is no member", o.Tag)
		return
	}
	if e.variants != 0 && b.isA(e.variants, jsonscan.Array, "an array of variants") {
		b.variants(e.variants, o)
	}
}

func (b *builder) member(at uint32) (m Member) {
	for key, value := range b.Members(at) {
		switch b.str(key) {
		case "name":
			m.Name = b.str(value)
		case "type":
			m.Type = b.ref(value)
		case "default":
			m.Optional, m.Default = true, b.rawOf(value)
		case "features":
			m.Features = b.features(value)
		}
	}
	if m.Type == nil {
		b.fail(at, `expected the "type" of member %q`, m.Name)
		m.Type = b.none
	}
	return m
}

// variants fills the branches of o.
func (b *builder) variants(list uint32, o *Object) {
	o.Branches = make([]Branch, 0, b.Nodes[list].Count)
	o.branches = make(map[string]*Object, b.Nodes[list].Count)
	for _, at := range b.Elements(list) {
		if !b.isA(at, jsonscan.Object, "an object") {
			return
		}
		v := Branch{Object: b.none.Object}
		for key, value := range b.Members(at) {
			switch b.str(key) {
			case "case":
				v.Case = b.str(value)
			case "type":
				v.Object = b.refObject(value)
			}
		}
		o.Branches = append(o.Branches, v)
		o.branches[v.Case] = v.Object
	}
}

// maxBranches is how deep branches may hold further branches. QEMU has at most two levels.
const maxBranches = 16

// checkBranches refuses objects that are, over branches, a part of themselves: no value would ever be complete.
func (b *builder) checkBranches() {
	heights := map[*Object]int{}
	for i := range b.types {
		if o := b.types[i].Object; o != nil && o.Tag != "" && height(o, heights) > maxBranches {
			b.entity = &b.entities[i]
			b.fail(b.entities[i].at, "branches inside branches without end")
			return
		}
	}
}

// height counts the levels of branches below o. An object that is being counted is part of itself.
func height(o *Object, known map[*Object]int) int {
	if h, ok := known[o]; ok {
		return h
	}
	known[o] = maxBranches + 1
	h := 0
	for i := range o.Branches {
		if h = max(h, 1+height(o.Branches[i].Object, known)); h > maxBranches {
			break
		}
	}
	known[o] = h
	return h
}

// indexOf returns where members stand by their names, nil if there are only a few.
func indexOf(members []Member) map[string]int {
	if len(members) < indexFrom {
		return nil
	}
	index := make(map[string]int, len(members))
	for i := range members {
		index[members[i].Name] = i
	}
	return index
}
