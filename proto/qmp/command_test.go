package qmp

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestQ5_AppendAddsTheID(t *testing.T) {
	for _, c := range []struct {
		name    string
		command Command
		want    string
	}{
		{"name alone", Command{Name: "query-status"}, `{"execute": "query-status"}`},
		{"id", Command{Name: "query-status", ID: []byte(`1`)}, `{"execute": "query-status", "id": 1}`},
		{"out of band", Command{Name: "migrate-recover", OOB: true, ID: []byte(`7`)}, `{"exec-oob": "migrate-recover", "id": 7}`},
		{"no id", Command{Name: "stop", NoID: true, ID: []byte(`7`)}, `{"execute": "stop"}`},
		{"bytes are kept", Command{Name: "x", Arguments: []byte(` {"b":1.50, "a":"<>&é\u00e9"}`)},
			`{"execute": "x", "arguments": {"b":1.50, "a":"<>&é\u00e9"}}`},
		{"line breaks", Command{Name: "x", Arguments: []byte("{\r\n\"a\": \"\\n\"\n}\n"), ID: []byte("[1,\n2]")},
			`{"execute": "x", "arguments": {  "a": "\n" }, "id": [1, 2]}`},
		{"name to escape", Command{Name: "a\"\\\n\x01é<"}, `{"execute": "a\"\\\u000a\u0001é<"}`},
		{"raw with id", Command{Raw: []byte(`{"id":1,"execute":"stop"}`), ID: []byte(`2`)}, `{"id":1,"execute":"stop"}`},
		{"raw with an escaped id", Command{Raw: []byte(`{"\u0069d":1,"execute":"stop"}`), ID: []byte(`2`)}, `{"\u0069d":1,"execute":"stop"}`},
		{"raw without id", Command{Raw: []byte(" {\"execute\":\"stop\"\n } \n"), ID: []byte(`2`)}, `{"execute":"stop", "id": 2}`},
		{"raw, no id wanted", Command{Raw: []byte(`{"execute":"stop"}`), ID: []byte(`2`), NoID: true}, `{"execute":"stop"}`},
		{"raw, inner id", Command{Raw: []byte(`{"execute":"x","arguments":{"id":"d0"}}`), ID: []byte(`2`)},
			`{"execute":"x","arguments":{"id":"d0"}, "id": 2}`},
		{"raw and empty", Command{Raw: []byte(`{ }`), ID: []byte(`2`)}, `{"id": 2}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.command.Append([]byte("before"))
			if err != nil || string(got) != "before"+c.want {
				t.Errorf("got %s, %v\nwant before%s", got, err, c.want)
			}
		})
	}
}

func TestAppend_AllocatesNothing(t *testing.T) {
	c := Command{Name: "device_add", Arguments: []byte(`{"driver": "virtio-net-pci", "id": "é\u00e9", "mq": true}`), ID: []byte(`1`)}
	buffer := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { c.Append(buffer) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAppend_Refuses(t *testing.T) {
	for _, c := range []struct {
		command Command
		want    string
	}{
		{Command{}, "the command's name is empty"},
		{Command{Name: "a\xff"}, "the command's name is not text"},
		{Command{Name: "a\x00"}, "the command's name is not text"},
		{Command{Name: "x", Arguments: []byte(`[]`)}, "expected an object, found '[' at byte 0"},
		{Command{Name: "x", Arguments: []byte(``)}, "expected an object, but the text ends at byte 0"},
		{Command{Name: "x", Arguments: []byte(`{"a":1}}`)}, "expected nothing more behind the value, found '}' at byte 7"},
		{Command{Name: "x", Arguments: []byte(`{"a":"` + "\uffff" + `"}`)}, "U+FFFF is not a character for QEMU at byte 6"},
		{Command{Name: "x", ID: []byte(`[`)}, "expected a value, but the text ends at byte 1"},
		{Command{Raw: []byte(`{"execute"}`)}, "expected ':' after the member name, found '}' at byte 10"},
	} {
		got, err := c.command.Append([]byte("before"))
		var bad *CommandError
		if !errors.As(err, &bad) || err.Error() != c.want || string(got) != "before" {
			t.Errorf("%+v: got %q, %v; want before, %s", c.command, got, err, c.want)
		}
	}
}

func TestParseCommand(t *testing.T) {
	raw := "{\"exec-oob\": \"x\\u0079\",\n \"arguments\": {\"a\": 1.50}, \"id\": [1], \"control\": 0}"
	c, err := ParseCommand([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	want := Command{Name: "xy", Arguments: []byte(`{"a": 1.50}`), OOB: true, ID: []byte(`[1]`), Raw: []byte(raw)}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v\nwant %+v", c, want)
	}
}

// unreadable are texts that QEMU 7.2 answers without an id, so that ParseCommand must refuse them, and why it does.
var unreadable = map[string]string{
	`{"execute":"stop","execute":"stop","id":1}`:             `the same member name twice in one object at byte 18`,
	`{"execute":"qom-get","arguments":{"a":1,"\u0061":2}}`:   `the same member name twice in one object at byte 40`,
	`{"execute":"stop","id":"\ud800"}`:                       `half a surrogate pair is not a character at byte 24`,
	`{"execute":"stop","id":"\ud800x"}`:                      `half a surrogate pair is not a character at byte 24`,
	`{"execute":"stop","id":"\ud800\ud800"}`:                 `half a surrogate pair is not a character at byte 24`,
	`{"execute":"stop","id":"\udc00\ud800"}`:                 `half a surrogate pair is not a character at byte 24`,
	`{"execute":"stop","id":"a\uFDD0"}`:                      `U+FDD0 is not a character for QEMU at byte 25`,
	"{\"execute\":\"stop\",\"id\":\"\ufffe\"}":               `U+FFFE is not a character for QEMU at byte 24`,
	"{\"execute\":\"stop\",\"\U0001FFFF\":0}":                `U+1FFFF is not a character for QEMU at byte 19`,
	"{\"execute\":\"st\xffop\"}":                             `invalid UTF-8 at byte 14`,
	"{\"execute\":\"stop\"\x00}":                             `expected ',' or '}' after a member, found byte 0x00 at byte 17`,
	`{"execute":"stop"`:                                      `expected ',' or '}' after a member, but the text ends at byte 17`,
	`{"execute":"stop","id":[1}`:                             `expected ',' or ']' after an element, found '}' at byte 25`,
	`{"execute":"stop"} {`:                                   `expected nothing more behind the value, found '{' at byte 19`,
	`{"execute":"stop",}`:                                    `expected a member name in double quotes, found '}' at byte 18`,
	`{"execute":"stop","id":tru}`:                            `expected true, false or null, found '}' at byte 26`,
	`{"execute":"stop","id":"` + "\t" + `"}`:                 `a control character must be escaped inside a string, found byte 0x09 at byte 24`,
	`{"execute":"stop","id":` + nested(1024) + `}`:           `objects and arrays nest more than 1024 deep, which is QEMU's limit at byte 1046`,
	`{"execute":"stop","id":0e1}`:                            `QEMU reads no exponent behind a lone 0 at byte 24`,
	`{"execute":"stop","id":[{"a":{}},{"a":{"b":1,"b":1}}]}`: `the same member name twice in one object at byte 45`,
	`{"execute":"stop","arguments":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"i":2}}`: `the same member name twice in one object at byte 91`,
	`{"execute":"stop","arguments":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"b":2}}`: `the same member name twice in one object at byte 91`,
}

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestQ5_ParseCommandRefusesWhatQEMUCannotRead(t *testing.T) {
	for raw, want := range unreadable {
		_, err := ParseCommand([]byte(raw))
		var bad *CommandError
		if !errors.As(err, &bad) || bad.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", raw, err, want)
		}
	}
}

func TestParseCommand_RefusesWhatIsNoCommand(t *testing.T) {
	for raw, want := range map[string]string{
		``:                                    `expected an object, but the text ends at byte 0`,
		`[1]`:                                 `expected an object, found '[' at byte 0`,
		`{}`:                                  `a command needs a member "execute" or "exec-oob"`,
		`{"arguments":{}}`:                    `a command needs a member "execute" or "exec-oob"`,
		`{"execute":"a", "exec-oob":"b"}`:     `both "execute" and "exec-oob" at byte 16`,
		`{"execute":1}`:                       `the value of "execute" must be a string, the command's name at byte 11`,
		`{"exec-oob":null}`:                   `the value of "exec-oob" must be a string, the command's name at byte 12`,
		`{"execute":""}`:                      `the command's name is empty at byte 11`,
		`{"execute":"a","arguments":[]}`:      `the value of "arguments" must be an object at byte 27`,
		`{"execute":"a","arguments": null}`:   `the value of "arguments" must be an object at byte 28`,
		`{"execute":"a","id":1e999}`:          `the number is out of range at byte 20`,
		`{"execute":"a","id":[-1.5e+999, 2]}`: `the number is out of range at byte 21`,
	} {
		_, err := ParseCommand([]byte(raw))
		var bad *CommandError
		if !errors.As(err, &bad) || bad.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", raw, err, want)
		}
	}
}

// readable are texts at the edge that QEMU 7.2 does read.
var readable = []string{
	`{"execute":"query-name","id":"\u0000"}`, `{"execute":"query-name","id":"\ud83d\ude00 😀` + "\x7f" + `\/"}`,
	`{"execute":"query-name","id":1e308}`, `{"execute":"query-name","id":-0}`, `{"execute":"query-name","id":12345678901234567890123}`,
	`{"execute":"query-name","id":` + nested(1023) + `}`, `{"execute":"query-name","id":null}`, `{"execute":"query-name","id":[1,2.0,1.50]}`,
	`{"execute":"query-name","id":{"b":{"c":1},"a":{"c":1,"d":"é\u00e9"}}}`, `{"execute":"query-name","id":"\ufffd` + "\ufffd" + `"}`,
	`{"id":7,"execute":"query-name"}`, `{"execute":"query-name","id":18446744073709551615}`, `{"execute":"query-name","id":1e17}`,
	`{"execute":"query-name","id":123456789012345678.0}`, `{"execute":"query-name","id":0.1}`, `{"execute":"query-name","id":1e-7}`,
}

func TestParseCommand_Accepts(t *testing.T) {
	for _, raw := range readable {
		if _, err := ParseCommand([]byte(raw)); err != nil {
			t.Errorf("%.80s: %v", raw, err)
		}
	}
}

// FuzzParseCommand sends what is accepted through Append and wants the same command, on one line.
func FuzzParseCommand(f *testing.F) {
	for raw := range unreadable {
		f.Add([]byte(raw))
	}
	for _, raw := range readable {
		f.Add([]byte(raw))
	}
	f.Add([]byte("{\n\"execute\": \"a\",\r\n\"arguments\": {\"b\": [{}, \"\\n\"]}\n}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		kept := bytes.Clone(raw)
		c, err := ParseCommand(raw)
		if err != nil {
			var bad *CommandError
			if !errors.As(err, &bad) || bad.Offset < -1 || bad.Offset > len(raw) || c.Raw != nil {
				t.Fatalf("%q: got %+v, %#v", raw, c, err)
			}
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("%q is accepted", raw)
		}
		c.ID = []byte(`"added"`)
		line, err := c.Append(nil)
		if err != nil || !json.Valid(line) || bytes.ContainsAny(line, "\r\n") || !bytes.Equal(raw, kept) {
			t.Fatalf("%q: sent as %q, %v", raw, line, err)
		}
		again, err := ParseCommand(line)
		if err != nil || again.ID == nil || again.Name != c.Name || again.OOB != c.OOB || !sameJSON(again.Arguments, c.Arguments) {
			t.Fatalf("%q: sent as %q, which reads %+v, %v", raw, line, again, err)
		}
		built, err := Command{Name: c.Name, OOB: c.OOB, Arguments: c.Arguments, ID: again.ID}.Append(nil)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if once, err := ParseCommand(built); err != nil || once.Name != c.Name || !sameJSON(once.ID, again.ID) {
			t.Fatalf("%q: built as %q, which reads %+v, %v", raw, built, once, err)
		}
	})
}

// sameJSON compares two texts but for the kind of white space between tokens.
func sameJSON(a, b []byte) bool {
	space := strings.NewReplacer("\r", " ", "\n", " ")
	return space.Replace(string(a)) == space.Replace(string(b))
}
