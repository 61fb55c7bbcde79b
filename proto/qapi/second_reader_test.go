package qapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// schemaInfo is an entry of query-qmp-schema as QEMU documents it (qapi/introspect.json), for a second reader that shares
// nothing with Parse: the samples of qapitest come out of Parse, and cannot find its mistakes.
type schemaInfo struct {
	Name     string            `json:"name"`
	Meta     string            `json:"meta-type"`
	JSON     string            `json:"json-type"`
	Element  string            `json:"element-type"`
	Arg      string            `json:"arg-type"`
	Ret      string            `json:"ret-type"`
	OOB      bool              `json:"allow-oob"`
	Tag      string            `json:"tag"`
	Values   []string          `json:"values"`
	Features []string          `json:"features"`
	Members  []json.RawMessage `json:"members"`
	Variants []struct {
		Case string `json:"case"`
		Type string `json:"type"`
	} `json:"variants"`
}

type memberInfo struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Features []string `json:"features"`
}

// words writes an entry as one line.
func (e schemaInfo) words(t *testing.T, all map[string]schemaInfo) string {
	line := e.Meta + " " + e.Name + " " + strings.Join(e.Features, "+")
	switch e.Meta {
	case "builtin":
		return line + " " + map[string]string{"string": "str", "int": "int", "number": "number", "boolean": "bool", "null": "null", "value": "any"}[e.JSON]
	case "array":
		return line + " of " + e.Element
	case "command":
		return line + fmt.Sprintf(" %v (%s) -> %s", e.OOB, membersOf(t, all[e.Arg], ""), e.Ret)
	case "event":
		return line + fmt.Sprintf(" (%s)", membersOf(t, all[e.Arg], ""))
	}
	line += " " + membersOf(t, e, e.Meta)
	for _, v := range e.Variants {
		if branch := all[v.Type]; len(branch.Members) > 0 || len(branch.Variants) > 0 {
			line += fmt.Sprintf(" | %s=%s: %s", e.Tag, v.Case, membersOf(t, branch, ""))
		}
	}
	return line
}

// membersOf writes the members of an object, an enum or an alternate.
func membersOf(t *testing.T, e schemaInfo, meta string) string {
	var words []string
	for _, raw := range e.Members {
		var m memberInfo
		var plain map[string]json.RawMessage
		if json.Unmarshal(raw, &m) != nil || json.Unmarshal(raw, &plain) != nil {
			t.Fatalf("%s: member %s", e.Name, raw)
		}
		word := m.Name + ":" + m.Type
		if value, optional := plain["default"]; optional {
			word += "=" + strings.TrimPrefix(string(value), "null")
		}
		words = append(words, word+strings.Join(m.Features, "+"))
	}
	if meta == "enum" && len(e.Members) == 0 {
		for _, value := range e.Values {
			words = append(words, value+":")
		}
	}
	return strings.Join(words, ",")
}

// parsedWords writes what Parse made of an entry in the same form.
func parsedWords(s *qapi.Schema, e schemaInfo) string {
	line := e.Meta + " " + e.Name + " "
	switch e.Meta {
	case "command":
		c := s.Command(e.Name)
		return line + strings.Join(c.Features, "+") + fmt.Sprintf(" %v (%s) -> %s", c.OOB, parsedMembers(c.Args), c.Returns.Name)
	case "event":
		v := s.Event(e.Name)
		return line + strings.Join(v.Features, "+") + fmt.Sprintf(" (%s)", parsedMembers(v.Data))
	}
	typ := s.Type(e.Name)
	line += strings.Join(typ.Features, "+") + " "
	var words []string
	switch typ.Kind {
	case qapi.KindArray:
		return line + "of " + typ.Elem.Name
	case qapi.KindEnum:
		for _, v := range typ.Enum.Values {
			words = append(words, v.Name+":"+strings.Join(v.Features, "+"))
		}
		return line + strings.Join(words, ",")
	case qapi.KindAlternate:
		for _, choice := range typ.Alternate.Types {
			words = append(words, ":"+choice.Name)
		}
		return line + strings.Join(words, ",")
	case qapi.KindObject:
		line += parsedMembers(typ.Object)
		for _, b := range typ.Object.Branches {
			if !b.Object.Empty() {
				line += fmt.Sprintf(" | %s=%s: %s", typ.Object.Tag, b.Case, parsedMembers(b.Object))
			}
		}
		return line
	}
	return line + typ.Kind.String()
}

func parsedMembers(o *qapi.Object) string {
	var words []string
	for _, m := range o.Members {
		word := m.Name + ":" + m.Type.Name
		if m.Optional {
			word += "=" + string(m.Default)
		}
		words = append(words, word+strings.Join(m.Features, "+"))
	}
	return strings.Join(words, ",")
}

func TestParseReadsWhatASecondReaderReads(t *testing.T) {
	for name, raw := range map[string][]byte{"QEMU": qapitest.RawQEMU(t), "storage daemon": qapitest.RawStorageDaemon(t)} {
		s, err := qapi.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		var list []schemaInfo
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		all := map[string]schemaInfo{}
		kinds := map[string]int{}
		for _, e := range list {
			all[e.Name] = e
			kinds[e.Meta]++
		}
		for _, e := range list {
			if got, want := parsedWords(s, e), e.words(t, all); got != want {
				t.Errorf("%s:\n got %s\nwant %s", name, got, want)
			}
		}
		if kinds["command"] != len(s.Commands()) || kinds["event"] != len(s.Events()) {
			t.Errorf("%s: %v, but %d commands and %d events", name, kinds, len(s.Commands()), len(s.Events()))
		}
		if metas := []string{"alternate", "array", "builtin", "command", "enum", "event", "object"}; !slices.Equal(metas, sorted(kinds)) {
			t.Errorf("%s has %v", name, kinds)
		}
	}
}

func sorted(kinds map[string]int) (names []string) {
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
