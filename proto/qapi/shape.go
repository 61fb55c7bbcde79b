package qapi

import "slices"

// maxShape is how many levels of objects a Shape writes out below its own members.
const maxShape = 2

// shape writes t out. With tags, only their branch is shown, as if its members were common, without the tags. above holds the objects that
// are being written out, so that one which holds itself is not written again.
func shape(t *Type, tags Tags, above []*Object, depth int) Shape {
	s := Shape{Type: t.Label()}
	types := []*Type{t}
	if t.Kind == KindAlternate {
		types = t.Alternate.Types
	}
	for _, t := range types {
		// An array is described by its elements.
		for n := 0; t.Kind == KindArray && n < maxShape; n++ {
			t = t.Elem
		}
		switch t.Kind {
		case KindEnum:
			for _, v := range t.Enum.Values {
				s.Values = append(s.Values, ValueInfo(v))
			}
		case KindObject:
			s.object(t.Object, tags, above, depth)
		case KindAlternate:
			s.More = true
		}
	}
	return s
}

func (s *Shape) object(o *Object, tags Tags, above []*Object, depth int) {
	if o.Empty() {
		return
	}
	// A union below another object is as large as all its branches: it has a page of its own.
	if depth > maxShape || depth > 0 && o.Tag != "" || slices.Contains(above, o) {
		s.More, s.Tag = true, o.Tag
		return
	}
	above = append(slices.Clip(above), o)
	for layer := range o.layers(tags) {
		s.Members = append(s.Members, infos(layer, above, depth)...)
		s.Tag, s.Branches = "", nil
		if layer.Tag == "" {
			continue
		}
		if _, known := tagOf(layer, tags); !known {
			s.Tag, s.Branches = layer.Tag, branches(layer, above, depth)
			break
		}
		s.Members = slices.DeleteFunc(s.Members, func(m MemberInfo) bool { return m.Name == layer.Tag })
	}
	sortInfos(s.Members)
}

func tagOf(o *Object, tags Tags) (string, bool) {
	if tags == nil {
		return "", false
	}
	return tags(o.Tag)
}

// infos writes the common members of o out.
func infos(o *Object, above []*Object, depth int) []MemberInfo {
	list := make([]MemberInfo, len(o.Members))
	for i := range o.Members {
		m := &o.Members[i]
		list[i] = MemberInfo{m.Name, m.Optional, m.Default, m.Features, shape(m.Type, nil, above, depth+1)}
	}
	sortInfos(list)
	return list
}

func sortInfos(list []MemberInfo) {
	slices.SortStableFunc(list, func(a, b MemberInfo) int {
		switch {
		case a.Optional == b.Optional:
			return 0
		case b.Optional:
			return -1
		}
		return 1
	})
}

// branches writes the branches of o out. Cases with the same branch stand together, in the order of the first.
func branches(o *Object, above []*Object, depth int) []BranchInfo {
	var list []BranchInfo
	place := map[*Object]int{}
	for i := range o.Branches {
		v := &o.Branches[i]
		if at, ok := place[v.Object]; ok {
			list[at].Cases = append(list[at].Cases, v.Case)
			continue
		}
		place[v.Object] = len(list)
		b := BranchInfo{Cases: []string{v.Case}, Members: infos(v.Object, above, depth)}
		if v.Object.Tag != "" {
			b.Tag, b.Branches = v.Object.Tag, branches(v.Object, above, depth)
		}
		list = append(list, b)
	}
	return list
}
