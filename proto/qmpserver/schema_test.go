package qmpserver

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// schemaEntry is as much of SchemaInfo as the tests need.
type schemaEntry struct {
	Name     string          `json:"name"`
	MetaType string          `json:"meta-type"`
	ArgType  string          `json:"arg-type"`
	AllowOOB bool            `json:"allow-oob"`
	JSONType string          `json:"json-type"`
	Values   []string        `json:"values"`
	Element  string          `json:"element-type"`
	Members  []schemaMember  `json:"members"`
	Default  json.RawMessage `json:"default"`
}

type schemaMember struct {
	Name    string          `json:"name"`
	Type    string          `json:"type"`
	Default json.RawMessage `json:"default"`
}

func loadSchema(t *testing.T) (list []schemaEntry, byName map[string]schemaEntry) {
	t.Helper()
	raw, err := demoSchema()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	byName = map[string]schemaEntry{}
	for _, e := range list {
		byName[e.Name] = e
	}
	return list, byName
}

// The list of commands is that of the schema, out-of-band marks included.
func TestDemo_CommandsAreThoseOfTheSchema(t *testing.T) {
	list, byName := loadSchema(t)
	n := 0
	for _, e := range list {
		if e.MetaType == "command" {
			n++
			if known, oob := demoKnows(e.Name); !known || oob != e.AllowOOB {
				t.Errorf("%s: known %v, oob %v", e.Name, known, oob)
			}
		}
	}
	if lines := strings.Count(demoCommandsFile, "\n"); lines != n {
		t.Errorf("%d names for %d commands", lines, n)
	}
	for _, name := range DemoCommands() {
		if byName[name].MetaType != "command" {
			t.Errorf("the demo simulates %s, which QEMU does not have", name)
		}
		if cmd, ok := demoCommands()[name]; ok && cmd.oob != byName[name].AllowOOB {
			t.Errorf("%s: oob %v", name, cmd.oob)
		}
	}
	if byName["nosuch"].Name != "" || len(list) < 1000 {
		t.Errorf("the schema has %d entries", len(list))
	}
}

// What the demo checks of arguments is what the schema says: names, order, which
// are required, types and the values of enumerations.
func TestDemo_ArgumentsAreThoseOfTheSchema(t *testing.T) {
	_, byName := loadSchema(t)
	kinds := map[kind]string{
		kindString: "string", kindInt: "int", kindBool: "boolean", kindEnum: "enum", kindArray: "array", kindObject: "object",
	}
	for _, name := range DemoCommands() {
		cmd := demoCommands()[name] // without parameters if a fixed reply answers
		var want []string
		for _, m := range byName[byName[name].ArgType].Members {
			typ := byName[m.Type]
			what := typ.JSONType
			if typ.MetaType != "builtin" {
				what = typ.MetaType
			}
			want = append(want, fmt.Sprintf("%s %s %v %v", m.Name, what, m.Default == nil, sorted(typ.Values)))
		}
		var got []string
		for _, p := range cmd.params {
			got = append(got, fmt.Sprintf("%s %s %v %v", p.name, kinds[p.kind], p.required, sorted(p.values)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s takes\n%s\nand in QEMU\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	actions := byName[strings.Trim(byName[byName["transaction"].ArgType].Members[0].Type, "[]")]
	var types []string
	for _, m := range actions.Members {
		if m.Name == "type" {
			types = byName[m.Type].Values
		}
	}
	if !slices.Equal(sorted(types), sorted(transactionTypes())) {
		t.Errorf("actions %v, in QEMU %v", transactionTypes(), types)
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func TestDemo_QuerySchemaAndCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		raw := v.do("query-qmp-schema", "")
		if want, _ := demoSchema(); raw != string(want) {
			t.Errorf("query-qmp-schema sent %d bytes", len(raw))
		}
		if got := v.do("query-commands", ""); strings.Count(got, `{"name": "`) != strings.Count(demoCommandsFile, "\n") {
			t.Errorf("query-commands: %s", got)
		}
	})
}

// Unpacking the schema must stay cheap enough to be done when asked.
func BenchmarkDemoSchema(b *testing.B) {
	for b.Loop() {
		if _, err := demoSchema(); err != nil {
			b.Fatal(err)
		}
	}
}

// A round trip through the server, over a pipe.
func BenchmarkServerRoundTrip(b *testing.B) {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = testServer().Serve(b.Context(), server)
	}()
	c := qmp.NewClient(qmp.Options{})
	if err := c.ConnectStream(b.Context(), client, "bench"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.Execute(b.Context(), "query-x", nil); err != nil {
			b.Fatal(err)
		}
	}
	c.Disconnect(b.Context())
	<-done
}
