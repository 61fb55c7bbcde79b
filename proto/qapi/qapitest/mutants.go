package qapitest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// Mutant is a value with exactly one fault.
type Mutant struct {
	Name  string // what was done: "file.driver dropped"
	JSON  json.RawMessage
	Fault qapi.Fault
	Path  string // of the fault, as qapi.ValueError has it
}

// UnknownName is the name of the member that mutants have too much, and the value that is in no enum.
const UnknownName = "qapitest-unknown"

// Mutants returns s with one fault each: a mandatory member dropped, an unknown one added, a member given twice, a value
// of each wrong JSON type, a fraction and a too large number for an integer, a string outside the enum.
func (s Sample) Mutants() []Mutant {
	m := mutator{root: s.root}
	m.visit(s.root, "", s.open)
	return m.list
}

// tree is a value that was built.
type tree struct {
	typ    *qapi.Type
	raw    string // of a scalar
	array  bool
	elems  []*tree
	object bool
	fields []*pair
}

type pair struct {
	name     string
	optional bool
	value    *tree
}

func (t *tree) json() json.RawMessage {
	var text strings.Builder
	t.write(&text)
	return json.RawMessage(text.String())
}

func (t *tree) write(text *strings.Builder) {
	switch {
	case t.object:
		for i, f := range t.fields {
			text.WriteString([]string{"{", ", "}[min(i, 1)])
			text.WriteString(quote(f.name) + ": ")
			f.value.write(text)
		}
		text.WriteString([]string{"{}", "}"}[min(len(t.fields), 1)])
	case t.array:
		text.WriteString("[")
		for i, e := range t.elems {
			text.WriteString([]string{"", ", "}[min(i, 1)])
			e.write(text)
		}
		text.WriteString("]")
	default:
		text.WriteString(t.raw)
	}
}

// mutator changes the tree in one place, writes it and changes it back.
type mutator struct {
	root *tree
	list []Mutant
}

func (m *mutator) add(what string, fault qapi.Fault, path string) {
	m.list = append(m.list, Mutant{path + " " + what, m.root.json(), fault, path})
}

func (m *mutator) visit(t *tree, path string, open bool) {
	m.types(t, path)
	switch {
	case t.array:
		for i, e := range t.elems {
			m.visit(e, fmt.Sprintf("%s[%d]", path, i), false)
		}
	case t.object:
		m.members(t, path, open)
		for _, f := range t.fields {
			m.visit(f.value, join(path, f.name), false)
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (m *mutator) members(t *tree, path string, open bool) {
	all := t.fields
	for i, f := range all {
		rest := append(append([]*pair{}, all[:i]...), all[i+1:]...)
		if !f.optional {
			t.fields = rest
			m.add("dropped", qapi.MissingMember, join(path, f.name))
		}
		t.fields = append(append([]*pair{}, all...), f)
		m.add("twice", qapi.DuplicateMember, join(path, f.name))
	}
	if !open {
		extra := &pair{name: UnknownName, value: &tree{raw: "1"}}
		t.fields = append(append([]*pair{}, all...), extra)
		m.add("added", qapi.UnknownMember, join(path, UnknownName))
	}
	t.fields = all
}

// types replaces t by values that its type does not take.
func (m *mutator) types(t *tree, path string) {
	was := *t
	for _, wrong := range []struct{ kind, raw string }{
		{"string", quote(UnknownName)}, {"integer", "1"}, {"fraction", "1.5"}, {"huge", "18446744073709551616"},
		{"bool", "true"}, {"null", "null"}, {"array", "[]"}, {"object", "{}"},
	} {
		fault, ok := judge(t.typ, wrong.kind)
		if ok {
			continue
		}
		*t = tree{typ: was.typ, raw: wrong.raw}
		m.add("as "+wrong.kind, fault, path)
		*t = was
	}
}

// judge tells whether t takes JSON of that kind, and the fault if it does not. It is written apart from the checker on
// purpose: one is the test of the other.
func judge(t *qapi.Type, kind string) (qapi.Fault, bool) {
	takes := map[qapi.Kind]string{
		qapi.KindString: "string", qapi.KindInt: "integer", qapi.KindNumber: "integer fraction huge",
		qapi.KindBool: "bool", qapi.KindNull: "null", qapi.KindArray: "array", qapi.KindObject: "object",
		qapi.KindAny: "string integer fraction huge bool null array object",
	}
	fault := qapi.WrongType
	types := []*qapi.Type{t}
	if t.Kind == qapi.KindAlternate {
		types = t.Alternate.Types
	}
	for _, t := range types {
		switch {
		case strings.Contains(takes[t.Kind], kind):
			return 0, true
		case t.Kind == qapi.KindEnum && kind == "string":
			fault = qapi.UnknownValue
		case t.Kind == qapi.KindInt && kind == "huge":
			fault = qapi.OutOfRange
		}
	}
	return fault, false
}
