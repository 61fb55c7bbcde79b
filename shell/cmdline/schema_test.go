package cmdline

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

// style is a way to write a value as a line.
type style struct {
	name   string
	dotted bool // objects and arrays by dotted keys, as far as that goes
	quotes bool // every string in quotes
	exact  bool // key:=JSON
}

var styles = []style{
	{name: "words"},
	{name: "dotted", dotted: true},
	{name: "quoted", dotted: true, quotes: true},
	{name: "exact", exact: true},
	{name: "dotted exact", dotted: true, exact: true},
}

// line writes a command with its arguments, JSON, in that style.
func (s style) line(t testing.TB, name string, args json.RawMessage) string {
	words := []string{name}
	for _, m := range members(t, args) {
		words = append(words, s.words(t, QuoteKey(m.name), m.value)...)
	}
	return strings.Join(words, " ")
}

func (s style) words(t testing.TB, key string, value json.RawMessage) []string {
	var words []string
	switch first := value[0]; {
	case s.dotted && first == '{':
		for _, m := range members(t, value) {
			words = append(words, s.words(t, key+"."+QuoteKey(m.name), m.value)...)
		}
	case s.dotted && first == '[':
		var elements []json.RawMessage
		decode(t, value, &elements)
		for i, e := range elements {
			words = append(words, s.words(t, key+"."+strconv.Itoa(i), e)...)
		}
	}
	if words != nil {
		return words
	}
	if value[0] != '"' || s.exact {
		if s.exact || value[0] == 'n' {
			key += ":"
		}
		return []string{key + "=" + string(value)}
	}
	var text string
	decode(t, value, &text)
	word, ok := Quote(text)
	if ok && word == text && (s.quotes || isNullWord(text)) {
		word = `"` + text + `"`
	}
	if !ok {
		return []string{key + ":=" + string(value)}
	}
	return []string{key + "=" + word}
}

type member struct {
	name  string
	value json.RawMessage
}

// members returns the members of a JSON object in their order.
func members(t testing.TB, raw json.RawMessage) (list []member) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		m := member{name: name.(string)}
		if err := d.Decode(&m.value); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

func decode(t testing.TB, raw json.RawMessage, into any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
}

// same says whether two JSON texts hold equal values; nil is an empty object.
func same(t testing.TB, a, b json.RawMessage) bool {
	var x, y any = map[string]any{}, map[string]any{}
	if a != nil {
		decode(t, a, &x)
	}
	if b != nil {
		decode(t, b, &y)
	}
	return reflect.DeepEqual(x, y)
}

// TestEveryCommandRoundTrips writes values built from the schema as lines in several styles; parsed and bound, they are
// what they were.
func TestEveryCommandRoundTrips(t *testing.T) {
	for name, schema := range map[string]*qapi.Schema{"QEMU": qapitest.QEMU(t), "storage daemon": qapitest.StorageDaemon(t)} {
		lines, without := 0, 0
		for _, c := range schema.Commands() {
			for _, sample := range qapitest.Samples(c) {
				for _, s := range styles {
					lines++
					line := s.line(t, c.Name, sample.JSON)
					st, err := Parse(line)
					if err != nil {
						t.Fatalf("%s, %s, %s\n%s\n%v", c.Name, sample.Name, s.name, line, err)
					}
					got, err := st.Bind(Binding{Schema: schema, Validate: true})
					if err != nil {
						t.Errorf("%s, %s, %s\n%s\n%v", c.Name, sample.Name, s.name, line, err)
					} else if !same(t, got.Arguments, sample.JSON) {
						t.Errorf("%s, %s, %s\n%s\n got %s\nwant %s", c.Name, sample.Name, s.name, line, got.Arguments, sample.JSON)
					}
					if st.NeedsSchema() {
						continue
					}
					without++
					if got, err := st.Bind(Binding{}); err != nil || !same(t, got.Arguments, sample.JSON) {
						t.Errorf("%s, %s, %s\n%s\nneeds no schema, but without one is %s, %v", c.Name, sample.Name, s.name, line, got.Arguments, err)
					}
				}
			}
		}
		t.Logf("%s: %d lines, %d need no schema", name, lines, without)
	}
}

// TestEveryMutantIsRefused writes values with one fault each; none gets through, whatever the style.
func TestEveryMutantIsRefused(t *testing.T) {
	schema := qapitest.QEMU(t)
	tried := 0
	for i, c := range schema.Commands() {
		if (testing.Short() || raceDetector) && i%10 != 0 {
			continue
		}
		for _, sample := range qapitest.Samples(c) {
			for _, m := range sample.Mutants() {
				for _, s := range styles[:2] {
					line := s.line(t, c.Name, m.JSON)
					tried++
					st, err := Parse(line)
					if err == nil {
						var got any
						got, err = st.Bind(Binding{Schema: schema, Validate: true})
						if err == nil && !helped(c, st, schema) {
							t.Errorf("%s, %s, %s, %s\n%s\n%s", c.Name, sample.Name, m.Name, s.name, line, got)
						}
					}
					var e *Error
					if err != nil && (!errors.As(err, &e) || e.Msg == "" || e.Column < 1) {
						t.Errorf("%s: %#v", line, err)
					}
				}
			}
		}
	}
	t.Logf("%d mutants", tried)
}

// helped says whether what was a mutant is right once its words have the types that are due.
func helped(c *qapi.Command, st Statement, schema *qapi.Schema) bool {
	got, err := st.Bind(Binding{Schema: schema, Validate: true})
	return err == nil && c.Check(got.Arguments) == nil
}

// TestLinesOfUse: what people really send, in the forms in which they write it.
func TestLinesOfUse(t *testing.T) {
	content, err := os.ReadFile("testdata/lines.txt")
	if err != nil {
		t.Fatal(err)
	}
	schema := qapitest.QEMU(t)
	lines := 0
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line[0] == '#' {
			continue
		}
		lines++
		st, err := Parse(line)
		var got qmp.Command
		if err == nil {
			got, err = st.Bind(Binding{Schema: schema, Validate: true, Properties: listed})
		}
		if err == nil {
			err = schema.Command(got.Name).Check(got.Arguments)
		}
		if err != nil {
			t.Errorf("%s\n%v", line, err)
		}
	}
	if lines < 100 {
		t.Errorf("only %d lines", lines)
	}
}
