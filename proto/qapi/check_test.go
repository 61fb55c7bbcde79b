package qapi_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

func TestCheckNamesTheFirstFault(t *testing.T) {
	s := qapitest.QEMU(t)
	for _, test := range []struct{ command, args, want string }{
		{"blockdev-add", `{"driver":"qcow2","file":{"driver":"file"}}`, `file.filename: missing, expected str`},
		{"blockdev-add", `{"driver":"qcow2","file":{"driver":"file","filename":1}}`, `file.filename: expected str, got the number 1`},
		{"blockdev-add", `{"driver":"qcow2","file":{"driver":"fiel","filename":"x"}}`,
			`file.driver: "fiel" is none of its values (did you mean file?)`},
		{"blockdev-add", `{"driver":"qcow2","file":7}`, `file: expected object|str, got the number 7`},
		{"blockdev-add", `{"driver":"raw","file":"n","filename":"x"}`,
			`filename: no such member with driver=raw (only with driver=file|host_cdrom|host_device)`},
		{"blockdev-add", `{"drver":"raw","file":"n"}`, `drver: no such member (did you mean driver?)`},
		{"blockdev-add", `{"file":"n"}`, `driver: missing, expected enum`},
		{"blockdev-add", `{"driver":"raw","file":"n","discard":"on"}`, `discard: "on" is none of ignore|unmap`},
		{"blockdev-add", `{"driver":"null-co","driver":"raw"}`, `driver: given twice`},
		{"blockdev-add", `{"driver":"null-co","file":{"driver":1}}`, `file: no such member with driver=null-co (only with 21 other values of driver)`},
		{"blockdev-add", `{"driver":"quorum","vote-threshold":1,"children":["a",{"driver":"null-co","size":1.5}]}`,
			`children[1].size: expected int, got the number 1.5`},
		{"send-key", `{"keys":[{"type":"qcode","data":"rett"}]}`, `keys[0].data: "rett" is none of its values (did you mean ret?)`},
		{"send-key", `{"keys":[{"type":"number","data":"ret"}]}`, `keys[0].data: expected int, got the string "ret"`},
		{"send-key", `{"keys":{}}`, `keys: expected [object], got an object`},
		{"block-dirty-bitmap-add", `{"node":"n","name":1}`, `name: expected str, got the number 1`},
		{"block-dirty-bitmap-add", `{"node":"n","name":null}`, `name: expected str, got null`},
		{"block-dirty-bitmap-add", `{"node":"n","name":"b","granularity":"65536"}`, `granularity: expected int, got the string "65536"`},
		{"block-dirty-bitmap-add", `{"node":"n","name":"b","granularity":65536.0}`, `granularity: expected int, got the number 65536.0`},
		{"block-dirty-bitmap-add", `{"node":"n","name":"b","granularity":18446744073709551616}`,
			`granularity: the number 18446744073709551616 does not fit in 64 bits`},
		{"block-dirty-bitmap-add", `{"node":"n","name":"b","granularity":-9223372036854775809}`,
			`granularity: the number -9223372036854775809 does not fit in 64 bits`},
		{"block-dirty-bitmap-add", `{"node":"n","name":"b","persistent":"on"}`, `persistent: expected bool, got the string "on"`},
		{"block-dirty-bitmap-add", `{"node":"` + strings.Repeat("é", 50) + `","name":["` + strings.Repeat("é", 50) + `"]}`,
			`name: expected str, got an array`},
		{"query-status", `{"x":1}`, `x: no such member`},
		{"query-status", `[]`, `expected object, got an array`},
		{"query-status", `{`, `expected a member name in double quotes or '}', but the text ends`},
		{"qom-set", `{"path":"a","property":"b","value":[{"x":{"y":1,"y":2}}]}`, `value[0].x.y: given twice`},
		{"device_add", `{"driver":"e1000","mac":"x","mac":"y"}`, `mac: given twice`},
		{"device_add", `{"driver":"e1000","id":1}`, `id: expected str, got the number 1`},
		{"device_add", `{"mac":"x"}`, `driver: missing, expected str`},
	} {
		err := s.Command(test.command).Check(json.RawMessage(test.args))
		var fault *qapi.ValueError
		if !errors.As(err, &fault) || !strings.HasPrefix(fault.Error(), test.want) {
			t.Errorf("%s %s\ngot  %v\nwant %s", test.command, test.args, err, test.want)
		}
	}
}

func TestCheckTakes(t *testing.T) {
	s := qapitest.QEMU(t)
	for _, test := range []struct{ command, args string }{
		{"blockdev-add", ` { "driver" : "qcow2" , "\u0066ile" : "n" } `},
		{"blockdev-add", `{"file":{"filename":"x","driver":"file"},"backing":null,"driver":"qcow2"}`},
		{"block-dirty-bitmap-add", `{"node":"n","name":"b","granularity":18446744073709551615}`},
		{"block-dirty-bitmap-add", `{"node":"n","name":"b","granularity":-9223372036854775808}`},
		{"device_add", `{"driver":"e1000","mac":"x","vectors":4,"anything":{"a":[null]}}`},
		{"qom-set", `{"path":"a","property":"b","value":null}`},
		{"query-status", `{}`},
	} {
		if err := s.Command(test.command).Check(json.RawMessage(test.args)); err != nil {
			t.Errorf("%s %s: %v", test.command, test.args, err)
		}
	}
	if err := s.Command("query-status").Check(nil); err != nil {
		t.Error(err)
	}
	if err := s.Command("eject").Check(nil); err != nil {
		t.Errorf("all of eject's arguments are optional: %v", err)
	}
	if err := s.Event("STOP").Check(nil); err != nil {
		t.Error(err)
	}
	if err := s.Event("SHUTDOWN").Check(json.RawMessage(`{"guest":false,"reason":"host-qmp-quit"}`)); err != nil {
		t.Error(err)
	}
	if err := s.Event("SHUTDOWN").Check(nil); err == nil {
		t.Error("SHUTDOWN without data passes")
	}
}

