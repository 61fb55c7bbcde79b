package demo

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// The list of commands is that of the schema, out-of-band marks included, and the machine simulates no others.
func TestDemo_CommandsAreThoseOfTheSchema(t *testing.T) {
	schema, err := readSchema()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range schema.Commands() {
		needs := slices.ContainsFunc(c.Args.Members, func(m qapi.Member) bool { return !m.Optional })
		if got, known := knows(c.Name); !known || got != (traits{c.OOB, needs}) {
			t.Errorf("%s: known %v, %+v", c.Name, known, got)
		}
	}
	if lines, n := strings.Count(commandsFile, "\n"), len(schema.Commands()); lines != n || n < 200 {
		t.Errorf("%d names for %d commands", lines, n)
	}
	for _, name := range Commands() {
		if schema.Command(name) == nil {
			t.Errorf("the demo simulates %s, which QEMU does not have", name)
		}
	}
}

func TestDemo_QuerySchemaAndCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		raw := v.do("query-qmp-schema", "")
		if want, _ := rawSchema(); raw != string(want) {
			t.Errorf("query-qmp-schema sent %d bytes", len(raw))
		}
		if got := v.do("query-commands", ""); strings.Count(got, `{"name": "`) != strings.Count(commandsFile, "\n") {
			t.Errorf("query-commands: %s", got)
		}
	})
}

// Reading the schema must stay cheap enough to be done when asked.
func BenchmarkSchema(b *testing.B) {
	for b.Loop() {
		if _, err := readSchema(); err != nil {
			b.Fatal(err)
		}
	}
}
