package qapi

// object checks the members of the object at node i. It first finds the schema's member for each of them, layer by layer:
// the common ones, then those of the branch that the tag selects. Then it checks their values in the order of the text.
func (c *checker) object(o *Object, i uint32, open bool) *ValueError {
	if c.nodes[i].kind != isObject {
		return c.fault(WrongType, &Type{Kind: KindObject, Object: o}, i)
	}
	fields, slots := len(c.fields), len(c.slots)
	defer func() { c.fields, c.slots = c.fields[:fields], c.slots[:slots] }()
	for key := range c.members(i) {
		c.fields = append(c.fields, field{key: key})
	}
	var layers [maxBranches + 1]*Object
	n := 0
	for layer := o; layer != nil; n++ {
		layers[n] = layer
		first := len(c.slots)
		if err := c.match(layer, fields); err != nil {
			return err
		}
		next, err := c.branch(layer, c.slots[first:], layers[:n+1], fields, i)
		if err != nil {
			return err
		}
		layer = next
	}
	for at := fields; at < len(c.fields); at++ {
		f := c.fields[at]
		name := func() string { return string(c.text(f.key)) }
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
		n := layer.find(c.text(f.key))
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

// branch returns the layer that the tag of the last one selects, nil if there is none.
func (c *checker) branch(last *Object, slots []uint32, layers []*Object, fields int, i uint32) (*Object, *ValueError) {
	if last.Tag == "" {
		return nil, nil
	}
	n := last.find([]byte(last.Tag))
	tag := &last.Members[n]
	if slots[n] == 0 {
		// A name that no branch knows is more likely a slip than a reason to ask for the tag.
		for _, f := range c.fields[fields:] {
			if f.member == nil && !last.inBranch(c.text(f.key)) {
				return nil, c.unknown(layers, fields, f.key)
			}
		}
		if tag.Optional {
			return nil, nil
		}
		return nil, c.lacks(tag, i)
	}
	if err := c.value(tag.Type, slots[n]); err != nil {
		return nil, c.inside(tag.Name, -1, err)
	}
	if c.nodes[slots[n]].kind != isText {
		return nil, nil
	}
	return last.Branch(string(c.text(slots[n]))), nil
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
	name := string(c.text(key))
	err := &ValueError{Fault: UnknownMember, Offset: int(c.nodes[key].start), Got: c.shown(key + 1)}
	var names []string
	for _, layer := range layers {
		for i := range layer.Members {
			names = append(names, layer.Members[i].Name)
		}
		if layer.Tag == "" {
			continue
		}
		if cases := layer.Cases(name); len(cases) > 0 {
			err.Cases = cases
		}
		for _, f := range c.fields[fields:] {
			if f.member != nil && f.member.Name == layer.Tag && c.nodes[f.key+1].kind == isText {
				err.TagName, err.Tag = layer.Tag, string(c.text(f.key+1))
			}
		}
	}
	err.Near = Nearest(name, names)
	return c.inside(name, -1, err)
}

// lacks makes the error for a member that the object at node i must have.
func (c *checker) lacks(m *Member, i uint32) *ValueError {
	err := c.fault(MissingMember, m.Type, i)
	err.Got = ""
	return c.inside(m.Name, -1, err)
}

// missing looks for the first member that must be there and is not.
func (c *checker) missing(layers []*Object, slot int, i uint32) *ValueError {
	for _, layer := range layers {
		for n := range layer.Members {
			if m := &layer.Members[n]; c.slots[slot] == 0 && !m.Optional {
				return c.lacks(m, i)
			}
			slot++
		}
	}
	return nil
}

// twice looks for a member that an open object has twice, among those that the schema does not list.
func (c *checker) twice(first int) *ValueError {
	seen := map[string]bool{}
	for _, f := range c.fields[first:] {
		if f.member != nil {
			continue
		}
		name := string(c.text(f.key))
		if seen[name] {
			return c.inside(name, -1, c.fault(DuplicateMember, nil, f.key))
		}
		seen[name] = true
	}
	return nil
}
