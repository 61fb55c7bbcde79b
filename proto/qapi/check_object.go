package qapi

import "github.com/qmpsh/qmpsh/proto/jsonscan"

// object checks the members of the object at node i. It first finds the schema's member for each of them, layer by layer:
// the common ones, then those of the branch that the tag selects. Then it checks their values in the order of the text.
func (c *checker) object(o *Object, i uint32, open bool) *ValueError {
	if c.Nodes[i].Kind != jsonscan.Object {
		return c.fault(WrongType, &Type{Kind: KindObject, Object: o}, i)
	}
	fields, slots := len(c.fields), len(c.slots)
	defer func() { c.fields, c.slots = c.fields[:fields], c.slots[:slots] }()
	for key := range c.Members(i) {
		c.fields = append(c.fields, field{key: key})
	}
	var layers [maxBranches + 1]*Object
	n := 0
	tag := uint32(0) // the node of the last layer's tag, 0 if it is absent
	known := func(string) (string, bool) {
		if tag == 0 || c.Nodes[tag].Kind != jsonscan.String {
			return "", false
		}
		return string(c.Text(tag)), true
	}
	for layer := range o.layers(known) {
		layers[n] = layer
		n++
		own := len(c.slots)
		if err := c.match(layer, fields); err != nil {
			return err
		}
		if layer.Tag == "" {
			break
		}
		at := layer.find([]byte(layer.Tag))
		tag = c.slots[own+at]
		if err := c.tag(&layer.Members[at], tag, layers[:n], slots, fields, i); err != nil {
			return err
		}
	}
	for at := fields; at < len(c.fields); at++ {
		f := c.fields[at]
		name := func() string { return string(c.Text(f.key)) }
		switch {
		case f.member != nil:
			if err := c.value(f.member.Type, f.key+1); err != nil {
				return c.inside(name(), -1, err)
			}
		case open:
			if err := c.any(f.key + 1); err != nil {
				return c.inside(name(), -1, err)
			}
		default:
			return c.unknown(layers[:n], fields, f.key)
		}
	}
	if open {
		if err := c.twice(fields); err != nil {
			return err
		}
	}
	return c.missing(layers[:n], slots, i)
}

// match finds the members that layer has for the fields from first on, and notes in a slot for each member where its
// value is.
func (c *checker) match(layer *Object, first int) *ValueError {
	slots := len(c.slots)
	for range layer.Members {
		c.slots = append(c.slots, 0)
	}
	for at := first; at < len(c.fields); at++ {
		f := &c.fields[at]
		n := layer.find(c.Text(f.key))
		if n < 0 {
			continue
		}
		if c.slots[slots+n] != 0 {
			return c.inside(layer.Members[n].Name, -1, c.fault(DuplicateMember, nil, f.key))
		}
		c.slots[slots+n] = f.key + 1
		f.member = &layer.Members[n]
	}
	return nil
}

// find returns the place of the common member of that name, -1 if there is none.
func (o *Object) find(name []byte) int {
	if o.index != nil {
		if i, ok := o.index[string(name)]; ok {
			return i
		}
		return -1
	}
	for i := range o.Members {
		if o.Members[i].Name == string(name) {
			return i
		}
	}
	return -1
}

// tag checks the tag of the last layer, whose value is at a node; 0 if it is absent.
func (c *checker) tag(tag *Member, at uint32, layers []*Object, slots, fields int, i uint32) *ValueError {
	if at == 0 {
		if _, ok := tag.defaultText(); ok {
			return nil
		}
		return c.tagMissing(tag, layers, slots, fields, i)
	}
	if err := c.value(tag.Type, at); err != nil {
		return c.inside(tag.Name, -1, err)
	}
	return nil
}

// tagMissing makes the error for an object without the tag of its last layer, nil if it may do without.
func (c *checker) tagMissing(tag *Member, layers []*Object, slots, fields int, i uint32) *ValueError {
	last := layers[len(layers)-1]
	asks := ""
	for _, f := range c.fields[fields:] {
		switch {
		case f.member != nil:
		case !last.inBranch(c.Text(f.key)): // more likely a slip than a reason to ask for the tag
			return c.unknown(layers, fields, f.key)
		case asks == "":
			asks = string(c.Text(f.key))
		}
	}
	switch {
	case tag.Optional:
		return nil
	case asks == "":
		return c.missing(layers, slots, i)
	}
	err := c.lacks(tag, i)
	err.TagName, err.Asks, err.Cases = tag.Name, asks, last.Cases(asks)
	return err
}

// inBranch reports whether some branch of o has a member of that name.
func (o *Object) inBranch(name []byte) bool {
	for i := range o.Branches {
		if b := o.Branches[i].Object; b.find(name) >= 0 || b.inBranch(name) {
			return true
		}
	}
	return false
}

// unknown makes the error for a member that no layer has.
func (c *checker) unknown(layers []*Object, fields int, key uint32) *ValueError {
	name := string(c.Text(key))
	err := &ValueError{Fault: UnknownMember, Offset: int(c.Nodes[key].Start), Got: c.shown(key + 1)}
	var names []string
	for _, layer := range layers {
		for i := range layer.Members {
			names = append(names, layer.Members[i].Name)
		}
		if layer.Tag == "" {
			continue
		}
		err.TagName, err.Tag = layer.Tag, ""
		if cases := layer.Cases(name); len(cases) > 0 {
			err.Cases = cases
		}
		for _, f := range c.fields[fields:] {
			if f.member != nil && f.member.Name == layer.Tag && c.Nodes[f.key+1].Kind == jsonscan.String {
				err.Tag = string(c.Text(f.key + 1))
			}
		}
	}
	err.Names, err.Near = names, Nearest(name, names)
	return c.inside(name, -1, err)
}

// lacks makes the error for a member that the object at node i must have.
func (c *checker) lacks(m *Member, i uint32) *ValueError {
	err := c.fault(MissingMember, m.Type, i)
	err.Got, err.Names = "", []string{m.Name}
	return c.inside(m.Name, -1, err)
}

// missing looks for the members that must be there and are not. The error is the first one's.
func (c *checker) missing(layers []*Object, slot int, i uint32) (err *ValueError) {
	for _, layer := range layers {
		for n := range layer.Members {
			switch m := &layer.Members[n]; {
			case c.slots[slot] != 0 || m.Optional:
			case err == nil:
				err = c.lacks(m, i)
			default:
				err.Names = append(err.Names, m.Name)
			}
			slot++
		}
	}
	return err
}

// twice looks for a member that an open object has twice, among those that the schema does not list.
func (c *checker) twice(first int) *ValueError {
	seen := map[string]bool{}
	for _, f := range c.fields[first:] {
		if f.member != nil {
			continue
		}
		name := string(c.Text(f.key))
		if seen[name] {
			return c.inside(name, -1, c.fault(DuplicateMember, nil, f.key))
		}
		seen[name] = true
	}
	return nil
}
