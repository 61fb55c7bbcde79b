package qapitest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// Sample is a right value of an object type, such as the arguments of a command.
type Sample struct {
	Name string // what it shows: "required", "all", "file:object,driver=qcow2", ...
	JSON json.RawMessage

	root *tree
	open bool
}

// Samples builds arguments for a command: with the mandatory ones only; with all; for each branch of each union and each
// choice of each alternate that can be reached, the mandatory ones and the way there; and the branches of the arguments
// themselves also with all. The result is the same each time.
func Samples(c *qapi.Command) []Sample {
	list := SamplesOf(c.Args)
	for i := range list {
		list[i].open = c.Open
	}
	return list
}

// SamplesOf builds values of an object type, as Samples does.
func SamplesOf(o *qapi.Object) []Sample {
	t := &qapi.Type{Kind: qapi.KindObject, Object: o}
	list := []Sample{sample("required", t, false, nil), sample("all", t, true, nil)}
	for _, way := range ways(t) {
		list = append(list, sample(way.String(), t, false, way))
		if len(way) == 1 {
			list = append(list, sample(way.String()+" all", t, true, way))
		}
	}
	return list
}

func sample(name string, t *qapi.Type, all bool, path way) Sample {
	g := generator{all: all}
	root := g.value(t, path, nil)
	if root == nil {
		panic("qapitest: no value for " + name)
	}
	return Sample{Name: name, JSON: root.json(), root: root}
}

// way leads from a value to a union's branch or an alternate's choice inside it.
type way []turn

// turn is one step of a way: exactly one of its fields is set.
type turn struct {
	member string
	elem   bool
	choice int // of an alternate, counted from 1
	branch string
	tag    string // the tag of branch
}

// String writes the way for the name of a sample.
func (w way) String() string {
	var text []string
	for _, t := range w {
		switch {
		case t.elem:
			text = append(text, "0")
		case t.choice > 0:
			text = append(text, fmt.Sprintf("#%d", t.choice))
		case t.tag != "":
			text = append(text, t.tag+"="+t.branch)
		default:
			text = append(text, t.member)
		}
	}
	return strings.Join(text, ",")
}

// ways finds every branch and every choice that can be reached from t, by the shortest way.
func ways(t *qapi.Type) []way {
	type visit struct {
		t   *qapi.Type
		o   *qapi.Object // instead of t: a layer of an object
		way way
	}
	var found []way
	seen := map[any]bool{}
	queue := []visit{{t: t}}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		further := func(t turn) way { return append(at.way[:len(at.way):len(at.way)], t) }
		if at.t != nil {
			switch at.t.Kind {
			case qapi.KindArray:
				queue = append(queue, visit{t: at.t.Elem, way: further(turn{elem: true})})
			case qapi.KindAlternate:
				if seen[at.t.Alternate] {
					continue
				}
				seen[at.t.Alternate] = true
				for i, t := range at.t.Alternate.Types {
					found = append(found, further(turn{choice: i + 1}))
					queue = append(queue, visit{t: t, way: further(turn{choice: i + 1})})
				}
			}
			if at.o = at.t.Object; at.o == nil {
				continue
			}
		}
		if seen[at.o] {
			continue
		}
		seen[at.o] = true
		for i := range at.o.Members {
			m := &at.o.Members[i]
			queue = append(queue, visit{t: m.Type, way: further(turn{member: m.Name})})
		}
		for _, value := range tagValues(at.o) {
			w := further(turn{tag: at.o.Tag, branch: value})
			found = append(found, w)
			if b := at.o.Branch(value); b != nil {
				queue = append(queue, visit{o: b, way: w})
			}
		}
	}
	return found
}

func tagValues(o *qapi.Object) []string {
	if o.Tag == "" {
		return nil
	}
	if t := o.Member(o.Tag).Type; t.Kind == qapi.KindEnum {
		return t.Enum.Names()
	}
	return nil
}

