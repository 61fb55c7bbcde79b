package cmdline

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

func TestSources(t *testing.T) {
	schema := qapitest.QEMU(t)
	at := func(kind SourceKind, name, key string, at int) Source {
		return Source{Kind: kind, Name: name, Key: key, At: at}
	}
	tests := []struct {
		name, line string
		sources    []Source
		found      []string
		want       string // with the schema
		guess      string // without; the same if empty
	}{
		{"prompt", `set_password protocol=vnc password=@prompt`, []Source{at(Prompt, "", "password", 35)}, []string{"012 3"},
			`set_password {"protocol": "vnc", "password": "012 3"}`, ""},
		{"file", `change-vnc-password password=@file:/x/y`, []Source{at(File, "/x/y", "password", 29)}, []string{"1\n"}, `change-vnc-password {"password": "1"}`, ""},
		{"file, quoted name", `change-vnc-password password=@file:"a b"`, []Source{at(File, "a b", "password", 29)}, []string{"\na\n\r\n"}, `change-vnc-password {"password": "\na\n"}`, ""},
		{"integer", `balloon value=@env:SIZE`, []Source{at(Env, "SIZE", "value", 14)}, []string{" 1G\n"}, `balloon {"value": 1073741824}`, `balloon {"value": " 1G"}`},
		{"boolean", `set_link name=@env:N up=@env:UP`, []Source{at(Env, "N", "name", 14), at(Env, "UP", "up", 24)}, []string{"n0", "on"},
			`set_link {"name": "n0", "up": true}`, `set_link {"name": "n0", "up": "on"}`},
		{"JSON", `send-key keys=@file:k`, []Source{at(File, "k", "keys", 14)}, []string{"\n[{'type': 'qcode',\n \"data\": \"a\"}]\n"},
			`send-key {"keys": [{"type": "qcode", "data": "a"}]}`, `send-key {"keys": "\n[{'type': 'qcode',\n \"data\": \"a\"}]"}`},
		{"exact", `balloon value:=@env:SIZE`, []Source{at(Env, "SIZE", "value", 15)}, []string{"12\n"}, `balloon {"value": 12}`, ""},
		{"the tag", `blockdev-add driver=@env:D file=f size=1K`, []Source{at(Env, "D", "driver", 20)}, []string{"raw\n"},
			`blockdev-add {"driver": "raw", "file": "f", "size": 1024}`, `blockdev-add {"driver": "raw", "file": "f", "size": "1K"}`},
		{"the tag, exact", `blockdev-add driver:=@env:D file=f size=1`, []Source{at(Env, "D", "driver", 21)}, []string{`"raw"`}, `blockdev-add {"driver": "raw", "file": "f", "size": 1}`, ""},
		{"dotted", `blockdev-add driver=raw file.driver=file file.filename=@env:F`, []Source{at(Env, "F", "file.filename", 55)}, []string{"7"},
			`blockdev-add {"driver": "raw", "file": {"driver": "file", "filename": "7"}}`, ""},
		{"action", `transaction( block-dirty-bitmap-add node=n name=@env:N )`, []Source{at(Env, "N", "name", 48)}, []string{"7"},
			`transaction {"actions": [{"type": "block-dirty-bitmap-add", "data": {"node": "n", "name": "7"}}]}`, ""},
		{"alternate", `blockdev-add driver=raw file=@file:f`, []Source{at(File, "f", "file", 29)}, []string{`{"driver": "null-co"}`},
			`blockdev-add {"driver": "raw", "file": {"driver": "null-co"}}`, `blockdev-add {"driver": "raw", "file": "{\"driver\": \"null-co\"}"}`},
		{"none: quotes", `change-vnc-password password="@prompt"`, nil, nil, `change-vnc-password {"password": "@prompt"}`, ""},
		{"none: backslash", `change-vnc-password password=\@file:x`, nil, nil, `change-vnc-password {"password": "@file:x"}`, ""},
		{"none: other words", `change-vnc-password password=@files:x`, nil, nil, `change-vnc-password {"password": "@files:x"}`, ""},
		{"none: more", `change-vnc-password password=@prompt2`, nil, nil, `change-vnc-password {"password": "@prompt2"}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st, err := Parse(tt.line)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(st.Sources, tt.sources) {
				t.Errorf("sources %+v, want %+v", st.Sources, tt.sources)
			}
			if got := sendWith(st, Binding{Schema: schema, Validate: true, Sources: tt.found}); got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.line, got, tt.want)
			}
			if tt.guess == "" {
				tt.guess = tt.want
			}
			if got := sendWith(st, Binding{Sources: tt.found}); got != tt.guess {
				t.Errorf("%s without a schema\n got %s\nwant %s", tt.line, got, tt.guess)
			}
		})
	}
}

func TestSourceErrors(t *testing.T) {
	schema := qapitest.QEMU(t)
	for _, tt := range []struct{ line, found, at, msg string }{
		{`balloon value=@env:SIZE`, "secret", "1:15", `"value" takes an integer, not what "@env:SIZE" gave`},
		{`balloon value=@file:x`, "99999999999999999999", "1:15", `"value": what "@file:x" gave does not fit into 64 bits`},
		{`send-key keys=@file:x`, "[1,\n,]", "1:15", `what "@file:x" gave is no JSON: line 2: expected a value`},
		{`send-key keys=@file:x`, "[1]", "1:15", `"keys.0" takes an object, not the number 1`},
		{`balloon value:=@file:x`, "secret", "1:16", `what "@file:x" gave is no JSON`},
		{`set_password protocol=vnc password=@file:x`, "a\x00b", "1:36", `what "@file:x" gave cannot be sent: the text holds a NUL byte`},
		{`set_password password=x protocol=@file:x`, "secret", "1:34", `"protocol" does not take what "@file:x" gave`},
		{`blockdev-add driver=@file:x`, "secret", "1:21", `"driver" does not take what "@file:x" gave`},
		{`x a=@file:`, "", "1:5", `"@file:" names nothing to read`},
		{`x a=@env:""`, "", "1:5", `names nothing to read`},
	} {
		st, err := Parse(tt.line)
		if err == nil {
			_, err = st.Bind(Binding{Schema: schema, Validate: true, Sources: []string{tt.found, tt.found}})
		}
		var e *Error
		if !errors.As(err, &e) || place(e) != tt.at || !strings.Contains(e.Msg, tt.msg) || strings.Contains(e.Msg+e.Hint, "secret") {
			t.Errorf("%s with %q:\n got %v\nwant %s %s", tt.line, tt.found, err, tt.at, tt.msg)
		}
	}
	st, _ := Parse("x a=@prompt")
	if _, err := st.Bind(Binding{}); err == nil {
		t.Error("bound without its source")
	}
	if e := st.ErrorAt(st.Sources[0].At, "no\nterminal\x1b", "h"); place(e) != "1:5" || e.Msg != `no terminal\x1b` || e.Hint != "h" {
		t.Errorf("%#v", e)
	}
}

func TestNeedsSchema(t *testing.T) {
	for line, want := range map[string]bool{
		`query-status`: false,
		`device_add driver=virtio-net-pci id=net1 netdev=n-1.x`:         false,
		`x a=drive0 b=/tmp/x c=52:54:00:12:34:56 d=06.0 e= f=- g=1.2.3`: false,
		`x a="1" b='on' c="{}" d:=1 e.f:={"g":1} h:=@file:x`:            false,
		`x a.b.c=d`:                   false,
		`{"execute": "x"}`:            false,
		`.json x a=1`:                 false,
		``:                            false,
		`transaction( a b=c )`:        false,
		`x a=1`:                       true,
		`x a=-0x1f`:                   true,
		`x a=4G`:                      true,
		`x a=1.5`:                     true,
		`x a=99999999999999999999999`: true,
		`x a=on`:                      true,
		`x a=False`:                   true,
		`x a=null`:                    true,
		`x a={"b": 1}`:                true,
		`x a=[::1]`:                   true,
		`x a.0=b`:                     true,
		`x a.0.c=b`:                   true,
		`x a=b c.d=1`:                 true,
		`x a=@env:B`:                  true,
		`x a=@prompt`:                 true,
		`transaction( a b=1 )`:        true,
		`transaction( {"type":"a"} )`: true,
	} {
		st, err := Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if got := st.NeedsSchema(); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

func TestValueType(t *testing.T) {
	for _, tt := range []struct {
		Property
		want string
	}{
		{Property{Type: "bool", Description: "on/off"}, "bool"},
		{Property{Type: "uint64"}, "int"},
		{Property{Type: "size"}, "int"},
		{Property{Type: "double"}, "number"},
		{Property{Type: "str"}, "str"},
		{Property{Type: "int32", Description: "Slot and optional function number, example: 06.0 or 06"}, "str"},
		{Property{Type: "link<memory-backend>"}, "str"},
		{Property{Type: "FdcDriveType", Description: "FDC drive type, 144/288/120/none/auto"}, "enum 144|288|120|none|auto"},
		{Property{Type: "LostTickPolicy"}, "str|any"},
		{Property{Type: "QemuUUID", Description: `UUID (aka GUID) or "auto" for random value (default)`}, "str|any"},
		{Property{Type: "X", Description: "a//b"}, "str|any"},
		{Property{Type: "strList"}, ""},
		{Property{Type: "struct tm"}, ""},
		{Property{}, ""},
	} {
		got := ""
		if typ := tt.ValueType(); typ != nil {
			got = typ.Label()
			if typ.Kind == qapi.KindEnum && typ.Enum.Value("none") == nil {
				t.Errorf("%+v: no value none", tt.Property)
			}
		}
		if got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.Property, got, tt.want)
		}
	}
}
