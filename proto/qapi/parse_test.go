package qapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

func TestParseQEMU(t *testing.T) {
	s := qapitest.QEMU(t)
	if n, m := len(s.Commands()), len(s.Events()); n != 216 || m != 52 {
		t.Errorf("%d commands and %d events", n, m)
	}
	if !slices.IsSortedFunc(s.Commands(), func(a, b *qapi.Command) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("commands are not sorted")
	}
	add := s.Command("blockdev-add")
	if add.Args.Tag != "driver" || add.Args.Member("driver").Type.Kind != qapi.KindEnum || add.OOB || add.Open {
		t.Errorf("blockdev-add: %+v", add)
	}
	file := add.Args.Branch("qcow2").Member("backing")
	if file == nil || !file.Optional || file.Type.Label() != "object|str|null" {
		t.Errorf("backing: %+v", file)
	}
	if file.Type.Alternate.Types[0].Object != add.Args {
		t.Error("a block node does not hold block nodes")
	}
	if !s.Command("migrate-recover").OOB || !s.Command("device_add").Open || s.Command("netdev_add").Open {
		t.Error("allow-oob or the open commands are lost")
	}
	if x := s.Command("blockdev-backup").Args.Member("x-perf"); !slices.Contains(x.Features, "unstable") || slices.Contains(x.Features, "deprecated") {
		t.Errorf("x-perf: %+v", x)
	}
	actions := s.Command("transaction").Args.Member("actions").Type.Elem.Object.Member("type").Type.Enum
	if v := actions.Value("drive-backup"); v == nil || !slices.Contains(v.Features, "deprecated") {
		t.Errorf("drive-backup: %+v", v)
	}
	if s.Command("no") != nil || s.Event("no") != nil || s.Type("no") != nil || s.Type("str").Kind != qapi.KindString {
		t.Error("look-ups")
	}
	if !s.Command("stop").Args.Empty() || !s.Command("stop").Returns.Object.Empty() || s.Event("STOP").Data == nil {
		t.Error("nothing is not an empty object")
	}
}

func TestParseTakesAWholeReplyAndCopiesIt(t *testing.T) {
	raw := append([]byte(`{"id": 7, "return": `), qapitest.RawStorageDaemon(t)...)
	raw = append(raw, "}\r\n"...)
	s, err := qapi.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] = 'x'
	}
	if s.Command("blockdev-add") == nil || s.Command("blockdev-add").Args.Member("driver") == nil {
		t.Error("the schema changes with the caller's bytes")
	}
}

func TestParseToleratesWhatItDoesNotKnow(t *testing.T) {
	s, err := qapi.Parse([]byte(`[
		{"name": "c", "meta-type": "command", "arg-type": "a", "new": {"x": [1]}},
		{"name": "a", "meta-type": "object", "members": [
			{"name": "m", "type": "t", "default": 5, "new": 1}, {"name": "o", "type": "old", "default": null},
			{"name": "w", "type": "w", "default": null}], "new": null},
		{"name": "t", "meta-type": "never-heard-of"},
		{"name": "w", "meta-type": "builtin", "json-type": "never-heard-of"},
		{"name": "old", "meta-type": "enum", "values": ["x", "\u0079"]},
		{"name": "E", "meta-type": "event"}]`))
	if err != nil {
		t.Fatal(err)
	}
	m := s.Command("c").Args.Member("m")
	if m.Type.Kind != qapi.KindAny || !m.Optional || string(m.Default) != "5" {
		t.Errorf("m: %+v", m)
	}
	if err := s.Command("c").Check(json.RawMessage(`{"m":{"x":1},"o":"y","w":[1]}`)); err != nil {
		t.Error(err)
	}
	if err := s.Command("c").Check(json.RawMessage(`{"o":"z"}`)); err == nil {
		t.Error("an enum in the old form takes everything")
	}
	if d, err := s.Describe("c"); err != nil || !strings.Contains(d.Text(0), "any, optional, default 5") {
		t.Errorf("%v\n%v", err, d)
	}
}

func TestParseHasABound(t *testing.T) {
	long := append(bytes.Repeat([]byte("["), 1000), bytes.Repeat([]byte("1,"), qapi.MaxSchema/2)...)
	if _, err := qapi.Parse(long); err == nil || !strings.Contains(err.Error(), "more than 16 MiB") {
		t.Error(err)
	}
}