func TestValueErrorTellsWhere(t *testing.T) {
	args := `{"driver": "quorum", "children": ["a", {"driver": "null-co", "sise": 1}], "vote-threshold": 1}`
	var fault *qapi.ValueError
	if err := qapitest.QEMU(t).Command("blockdev-add").Check(json.RawMessage(args)); !errors.As(err, &fault) {
		t.Fatal(err)
	}
	if fault.Path != "children[1].sise" || !slices.Equal(fault.Keys, []string{"children", "1", "sise"}) {
		t.Errorf("path %q, keys %q", fault.Path, fault.Keys)
	}
	if want := strings.Index(args, `"sise"`); fault.Offset != want {
		t.Errorf("offset %d, want %d", fault.Offset, want)
	}
	if fault.TagName != "driver" || fault.Tag != "null-co" || !slices.Equal(fault.Near, []string{"size"}) {
		t.Errorf("tag %s=%s, near %q", fault.TagName, fault.Tag, fault.Near)
	}
}

func TestCheckTakesEveryValueOfEveryEnum(t *testing.T) {
	s := qapitest.QEMU(t)
	seen := map[*qapi.Enum]bool{}
	for _, c := range s.Commands() {
		for i := range c.Args.Members {
			m := &c.Args.Members[i]
			if m.Type.Kind != qapi.KindEnum || seen[m.Type.Enum] {
				continue
			}
			seen[m.Type.Enum] = true
			for _, name := range m.Type.Enum.Names() {
				raw, _ := json.Marshal(name)
				if err := m.Type.Check(raw); err != nil {
					t.Errorf("%s %s=%s: %v", c.Name, m.Name, name, err)
				}
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d enums", len(seen))
	}
}

func TestSchemaIsSafeForManyReaders(t *testing.T) {
	s := qapitest.StorageDaemon(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, c := range s.Commands() {
				c.Check(json.RawMessage(`{"driver":"qcow2","file":{"driver":"x"}}`))
				s.NearestCommand(c.Name + "x")
				if d, err := s.Describe(c.Name); err == nil {
					d.Text(80)
				}
			}
		})
	}
	all.Wait()
}

// A value is checked in one pass, and an object's members are found by name once: twice the text, twice the time. Here
// only that deep and wide values come to an end and are not refused for their size.
func TestCheckOfLargeValues(t *testing.T) {
	s := qapitest.QEMU(t)
	if err := s.Command("blockdev-add").Check(json.RawMessage(deep(1000, 100))); err != nil {
		t.Error(err)
	}
	err := s.Command("blockdev-add").Check(json.RawMessage(deep(1100, 1)))
	if err == nil || !strings.Contains(err.Error(), "1024 deep") {
		t.Errorf("1100 levels: %v", err)
	}
	wide := `{"path":"a","property":"b","value":{` + anyMembers(1<<20) + `}}`
	if err := s.Command("qom-set").Check(json.RawMessage(wide)); err != nil {
		t.Error(err)
	}
}

// Values that QEMU's parser takes and refuses; TestLive_JSONThatTheServersParserRefuses asks it.
var (
	takenJSON = []string{
		`"plain"`, `"\u0041\u00e9\u20ac"`, `"\ud83d\ude00"`, `"\u0000"`, `"é€😀"`, `"\"\\\/\b\f\n\r\t"`,
		`-0`, `1e999`, `-1.5E-3`, `0.5e+7`, `123456789012345678901234567890`, `[ ]`, `{ }`, `[{"a":1},{"a":1}]`, nested(1021), nested(1022),
	}
	refusedJSON = []string{
		`"\ufffe"`, `"\ud800"`, `"\ude00\ud83d"`, `"\ufdd0"`, "\"\ufdef\"", "\"\U0001ffff\"", "\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"",
		"\"a\tb\"", `"\x41"`, `"\u12g4"`, `01`, `1.`, `.5`, `+1`, `1e`, `-`, `tru`, `[1,]`, `{"a":1,}`, `{"a":1,"a":2}`,
		`{"b":{"a":1,"\u0061":2}}`, `{a:1}`, `[1 2]`, `{"a" 1}`, `{"a":}`, `[}`, nested(1023),
	}
)

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestCheckReadsJSONAsQEMUDoes(t *testing.T) {
	check := func(value string) error {
		return qapitest.QEMU(t).Command("qom-set").Check(json.RawMessage(`{"path":"/no","property":"p","value":` + value + `}`))
	}
	for _, value := range takenJSON {
		if err := check(value); err != nil {
			t.Errorf("%.40s: %v", value, err)
		}
	}
	for _, value := range refusedJSON {
		if err := check(value); err == nil {
			t.Errorf("%.40s is taken", value)
		}
	}
}
