package cmdline

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// bindSeeds are lines that reach every kind of type; more that fuzzing found interesting are in testdata/fuzz.
var bindSeeds = []string{
	`block-dirty-bitmap-add node=n name=1`, `object-add qom-type=memory-backend-ram id=m1 size=1M`, `balloon value=0x1_0`, `balloon value:=-5`,
	`device_add driver=virtio-net-pci id=net7 netdev=n1 mq=on vectors=4 names.0=x features={'a': None} y[0]=1`, `qom-set path=/machine property=usb value=on`,
	`blockdev-add driver=qcow2 node-name=n0 file.driver=file file.filename="a b" overlap-check=all backing=null`, `blockdev-add file={"driver": "file"} file.filename=x driver:="raw"`,
	`nbd-server-start addr.type=inet addr.data.host=127.0.0.1 addr.data.port=0`, `send-key keys.1.type=number keys.0.type=qcode keys.0.data=ret keys.1.data=28`,
	`send-key keys=[{"type": "qcode", "data": "ret"}]`, `migrate-set-parameters max-bandwidth=1.5G tls-creds=null`, `set_link name=n0 up=off`,
	"transaction(\nblock-dirty-bitmap-add node=n name=1 persistent=no\nabort\n{'type': 'abort', 'data': {}} )", `blockdev-add driver=raw file=json:{"driver": "null-co"}`,
	`set_password protocol=vnc password=@prompt connected=@env:X`, `balloon value=@file:x`, `send-key keys:=@file:y`, `query-status x=1`, `human-monitor-command command-line={x} cpu-index=+07`,
	`chardev-add id=c backend.type=socket backend.data.addr.type=inet backend.data.addr.data.host=h backend.data.addr.data.port=1`,
}

// FuzzBind: what is bound is JSON that the schema takes; it means the same as raw JSON and when typed as JSON; and what
// needs no schema means the same without one.
func FuzzBind(f *testing.F) {
	for _, s := range bindSeeds {
		f.Add(s, "1")
	}
	f.Add(`send-key keys=@file:x`, `[{"type": "qcode"}]`)
	schema := qapitest.QEMU(f)
	f.Fuzz(func(t *testing.T, text, found string) {
		st, err := Parse(text)
		if err != nil || st.Kind != QMP {
			return
		}
		sources := make([]string, len(st.Sources))
		for i := range sources {
			sources[i] = found
		}
		b := Binding{Schema: schema, Validate: true, Sources: sources, Properties: listed}
		got, err := st.Bind(b)
		if err == nil && !st.Raw() {
			checkBound(t, schema, st, b, got.Arguments)
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Msg == "" || e.Offset > len(text) || len(e.Msg) > 2000 || len(e.Caret(0)) > 2000) {
			t.Fatalf("%q: %#v", text, err)
		}
		b.Validate = false
		loose, err := st.Bind(b)
		if err == nil && loose.Arguments != nil && !json.Valid(loose.Arguments) {
			t.Fatalf("%q, not validated: %s", text, loose.Arguments)
		}
		if got.Name != "" && (err != nil || string(loose.Arguments) != string(got.Arguments)) {
			t.Fatalf("%q: validated %s, not validated %s, %v", text, got.Arguments, loose.Arguments, err)
		}
	})
}

func checkBound(t *testing.T, schema *qapi.Schema, st Statement, b Binding, args json.RawMessage) {
	if args != nil && !json.Valid(args) {
		t.Fatalf("%q: %s", st.text, args)
	}
	if err := schema.Command(st.Name).Check(args); err != nil && st.Name != "qom-set" {
		t.Fatalf("%q: %s: %v", st.text, args, err)
	}
	if !st.NeedsSchema() {
		if plain, err := st.Bind(Binding{Sources: b.Sources}); err != nil || string(plain.Arguments) != string(args) {
			t.Fatalf("%q: %s, without the schema %s, %v", st.text, args, plain.Arguments, err)
		}
	}
	if args == nil {
		return
	}
	line := style{exact: true}.line(t, st.Name, args)
	again, err := Parse(line)
	if err != nil {
		t.Fatalf("%q: %q: %v", st.text, line, err)
	}
	if back, err := again.Bind(b); err != nil || !same(t, back.Arguments, args) {
		t.Fatalf("%q: %s, as %q: %s, %v", st.text, args, line, back.Arguments, err)
	}
}