func TestParseErrorsTellThePlace(t *testing.T) {
	for raw, want := range map[string]string{
		``:                                       `expected a value, but the text ends (at byte 0)`,
		`{"return": 1}`:                          `expected an array, or an object with one under "return" (at byte 0)`,
		`7`:                                      `expected an array, or an object with one under "return" (at byte 0)`,
		`[7]`:                                    `expected an object (at byte 1)`,
		`[{}]`:                                   `expected a "name" (at byte 1)`,
		`[{"name": 1}]`:                          `expected a string (at byte 10)`,
		`[{"name": "a"},{"name": "a"}]`:          `"a": listed twice (at byte 15)`,
		`[{"name": "a"} 1]`:                      `expected ',' or ']' after an element, found '1' (at byte 15)`,
		`[] []`:                                  `expected nothing more behind the value, found '[' (at byte 3)`,
		`[` + command(`"x"`) + `]`:               `"c": no type "x" (at byte 52)`,
		`[` + command(`"c"`) + `]`:               `"c": "c" is no type (at byte 52)`,
		`[` + command(`"i"`) + `,` + i + `]`:     `"c": type "i" is no object (at byte 52)`,
		`[{"name":"a","meta-type":"array"}]`:     `"a": expected an "element-type" (at byte 1)`,
		`[{"name":"a","meta-type":"enum"}]`:      `"a": expected "members" or "values" (at byte 1)`,
		`[{"name":"a","meta-type":"alternate"}]`: `"a": expected "members" (at byte 1)`,
		`[{"name":"a","meta-type":"alternate","members":[{"type":"a"}]}]`: `"a": an alternate inside an alternate (at byte 56)`,
		`[{"name":"a","meta-type":"object","members":[{"name":"m"}]}]`:    `"a": expected the "type" of member "m" (at byte 45)`,
		`[{"name":"a","meta-type":"object","members":{}}]`:                `"a": expected an array of members (at byte 44)`,
		`[{"name":"a","meta-type":"object","tag":"t"}]`:                   `"a": the tag "t" is no member (at byte 40)`,
		`[` + i + `,{"name":"a","meta-type":"object","members":[{"name":"t","type":"i"}],"tag":"t",` +
			`"variants":[{"case":"x","type":"a"}]}]`: `"a": branches inside branches without end (at byte 57)`,
	} {
		_, err := qapi.Parse([]byte(raw))
		var fault *qapi.SchemaError
		if !errors.As(err, &fault) || err.Error() != "not a QAPI schema: "+want {
			t.Errorf("%s\ngot  %v\nwant %s", raw, err, want)
		}
	}
}

const i = `{"name":"i","meta-type":"builtin","json-type":"string"}`

func command(args string) string {
	return `{"name":"c","meta-type":"command","arg-type":      ` + args + `}`
}

// A type that holds itself has no end, but a value of it has.
func TestParseTakesTypesThatHoldThemselves(t *testing.T) {
	s, err := qapi.Parse([]byte(`[
		{"name": "[l]", "meta-type": "array", "element-type": "[l]"},
		{"name": "o", "meta-type": "object", "members": [{"name": "o", "type": "o"}, {"name": "l", "type": "[l]", "default": null}]},
		{"name": "c", "meta-type": "command", "arg-type": "o", "ret-type": "[l]"}]`))
	if err != nil {
		t.Fatal(err)
	}
	c := s.Command("c")
	if label := c.Returns.Label(); label != "[[[array]]]" {
		t.Errorf("label %s", label)
	}
	if err := c.Returns.Check(json.RawMessage(`[[],[[]]]`)); err != nil {
		t.Error(err)
	}
	if err := c.Check(json.RawMessage(`{"o":{"o":{}}}`)); err == nil || err.Error() != "o.o.o: missing, expected object" {
		t.Error(err)
	}
	if d, err := s.Describe("c"); err != nil || d.Text(80) == "" {
		t.Error(err)
	}
}