// generator builds values. Texts and numbers differ from one to the next, so that a mix-up shows.
type generator struct {
	all  bool // optional members too
	made int
}

// Strings that other types are written like, and such that need care with quotes.
var texts = []string{"a", "1", "a b", "true", "0x10", "1G", `q"uote`, "null", "x=y,z", "{", "é€😀", "it's", "-1", "#no", "back\\slash", "tab\there"}

var integers = []string{"1", "0", "42", "4096", "-1", "9223372036854775807", "18446744073709551615"}

// value builds a value of t that goes along path; nil if it would have to hold one of the objects above.
func (g *generator) value(t *qapi.Type, path way, above []*qapi.Object) *tree {
	g.made++
	leaf := func(raw string) *tree { return &tree{typ: t, raw: raw} }
	switch t.Kind {
	case qapi.KindString:
		return leaf(quote(texts[g.made%len(texts)]))
	case qapi.KindInt:
		return leaf(integers[g.made%len(integers)])
	case qapi.KindNumber:
		return leaf([]string{"1.5", "2", "-1e3"}[g.made%3])
	case qapi.KindBool:
		return leaf([]string{"true", "false"}[g.made%2])
	case qapi.KindNull:
		return leaf("null")
	case qapi.KindEnum:
		return leaf(quote(t.Enum.Values[g.made%len(t.Enum.Values)].Name))
	case qapi.KindArray:
		list := &tree{typ: t, array: true}
		if len(path) > 0 {
			path = path[1:]
		}
		if elem := g.value(t.Elem, path, above); elem != nil {
			list.elems = append(list.elems, elem)
		}
		return list
	case qapi.KindAlternate:
		return g.alternate(t, path, above)
	case qapi.KindObject:
		return g.object(t, path, above)
	}
	return leaf([]string{`"any"`, "7", `{"a":[1,null,"x"]}`, "true"}[g.made%4])
}

func (g *generator) alternate(t *qapi.Type, path way, above []*qapi.Object) *tree {
	choices := t.Alternate.Types
	if len(path) > 0 {
		n := path[0].choice
		// A block node may well hold a block node, if that is what was asked for.
		choices, path, above = choices[n-1:n], path[1:], nil
	}
	for _, choice := range choices {
		if v := g.value(choice, path, above); v != nil {
			v.typ = t
			return v
		}
	}
	return nil
}

func (g *generator) object(t *qapi.Type, path way, above []*qapi.Object) *tree {
	for _, o := range above {
		if o == t.Object {
			return nil
		}
	}
	above = append(above[:len(above):len(above)], t.Object)
	v := &tree{typ: t, object: true}
	if !g.layer(v, t.Object, path, above) {
		return nil
	}
	return v
}

// layer adds the members of o to v, and those of a branch.
func (g *generator) layer(v *tree, o *qapi.Object, path way, above []*qapi.Object) bool {
	for i := range o.Members {
		m := &o.Members[i]
		on := len(path) > 0 && path[0].member == m.Name
		if m.Name == o.Tag || m.Optional && !g.all && !on {
			continue
		}
		var further way
		if on {
			further = path[1:]
		}
		value := g.value(m.Type, further, above)
		if value != nil {
			v.fields = append(v.fields, &pair{name: m.Name, optional: m.Optional, value: value})
		} else if !m.Optional {
			return false
		}
	}
	if o.Tag == "" {
		return true
	}
	cases := tagValues(o)
	if len(path) > 0 && path[0].tag == o.Tag {
		cases, path = []string{path[0].branch}, path[1:]
	} else {
		path = nil
	}
	tag := &pair{name: o.Tag, optional: o.Member(o.Tag).Optional}
	before := len(v.fields)
	for _, value := range cases {
		tag.value = &tree{typ: o.Member(o.Tag).Type, raw: quote(value)}
		v.fields = append(v.fields[:before], tag)
		b := o.Branch(value)
		if b == nil || g.layer(v, b, path, above) {
			return true
		}
	}
	return false
}

func quote(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}
