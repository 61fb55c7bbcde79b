package qapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// FuzzParse wants that whatever Parse takes can be used: looked through, described, checked against.
func FuzzParse(f *testing.F) {
	f.Add(`[]`)
	f.Add(`{"return":[` + command(`"i"`) + `,` + i + `]}`)
	f.Add(`[{"name":"a","meta-type":"array","element-type":"a"},{"name":"c","meta-type":"command","ret-type":"a"}]`)
	f.Add(`[` + i + `,{"name":"o","meta-type":"object","members":[{"name":"t","type":"e"},{"name":"o","type":"o","default":null}],` +
		`"tag":"t","variants":[{"case":"x","type":"p"}]},{"name":"e","meta-type":"enum","members":[{"name":"x","features":["f"]}]},` +
		`{"name":"p","meta-type":"object","members":[{"name":"q","type":"l"}]},` +
		`{"name":"l","meta-type":"alternate","members":[{"type":"i"},{"type":"o"}]},` +
		`{"name":"c","meta-type":"command","arg-type":"o"},{"name":"E","meta-type":"event","arg-type":"o"}]`)
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := qapi.Parse([]byte(raw))
		if err != nil {
			var fault *qapi.SchemaError
			if !errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(raw) {
				t.Fatalf("%#v", err)
			}
			return
		}
		entries, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			d, err := s.Describe(e.Name)
			if err != nil {
				t.Fatal(err)
			}
			d.Text(40)
			if _, err := json.Marshal(d); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range s.Commands() {
			c.Check(nil)
			c.Check(json.RawMessage(`{"t":"x","o":{"t":"x"},"q":{}}`))
			if at, err := c.At(nil, nil); err != nil || len(at.Fields()) != len(c.Args.Members) {
				t.Fatalf("%v", err)
			}
			c.Args.At([]string{"o", "0", "t"}, func(string) (string, bool) { return "x", true })
		}
	})
}

// FuzzCheck wants that no value makes Check stumble, and that it sees JSON as encoding/json does, where QEMU does too.
func FuzzCheck(f *testing.F) {
	s := qapitest.QEMU(f)
	for _, name := range []string{"blockdev-add", "qom-set", "transaction", "send-key", "device_add", "migrate-set-parameters"} {
		for n, sample := range qapitest.Samples(s.Command(name)) {
			if n < 6 {
				f.Add(name, string(sample.JSON))
			}
		}
	}
	f.Add("qom-set", `{"path":"","property":"","value":"\ud83d\ude00\ud83d \u0000"}`)
	f.Add("qom-set", `{"path":"","property":"","value":[-0,1e5,1.5E-3,null,{"a":{},"b":[]}]} `)
	f.Fuzz(func(t *testing.T, name, raw string) {
		c := s.Command(name)
		if c == nil {
			return
		}
		err := c.Check(json.RawMessage(raw))
		var fault *qapi.ValueError
		if err == nil {
			if !json.Valid([]byte(raw)) || !utf8.ValidString(raw) {
				t.Fatalf("taken, but no JSON: %q", raw)
			}
			return
		}
		if !errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(raw) {
			t.Fatalf("%#v", err)
		}
		if err.Error() == "" || !utf8.ValidString(raw) && fault.Fault != qapi.BadJSON {
			t.Fatalf("%q: %v", raw, err)
		}
		if fault.Fault == qapi.BadJSON && json.Valid([]byte(raw)) && isPlain(raw) {
			t.Fatalf("%q is JSON: %v", raw, err)
		}
	})
}

// isPlain leaves out what encoding/json takes and QEMU does not: odd characters and deep nesting.
func isPlain(raw string) bool {
	return !strings.Contains(raw, `\u`) && strings.Count(raw, "[")+strings.Count(raw, "{") < 1000 &&
		bytes.IndexFunc([]byte(raw), func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