// Newer servers have branches inside branches (QEMU 8.0).
func TestBranchesInsideBranches(t *testing.T) {
	s, err := qapi.Parse([]byte(`[` + i + `,
		{"name": "kind", "meta-type": "enum", "members": [{"name": "plain"}, {"name": "fancy"}, {"name": "none"}]},
		{"name": "sub", "meta-type": "enum", "members": [{"name": "a"}, {"name": "b"}]},
		{"name": "o", "meta-type": "object", "members": [{"name": "kind", "type": "kind"}], "tag": "kind",
			"variants": [{"case": "plain", "type": "p"}, {"case": "fancy", "type": "f"}]},
		{"name": "p", "meta-type": "object", "members": [{"name": "size", "type": "i"}]},
		{"name": "f", "meta-type": "object", "members": [{"name": "opt", "type": "i", "default": null}, {"name": "sub", "type": "sub"}],
			"tag": "sub", "variants": [{"case": "a", "type": "fa"}, {"case": "b", "type": "p"}]},
		{"name": "fa", "meta-type": "object", "members": [{"name": "extra", "type": "i"}]},
		{"name": "c", "meta-type": "command", "arg-type": "o"}]`))
	if err != nil {
		t.Fatal(err)
	}
	c := s.Command("c")
	for args, want := range map[string]string{
		`{"kind":"none"}`:                              `<nil>`,
		`{"kind":"plain","size":"1"}`:                  `<nil>`,
		`{"extra":"x","sub":"a","kind":"fancy"}`:       `<nil>`,
		`{"kind":"fancy","sub":"b","size":"x"}`:        `<nil>`,
		`{"kind":"fancy","sub":"b"}`:                   `size: missing, expected str`,
		`{"kind":"fancy","extra":"x"}`:                 `sub: missing, expected enum a|b`,
		`{"kind":"fancy","sub":"b","extra":"x"}`:       `extra: no such member with sub=b (only with sub=a)`,
		`{"kind":"plain","sub":"a","size":"x"}`:        `sub: no such member with kind=plain (only with kind=fancy)`,
		`{"kind":"fancy","sub":"a","extra":"x","y":1}`: `y: no such member with sub=a`,
	} {
		if err := c.Check(json.RawMessage(args)); fmt.Sprint(err) != want {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
	if samples := qapitest.Samples(c); len(samples) != 10 {
		t.Errorf("%d samples", len(samples))
	}
	tags := func(tag string) (string, bool) { return map[string]string{"kind": "fancy", "sub": "a"}[tag], true }
	var valid []string
	for _, m := range c.Args.Valid(tags) {
		valid = append(valid, m.Name)
	}
	if got := strings.Join(valid, " "); got != "kind sub extra opt" {
		t.Errorf("valid: %s", got)
	}
	if c.Args.Lookup("extra", tags) == nil || c.Args.Lookup("extra", nil) != nil {
		t.Error("Lookup does not go into branches of branches")
	}
	if got := c.Args.Cases("extra"); !slices.Equal(got, []string{"fancy"}) {
		t.Errorf("cases: %q", got)
	}
}

func TestParseIsDeterministic(t *testing.T) {
	raw := qapitest.RawStorageDaemon(t)
	text := func() string {
		s, err := qapi.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		var all bytes.Buffer
		for _, c := range s.Commands() {
			d, err := s.Describe(c.Name)
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString(d.Text(80))
			json.NewEncoder(&all).Encode(d)
		}
		return all.String()
	}
	if first, second := text(), text(); first != second {
		t.Error("two descriptions of one schema differ")
	}
}

// No command of QEMU 7.2 takes a number that may be a fraction, but some results have one.
func TestNumbersTakeIntegersToo(t *testing.T) {
	s, err := qapi.Parse([]byte(`[{"name": "number", "meta-type": "builtin", "json-type": "number"},
		{"name": "alt", "meta-type": "alternate", "members": [{"type": "number"}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"number", "alt"} {
		for value, taken := range map[string]bool{`1`: true, `1.5`: true, `1e400`: true, `99999999999999999999`: true, `"1"`: false, `null`: false} {
			if err := s.Type(name).Check(json.RawMessage(value)); (err == nil) != taken {
				t.Errorf("%s %s: %v", name, value, err)
			}
		}
	}
}

func TestABranchWithoutMembersIsNone(t *testing.T) {
	args := qapitest.QEMU(t).Command("netdev_add").Args
	if args.Branch("none") != nil || args.Branch("no-such") != nil || args.Branch("hubport") == nil {
		t.Error("Branch")
	}
}
