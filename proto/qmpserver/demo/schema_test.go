package demo

import (
	"strings"
	"testing"
	"testing/synctest"
)

// The list of commands is that of the schema, out-of-band marks included, and the machine simulates no others.
func TestDemo_CommandsAreThoseOfTheSchema(t *testing.T) {
	schema, err := readSchema()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range schema.Commands() {
		if known, oob := knows(c.Name); !known || oob != c.OOB {
			t.Errorf("%s: known %v, oob %v", c.Name, known, oob)
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
