package cmdline

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", `device_add driver=e1000 id=net1 # ok`, `device_add driver=e1000 id=net1 # ok`},
		{"set_password", `set_password protocol=vnc password=hunter2 connected=keep`, `set_password protocol=vnc password=*** connected=keep`},
		{"quoted", `set_password protocol=vnc password="a \" b" x=1`, `set_password protocol=vnc password=*** x=***`},
		{"quoted key", `x "password"=hunter2`, `x "password"=***`},
		{"upper case", `x Password=hunter2`, `x Password=***`},
		{"change-vnc-password", `change-vnc-password password=hunter2`, `change-vnc-password password=***`},
		{"agent", `guest-set-user-password username=root password=aHVudGVyMg== crypted=false`, `guest-set-user-password username=root password=*** crypted=false`},
		{"expire_password", `expire_password protocol=vnc time=+60`, `expire_password protocol=vnc time=***`},
		{"object-add", `object-add qom-type=secret id=sec0 data=hunter2 format=raw`, `object-add qom-type=secret id=sec0 data=*** format=raw`},
		{"object-add, options joined by commas", `object-add qom-type=secret,id=s,on,data=hunter2,format=raw id=x`, `object-add qom-type=secret,id=s,on,data=*** id=x`},
		{"object-add, harmless options", `object-add qom-type=iothread,id=x1`, `object-add qom-type=iothread,id=x1`},
		{"object-add, props", `object-add props.data=hunter2 props.format=raw`, `object-add props.data=*** props.format=raw`},
		{"object-add, props as JSON", `object-add qom-type=secret props={"data": "hunter2", "x": 1}`, `object-add qom-type=secret props={"data": "***", "x": "***"}`},
		{"data of others", `x data=y`, `x data=y`},
		{"any command", `x secret=hunter2 a.passphrase=hunter2 password.a=hunter2`, `x secret=*** a.passphrase=*** password.a=***`},
		{"names that only contain one", `x password-secret=sec0 key-secret=sec1 crypted=p`, `x password-secret=sec0 key-secret=sec1 crypted=p`},
		{":=", `x password:="hunter2"`, `x password:=***`},
		{":= with JSON", `x a:={"password": "hunter2"} password:={"b": 1} c:=1`, `x a:={"password": "***"} password:=*** c:=1`},
		{":= with quotes in it", `x password:="hun \" ter2" b:="c"`, `x password:=*** b:="c"`},
		{"where a secret comes from", `set_password protocol=vnc password=@prompt x.secret=@file:"/a b" y=@env:PASSWORD secret:=@file:x`, `set_password protocol=vnc password=@prompt x.secret=@file:"/a b" y=@env:PASSWORD secret:=@file:x`},
		{"what only looks like that", `x password=\@prompt secret="@file:x" passphrase=@prompt2`, `x password=*** secret=*** passphrase=***`},
		{"qom-set, exact", `qom-set path=/objects/s property:="data" value:="hunter2"`, `qom-set path=/objects/s property:="data" value:=***`},
		{"hmp, exact", `human-monitor-command command-line:="set_password vnc hunter2"`, `human-monitor-command command-line:="set_password vnc ***"`},
		{"filter", `x a=1 | .b | select(.password == "hunter2")`, `x a=1 | .b | select(.password =***`},
		{"filter and file", `set_password password=hunter2 > "a b"`, `set_password password=*** > "a b"`},
		{"file", `x > password=hunter2`, `x > password=***`},
		{"nested JSON", `x a={"b": {"password": "hunter2", "c": 1}}`, `x a={"b": {"password": "***", "c": 1}}`},
		{"JSON file name", `x file=json:{"password": "hunter2", "c": 1} b=1`, `x file=json:{"password": "***", "c": 1} b=1`},
		{"Python", `x a={'password': 'hunter2', 'd': 1}`, `x a={'password': "***", 'd': 1}`},
		{"numbers too, flags not", `x a={"password": 123, "secret": true}`, `x a={"password": "***", "secret": true}`},
		{"all below a secret", `x a={"secret": {"x": ["hunter2", 2]}}`, `x a={"secret": {"x": ["***", "***"]}}`},
		{"qom-set", `qom-set path=/objects/s value=hunter2 property=data`, `qom-set path=/objects/s value=*** property=data`},
		{"qom-set of others", `qom-set path=/x value=5 property=size`, `qom-set path=/x value=5 property=size`},
		{"hmp", `human-monitor-command command-line="set_password vnc hunter2" cpu-index=0`, `human-monitor-command command-line="set_password vnc ***" cpu-index=0`},
		{"hmp, harmless", `human-monitor-command command-line='info status'`, `human-monitor-command command-line='info status'`},
		{".hmp", `.hmp change vnc password hunter2`, `.hmp change vnc password ***`},
		{".hmp object", `.hmp object_add secret,id=s,data=hun,,ter2,format=raw`, `.hmp object_add secret,id=s,data=***,format=raw`},
		{".hmp with a broken quote", `.hmp set_password vnc it's`, `.hmp set_password vnc ***`},
		{".json", `.json set_password protocol=vnc password=hunter2`, `.json set_password protocol=vnc password=***`},
		{".oob raw", `.oob {"execute": "set_password", "arguments": {"password": "hunter2"}}`, `.oob {"execute": "set_password", "arguments": {"password": "***"}}`},
		{"raw", `{"execute": "object-add", "arguments": {"qom-type": "secret", "data": "hunter2"}}`, `{"execute": "object-add", "arguments": {"qom-type": "secret", "data": "***"}}`},
		{"raw Python", `{'execute': 'object-add', 'arguments': {'data': 'hunter2'}}`, `{'execute': 'object-add', 'arguments': {'data': "***"}}`},
		{"transaction", "transaction(\na password=hunter2\nb x=1\n)", "transaction(\na password=***\nb x=1\n)"},
		{"continued", "set_password \\\n password=hun\\\nter2 \\\n x=1", "set_password \\\n password=*** \\\n x=***"},
		{"comment", "# set_password protocol=vnc password=hunter2", "# set_password protocol=vnc password=***"},

		// mistakes hide nothing
		{"HMP syntax", `set_password vnc hunter2`, `set_password vnc ***`},
		{"spaces in the value", `x password=hunter2 and more y=1`, `x password=*** *** *** y=1`},
		{"spaces around the =", `x password = hunter2`, `x password = ***`},
		{"space behind the =", `x password= hunter2`, `x password= ***`},
		{"open quote", `x password="hunter2 y=1`, `x password=***`},
		{"open quote before", `x name=it's password=hunter2`, `x name=it's password=***`},
		{"open bracket", `x a={"password": "hunter2", "b": [1`, `x a={"password": "***", "b": [1`},
		{"open string", `x a={"password": "hunter2, "b": [1`, `x a={"password": "***""***""***"`},
		{"crossed brackets", `x a={] password=hunter2`, `x a={] password="***"`},
		{"= for :", `x a={'password'='hunter2'}`, `x a={'password'="***"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Redact(tt.text)
			if got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.text, got, tt.want)
			}
			if again := Redact(got); strings.Contains(again, "hunter") {
				t.Errorf("%s: the second time %s", tt.text, again)
			}
		})
	}
}

func TestRedactMessage(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"nothing", `{"return": {"a":  "password"}}`, `{"return": {"a":  "password"}}`},
		{"set_password", `{"execute":"set_password","arguments":{"protocol":"vnc","password" : "hunter2"},"id":1}`, `{"execute":"set_password","arguments":{"protocol":"vnc","password" : "***"},"id":1}`},
		{"escapes", `{"p\u0061ssword": "a\"b", "x": 1}`, `{"p\u0061ssword": "***", "x": 1}`},
		{"object-add, command last", `{"arguments": {"data": "hunter2"}, "execute": "object-add"}`, `{"arguments": {"data": "***"}, "execute": "object-add"}`},
		{"out of band", `{"arguments": {"data": "hunter2"}, "exec-oob": "object-add"}`, `{"arguments": {"data": "***"}, "exec-oob": "object-add"}`},
		{"object-add, props", `{"execute": "object-add", "arguments": {"props": {"data": "hunter2"}}}`, `{"execute": "object-add", "arguments": {"props": {"data": "***"}}}`},
		{"transaction data stays", `{"execute":"transaction","arguments":{"actions":[{"type":"abort","data":{}}]}}`, `{"execute":"transaction","arguments":{"actions":[{"type":"abort","data":{}}]}}`},
		{"event data stays", `{"event":"X","data":{"data":"y"}}`, `{"event":"X","data":{"data":"y"}}`},
		{"qom-set", `{"execute":"qom-set","arguments":{"value":{"a":["hunter2"]},"property":"data"}}`, `{"execute":"qom-set","arguments":{"value":{"a":["***"]},"property":"data"}}`},
		{"hmp", `{"execute":"human-monitor-command","arguments":{"command-line":"set_password vnc \"hunter2\""}}`, `{"execute":"human-monitor-command","arguments":{"command-line":"set_password vnc ***"}}`},
		{"hmp object as JSON", `{"execute":"human-monitor-command","arguments":{"command-line":"object_add {\"data\":\"hunter2\"}"}}`, `{"execute":"human-monitor-command","arguments":{"command-line":"object_add {\"data\":\"***\"}"}}`},
		{"reply", `{"return": [{"secret": "hunter2"}, {"other": 1}]}`, `{"return": [{"secret": "***"}, {"other": 1}]}`},
		{"keys of arrays", `{"password": ["a", {"b": 2}], "c": "d"}`, `{"password": ["***", {"b": "***"}], "c": "d"}`},
		{"cut short", `{"password": "hunt`, `{"password": "***"`},
		{"not JSON", `]]}} password: hunter2`, `]]}} password: "***"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := []byte(tt.raw)
			got := RedactMessage(raw)
			if string(got) != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.raw, got, tt.want)
			}
			if tt.raw == tt.want && &got[0] != &raw[0] {
				t.Error("copied for nothing")
			}
			if string(raw) != tt.raw {
				t.Errorf("the message itself was changed to %s", raw)
			}
		})
	}
}

func TestRedactHMP(t *testing.T) {
	for line, want := range map[string]string{
		"info status":                                 "info status",
		"  set_password vnc hunter2 -d x":             "  set_password vnc ***",
		"set_password vnc":                            "set_password vnc",
		"change vnc password":                         "change vnc password",
		"change ide1-cd0 /x.iso raw":                  "change ide1-cd0 /x.iso raw",
		"object_add secret,data=a,id=s":               "object_add secret,data=***,id=s",
		`object_add {"qom-type":"secret","data":"a"}`: `object_add {"qom-type":"secret","data":"***"}`,
		"drive_add 0 file=x,password=a b=c":           "drive_add 0 file=x,password=*** b=c",
		"x data=a,password-secret=s,secret=":          "x data=a,password-secret=s,secret=",
		"":                                            "",
	} {
		if got := RedactHMP(line); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}
