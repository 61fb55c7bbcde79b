package qapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// plain reads introspection JSON in the simplest way, and shares nothing with the package: what both say alike is not
// both's mistake.
type plain map[string]plainEntity

type plainEntity struct {
	Name    string
	Meta    string `json:"meta-type"`
	JSON    string `json:"json-type"`
	Values  []string
	Element string `json:"element-type"`
	Members []struct {
		Name, Type string
		Default    *json.RawMessage // there, be it null: the member may be absent
	}
	Tag      string
	Variants []struct{ Case, Type string }
	Arg      string `json:"arg-type"`
}

func readPlain(t *testing.T, raw []byte) plain {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	p := plain{}
	for _, fields := range list {
		var e plainEntity
		if string(fields["meta-type"]) == `"enum"` { // its members have no types
			delete(fields, "members")
		}
		text, _ := json.Marshal(fields)
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var members []map[string]json.RawMessage
		if fields["members"] != nil && json.Unmarshal(fields["members"], &members) == nil {
			for i, m := range members {
				if _, there := m["default"]; there {
					e.Members[i].Default = &json.RawMessage{}
				}
			}
		}
		p[e.Name] = e
	}
	return p
}

// check says why the value is none of the type.
func (p plain) check(typ string, v any, open bool) error {
	e := p[typ]
	switch e.Meta {
	case "builtin":
		return plainScalar(e.JSON, v)
	case "enum":
		if s, ok := v.(string); !ok || !slices.Contains(e.Values, s) {
			return fmt.Errorf("%v is none of %s", v, typ)
		}
		return nil
	case "array":
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%v is no array", v)
		}
		for _, elem := range list {
			if err := p.check(e.Element, elem, false); err != nil {
				return err
			}
		}
		return nil
	case "alternate":
		for _, m := range e.Members {
			if p.check(m.Type, v, false) == nil {
				return nil
			}
		}
		return fmt.Errorf("%v fits no choice", v)
	}
	return p.checkObject(e, v, open)
}

func (p plain) checkObject(e plainEntity, v any, open bool) error {
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%v is no object", v)
	}
	seen := map[string]bool{}
	for more := true; more; {
		more = false
		for _, m := range e.Members {
			value, there := object[m.Name]
			if seen[m.Name] = true; !there {
				if m.Default == nil {
					return fmt.Errorf("%s is missing", m.Name)
				}
				continue
			}
			if err := p.check(m.Type, value, false); err != nil {
				return err
			}
		}
		for _, variant := range e.Variants {
			if variant.Case == object[e.Tag] {
				e, more = p[variant.Type], true
				break
			}
		}
	}
	for name := range object {
		if !seen[name] && !open {
			return fmt.Errorf("%s is too much", name)
		}
	}
	return nil
}

func plainScalar(kind string, v any) error {
	ok := true
	switch x := v.(type) {
	case string:
		ok = kind == "string"
	case bool:
		ok = kind == "boolean"
	case nil:
		ok = kind == "null"
	case json.Number:
		n, whole := new(big.Int).SetString(string(x), 10)
		most := new(big.Int).Lsh(big.NewInt(1), 64)
		least := new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 63))
		ok = kind == "number" || kind == "int" && whole && n.Cmp(most) < 0 && n.Cmp(least) >= 0
	default:
		ok = false
	}
	if ok || kind == "value" {
		return nil
	}
	return fmt.Errorf("%v is no %s", v, kind)
}

// value builds a value of the type, with all members or with those that must be there. branch is the value of the tag; ""
// is any.
func (p plain) value(typ, branch string, all bool, depth int) any {
	e := p[typ]
	switch e.Meta {
	case "builtin":
		return map[string]any{"string": "x", "int": 1, "number": 1.5, "boolean": true, "null": nil, "value": "any"}[e.JSON]
	case "enum":
		return e.Values[0]
	case "array":
		return []any{p.value(e.Element, "", all, depth+1)}
	case "alternate":
		m := e.Members[0]
		for _, other := range e.Members {
			if p[other.Type].JSON == "string" && depth > 1 { // a node that names another one, lest it holds itself for ever
				m = other
			}
		}
		return p.value(m.Type, "", all, depth+1)
	}
	object := map[string]any{}
	for more := true; more; {
		more = false
		for _, m := range e.Members {
			if m.Default == nil || all && depth < 2 || m.Name == e.Tag {
				object[m.Name] = p.value(m.Type, "", all, depth+1)
			}
		}
		if branch != "" {
			object[e.Tag], branch = branch, ""
		}
		for _, variant := range e.Variants {
			if variant.Case == object[e.Tag] {
				e, more = p[variant.Type], true
				break
			}
		}
	}
	return object
}

// TestAgainstAPlainReader: values that the plain reader builds are taken, and of the samples and mutants that are built
// from the schema as this package reads it, the plain reader takes and refuses the same.
func TestAgainstAPlainReader(t *testing.T) {
	for name, raw := range map[string][]byte{"QEMU": qapitest.RawQEMU(t), "storage daemon": qapitest.RawStorageDaemon(t)} {
		p := readPlain(t, raw)
		s, err := qapi.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		commands, built, judged := 0, 0, 0
		for _, e := range p {
			c := s.Command(e.Name)
			if e.Meta != "command" {
				continue
			}
			if commands++; c == nil {
				t.Fatalf("%s: command %s is missing", name, e.Name)
			}
			open := c.Open
			branches := []string{""}
			for _, v := range p[e.Arg].Variants {
				branches = append(branches, v.Case)
			}
			for _, branch := range branches {
				for _, all := range []bool{false, true} {
					text, _ := json.Marshal(p.value(e.Arg, branch, all, 0))
					built++
					if err := c.Check(text); err != nil {
						t.Errorf("%s %s: %v", e.Name, text, err)
					}
				}
			}
			for _, sample := range qapitest.Samples(c) {
				judged++
				if err := p.check(e.Arg, plainValue(t, sample.JSON), open); err != nil {
					t.Errorf("%s %s: the plain reader refuses it: %v", e.Name, sample.JSON, err)
				}
				if testing.Short() {
					continue
				}
				for _, m := range sample.Mutants() {
					judged++
					if m.Fault != qapi.DuplicateMember && p.check(e.Arg, plainValue(t, m.JSON), open) == nil {
						t.Errorf("%s %s, %s: the plain reader takes it", e.Name, m.JSON, m.Name)
					}
				}
			}
		}
		if commands != len(s.Commands()) || built < 2*commands || judged < commands {
			t.Errorf("%s: %d commands of %d, %d values built, %d judged", name, commands, len(s.Commands()), built, judged)
		}
		t.Logf("%s: %d commands, %d values built, %d judged", name, commands, built, judged)
	}
}

func plainValue(t *testing.T, raw json.RawMessage) (v any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}
