package cmdline

import (
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// TestHabit_EachHasItsCure: mistakes that people bring along from elsewhere, each with its message and the way out. A
// hint with a line in it, behind "did you mean" or alone, is a line that the schema takes.
func TestHabit_EachHasItsCure(t *testing.T) {
	const commas = ` is written as for QEMU's command line`
	const monitor = ` is a command of the human monitor (HMP)`
	tests := []bindTest{
		{"commas, no key", `device_add virtio-net-pci,id=n1`, `error 1:12 "virtio-net-pci,id=n1"` + commas, "device_add driver=virtio-net-pci id=n1"},
		{"commas behind a key", `device_add driver=e1000,id=n5`, `error 1:12 "e1000,id=n5"` + commas, "device_add driver=e1000 id=n5"},
		{"commas, more words", `device_add e1000,id=n5 bus=pci.0`, `error 1:12 "e1000,id=n5"` + commas, "device_add bus=pci.0 driver=e1000 id=n5"},
		{"commas, netdev", `netdev_add user,id=n`, `error 1:12 "user,id=n"` + commas, "netdev_add type=user id=n"},
		{"commas, a list of netdev", `netdev_add user,id=n,hostfwd=tcp::2222-:22,hostfwd=udp::1-:1`, `error 1:12 "user,id=n,hostfwd=tcp::2222-:22,hostfwd=…"` + commas,
			"netdev_add type=user id=n hostfwd.0.str=tcp::2222-:22 hostfwd.1.str=udp::1-:1"},
		{"commas, two for one", `netdev_add tap,id=n,script=/a,,b`, `error 1:12 "tap,id=n,script=/a,,b"` + commas, "netdev_add type=tap id=n script=/a,b"},
		{"commas, object", `object-add qom-type=memory-backend-ram,id=m,size=1G`, `error 1:12 "memory-backend-ram,id=m,size=1G"` + commas, "object-add qom-type=memory-backend-ram id=m size=1G"},
		{"commas, node", `blockdev-add driver=file,filename=/x,node-name=n`, `error 1:14 "file,filename=/x,node-name=n"` + commas, "blockdev-add driver=file filename=/x node-name=n"},
		{"commas, chardev", `chardev-add socket,id=c,path=/x,server=on`, `error 1:13 "socket,id=c,path=/x,server=on"` + commas,
			"chardev-add id=c backend.type=socket backend.data.addr.type=unix backend.data.addr.data.path=/x backend.data.server=on"},
		{"commas, chardev over TCP", `chardev-add socket,id=c,host=h,port=1`, `error 1:13 "socket,id=c,host=h,port=1"` + commas,
			"chardev-add id=c backend.type=socket backend.data.addr.type=inet backend.data.addr.data.host=h backend.data.addr.data.port=1"},
		{"commas, secret", `object-add secret,id=s,data=hunter2`, `error 1:12 "secret,id=***"` + commas, "-"},
		{"commas in a value", `human-monitor-command command-line=device_add,id=1`, `human-monitor-command {"command-line": "device_add,id=1"}`, ""},
		{"commas in a file's name", `blockdev-add driver=file filename=/a,b=c`, `blockdev-add {"driver": "file", "filename": "/a,b=c"}`, ""},

		{"HMP, info", `info status`, `error 1:1 "info"` + monitor, `query-status, or human-monitor-command command-line="info status"`},
		{"HMP, info block", `info block`, `error 1:1 "info"` + monitor, `query-block, or human-monitor-command command-line="info block"`},
		{"HMP, info that QMP has not", `info mtree -f`, `error 1:1 "info"` + monitor, `human-monitor-command command-line="info mtree -f"`},
		{"HMP, keys", `sendkey ctrl-alt-delete`, `error 1:1 "sendkey"` + monitor, `human-monitor-command command-line="sendkey ctrl-alt-delete"`},
		{"HMP, savevm", `savevm x`, `error 1:1 "savevm"` + monitor, `human-monitor-command command-line="savevm x"`},
		{"HMP, alone", `savevm`, `error 1:1 "savevm"` + monitor, `human-monitor-command command-line="savevm"`},
		{"HMP, options", `object_add memory-backend-ram,id=m`, `error 1:1 "object_add"` + monitor, `human-monitor-command command-line="object_add memory-backend-ram,id=m"`},
		{"HMP, behind its prompt", `(qemu) info status`, `error 1:8 "info"` + monitor, `query-status, or human-monitor-command command-line="info status"`},

		{"positional", `device_del net1`, `error 1:12 "net1" is not key=value`, "did you mean device_del id=net1?"},
		{"positional, driver", `device_add e1000 id=n5`, `error 1:12 "e1000" is not key=value`, "did you mean device_add driver=e1000 id=n5?"},
		{"positional, size", `balloon 1G`, `error 1:9 "1G" is not key=value`, "did you mean balloon value=1G?"},
		{"positional, secret", `change-vnc-password hunter2`, `error 1:21 "***" is not key=value`, "did you mean change-vnc-password password=@prompt?"},

		{"positional, several", `set_link n0 off`, `error 1:10 "n0" is not key=value`, "did you mean set_link name=n0 up=off?"},
		{"positional, a flag of HMP", `migrate -d tcp:0:4444`, `error 1:9 "-d" is not key=value`, "did you mean migrate uri=tcp:0:4444?"},
		{"positional, with a colon", `device_add driver:e1000 id=n`, `error 1:12 "driver:e1000" is not key=value`, "did you mean device_add driver=e1000 id=n?"},
		{"positional, colon and space", `device_add driver: e1000`, `error 1:12 "driver:" is not key=value`, "did you mean device_add driver=e1000?"},
		{"positional, HMP", `human-monitor-command info status`, `error 1:23 "info" is not key=value`, `did you mean human-monitor-command command-line="info status"?`},
		{"positional, HMP in quotes", `human-monitor-command "info status"`, `error 1:23 "\"info status\"" is not key=value`, `did you mean human-monitor-command command-line="info status"?`},
		{"positional, two secrets", `set_password vnc hunter2`, `error 1:14 "vnc" is not key=value`, "did you mean set_password protocol=vnc password=@prompt?"},
		{"dashes", `device_add --driver=e1000`, `error 1:12 "--driver" begins with a dash, and no argument does`, "leave it out: driver=e1000"},
		{"help flag", `device_add -h`, `error 1:12 "-h" is not key=value`, "help device_add tells what it takes"},
		{"JSON behind the name", `device_add {"driver": "e1000"}`, `error 1:12 "{\"driver\": \"e1000\"}" is not key=value`, `raw QMP holds it so: {"execute": "device_add", "arguments": {"driver": "e1000"}}`},
		{"execute", `execute query-status`, `error 1:9 "query-status" is not key=value`, "did you mean query-status?"},
		{"comma between commands", `query-status, query-block`, `error 1:13 "," does not part commands here`, "-"},
		{"unit apart", `balloon value=1 G`, `error 1:17 "G" is not key=value`, "leave the space out: value=1G"},
		{"index in brackets", `send-key keys[0].type=qcode`, `error 1:10 "send-key" has no argument "keys[0]"`, "elements are given by their numbers: keys.0"},
		{"keys as HMP has them", `send-key keys=ctrl-alt-delete`, `error 1:15 "keys" takes an array, not "ctrl-alt-delete"`,
			`keys=[{"type": "qcode", "data": "ctrl"}, {"type": "qcode", "data": "alt"}, {"type": "qcode", "data": "delete"}]`},
		{"keys as strings", `send-key keys=["ctrl", "x"]`, `error 1:16 "keys.0" takes an object, not the string "ctrl"`, `keys=[{"type": "qcode", "data": "ctrl"}, {"type": "qcode", "data": "x"}]`},
		{"array of plain words", `snapshot-delete job-id=s tag=t devices=[n]`, `error 1:40 "devices" takes an array, not "[n]"`, `text in it needs quotes: devices=["a", "b"]`},

		{"spaces around =", `device_del id = net1`, `error 1:12 there are spaces around the = of "id"`, "leave them out: id=net1"},
		{"space before =", `device_del id =net1`, `error 1:12 there are spaces around the = of "id"`, "leave them out: id=net1"},
		{"space behind =", `device_del id= net1`, `error 1:12 there are spaces around the = of "id"`, "leave them out: id=net1"},

		{"typographic quotes", `device_del id=“net1”`, `error 1:15 “ is a typographic quote, which quotes nothing here`, `type " or ' in its place; inside these it is text`},
		{"typographic quotes, two words", `human-monitor-command command-line=“info status”`, `error 1:36 “ is a typographic quote, which quotes nothing here`, "-"},
		{"typographic quotes in JSON", `send-key keys=[{“type”: 1}]`, `error 1:17 "[{“type”: 1}]" looks like JSON, but: “ is a typographic quote, which quotes nothing here`, "-"},
		{"typographic quotes in quotes", `device_del id="“net1”"`, `device_del {"id": "“net1”"}`, ""},
		{"invisible, key", "device_del i\u200bd=net1", `error 1:13 an invisible character, U+200B, stands in "i\u200bd"`, "type the name anew"},
		{"invisible, command", "query-\u00adstatus", `error 1:7 an invisible character, U+00AD, stands in "query-\u00adstatus"`, "type the name anew"},
		{"invisible, first", "\u2060query-status", `error 1:1 an invisible character, U+2060, stands in "\u2060query-status"`, "type the name anew"},

		{"grep", `query-block | grep x`, `error 1:15 "grep" is a program, and behind | stands a jq filter`, `| .. | strings | select(test("x"))`},
		{"jq", `query-block | jq -r '.[0].device'`, `error 1:15 "jq" is a program, and behind | stands a jq filter`, `| .[0].device`},
		{"less", `query-block | less`, `error 1:15 "less" is a program, and behind | stands a jq filter`, `give it the output of qmpsh: qmpsh exec … | less`},
		{"semicolon", `query-status; query-block`, `error 1:13 ";" does not part commands here`, "give one command a line; a script stops at the first error by itself"},
		{"semicolon, a word", `query-status ; query-block`, `error 1:14 ";" does not part commands here`, "-"},
		{"semicolon, end", `query-status;`, `error 1:13 ";" does not part commands here`, "-"},
		{"semicolon behind a value", `device_del id=a; device_del id=b`, `error 1:16 ";" does not part commands here`, "-"},
		{"and", `query-status && quit`, `error 1:14 "&&" does not part commands here`, "-"},

		{"props of old", `object-add qom-type=memory-backend-ram id=m props.size=1G`, `error 1:45 "object-add" has no argument "props" with qom-type=memory-backend-ram`,
			"its members stand beside id since QEMU 6.0: size=..., not props.size=..."},
		{"options of old", `blockdev-add options={"driver": "file"}`, `error 1:14 "blockdev-add" has no argument "options"`,
			"its members stand by themselves since QEMU 2.9: driver=..., not options.driver=..."},
		{"nearest of a listed argument", `device_add driver=virtio-net-pci idd=x`, `error 1:34 "virtio-net-pci" has no property "idd"`, "did you mean id?"},
		{"nearest device type", `device_add driver=virtio-netpci id=x`, `error 1:19 there is no device type "virtio-netpci"`, "did you mean virtio-net-pci?"},
		{"key's name", `send-key keys.0.type=qcode keys.0.data=enter`, `error 1:40 "keys.0.data" has no value "enter"`, "did you mean ret?"},
		{"key's name in JSON", `send-key keys=[{"type": "qcode", "data": "Return"}]`, `error 1:42 "keys.0.data" has no value "Return"`, "did you mean ret?"},
		{"unit", `balloon value=64MB`, `error 1:15 "value" takes an integer, not "64MB"`, "64M: units are K, M, G, T, P and E, and count in 1024s"},
		{"unit behind a space", `balloon value="64 mb"`, `error 1:15 "value" takes an integer, not the string "64 mb"`, "64M: units are K, M, G, T, P and E, and count in 1024s"},

		{"?", `?`, `error 1:1 "?" is no command`, "help lists the shell's own words, help NAME tells of a command"},
		{"\\q", `\q`, `error 1:1 "\\q" is no command`, ".exit leaves the shell; quit ends QEMU"},
		{"a prompt", `$ query-status`, `error 1:1 "$" is a prompt, and no part of the line`, "leave it out"},
	}
	schema := qapitest.QEMU(t)
	b := Binding{Schema: schema, Validate: true, Properties: listed, DeviceTypes: func() []string { return []string{"e1000", "virtio-blk-pci", "virtio-net-pci"} }}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.run(t, b)
			line := strings.TrimSuffix(strings.TrimPrefix(tt.hint, "did you mean "), "?")
			if _, behind, ok := strings.Cut(line, ", or "); ok {
				line = behind
			}
			if command, _, ok := strings.Cut(line, " "); !ok || schema.Command(command) == nil {
				return
			}
			st, err := Parse(line)
			if err == nil && !strings.Contains(line, "@prompt") {
				_, err = st.Bind(b)
			}
			if err != nil {
				t.Errorf("the cure %s: %v", line, err)
			}
		})
	}
}

// TestHabit_HintsKeepSecrets: a cure that repeats the line does not repeat what is secret in it.
func TestHabit_HintsKeepSecrets(t *testing.T) {
	for _, line := range []string{
		`object-add secret,id=s,data=hunter2`, `object-add qom-type=secret,id=s,data=hunter2`, `change-vnc-password hunter2`, `set_password vnc hunter2`, `object_add secret,id=s,data=hunter2`,
		`change vnc password hunter2`, `change-vnc-password password = hunter2`, `set_password password= hunter2`,
	} {
		_, err := Parse(line)
		var e *Error
		if !errors.As(err, &e) || strings.Contains(e.Hint+e.Msg+e.Caret(80), "hunter2") {
			t.Errorf("%s: %v, hint %s", line, err, e.Hint)
		}
	}
}

// TestHabit_WhatTheUsersShellTook: JSON whose quotes or braces are gone when exec sees it.
func TestHabit_WhatTheUsersShellTook(t *testing.T) {
	for _, tt := range []struct {
		words []string
		hint  string
	}{
		{[]string{"blockdev-add", "file={driver:file,filename:/x}"}, `put it in single quotes: 'file={"driver": "file", ...}'`},
		{[]string{"blockdev-add", "file=driver:file", "file=filename:/x"}, `put it in single quotes: 'file={"driver": "file", ...}'`},
		{[]string{"send-key", "keys=[type:qcode]", "keys=[data:ret]"}, `put it in single quotes: 'keys=["a", ...]'`},
		{[]string{"execute:a", "arguments:b:1"}, `put it in single quotes: '{"execute": "query-status"}'`},
		{[]string{"blockdev-add", "file={driver:", "file,", "filename:", "/x}"}, `put it in single quotes: 'file={"driver": "file", ...}'`},
		{[]string{"send-key", "keys=[{type:qcode,data:ret}]"}, `put it in single quotes: 'keys=["a", ...]'`},
		{[]string{"{", "execute:", "query-status", "}"}, `put it in single quotes: '{"execute": "query-status"}'`},
		{[]string{"{execute:", "query-status}"}, `put it in single quotes: '{"execute": "query-status"}'`},
		{[]string{"{execute:query-status}"}, `put it in single quotes: '{"execute": "query-status"}'`},
	} {
		st, err := FromWords(tt.words)
		if err == nil {
			_, err = st.Bind(Binding{})
		}
		var e *Error
		if !errors.As(err, &e) || e.Msg != "your own shell has taken the quotes out of this JSON" || e.Hint != tt.hint {
			t.Errorf("%q: %v, %+v", tt.words, err, e)
		}
	}
	if st, err := FromWords([]string{"human-monitor-command", "command-line={a: b, c}"}); err != nil {
		t.Error(err)
	} else if got := sendWith(st, Binding{Schema: qapitest.QEMU(t), Validate: true}); got != `human-monitor-command {"command-line": "{a: b, c}"}` {
		t.Errorf("a string that looks like such JSON: %s", got)
	}
	if st, err := FromWords([]string{`{"execute":`, `"query-status"}`}); err != nil || st.Name != "query-status" {
		t.Errorf("whole JSON in two words: %v", err)
	}
	if st, err := FromWords([]string{"x", "a=1:2", "b=c:d", "c={c0ffee}"}); err != nil || send(st) != `x {"a": "1:2", "b": "c:d", "c": "{c0ffee}"}` {
		t.Errorf("%v %s", err, send(st))
	}
}

// TestLinesFromTranscripts: what surrounds a command in a terminal or in QEMU's documentation is no part of it.
func TestLinesFromTranscripts(t *testing.T) {
	for line, want := range map[string]string{
		`-> {"execute": "query-status"}`:                          `raw {"execute": "query-status"}`,
		`(QEMU) query-status`:                                     `query-status`,
		`  (QEMU)  device_del id=a`:                               `device_del {"id": "a"}`,
		`(vm1 paused) cont`:                                       `cont`,
		"// set it up\nquery-status":                              `query-status`,
		"//no space\nquery-status":                                `query-status`,
		"(QEMU) transaction(\nTRANS> abort\n// c\nTRANS> )":       `transaction {"actions": [{"type": "abort", "data": {}}]}`,
		"-> {\"execute\": \"x\",\n    \"arguments\": {\"a\": 1}}": "raw {\"execute\": \"x\",\n    \"arguments\": {\"a\": 1}}",
		`x a=// b=->`:                                             `x {"a": "//", "b": "->"}`,
	} {
		st, err := Parse(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		} else if got := send(st); got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
	if got := Redact("(QEMU) set_password vnc hunter2"); strings.Contains(got, "hunter2") {
		t.Error(got)
	}
	for line, want := range map[string]string{
		`{"execute": "a"}{"execute": "b"}`: "a second object begins here",
		`<- {"return": {}}`:                `"<-" is what a server answered`,
		`{"return": {}}`:                   "this is what a server says, and no command",
		`{"event": "STOP"}`:                "this is what a server says, and no command",
	} {
		if _, err := Parse(line); err == nil || err.Error() != want {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestSoleArgumentIsTheSchemas: the one argument that a word alone stands for is one that the command must have.
func TestSoleArgumentIsTheSchemas(t *testing.T) {
	for _, c := range qapitest.QEMU(t).Commands() {
		for _, name := range positional(c.Name) {
			if m := c.Args.Member(name); m == nil || m.Optional && c.Name != "eject" && c.Name != "set_password" {
				t.Errorf("%s: %q is no argument that it must have", c.Name, name)
			}
		}
		sole := soleArgument(c.Name)
		if m := c.Args.Member(sole); sole != "" && (m == nil || m.Optional && c.Name != "eject") {
			t.Errorf("%s: %q is no argument that it must have", c.Name, sole)
		}
		var required []string
		for i := range c.Args.Members {
			if m := &c.Args.Members[i]; !m.Optional {
				required = append(required, m.Name)
			}
		}
		if len(required) == 1 && sole == "" && !strings.Contains("blockdev-reopen input-send-event migrate-set-capabilities nbd-server-start send-key transaction yank", c.Name) {
			t.Errorf("%s: %q could stand for itself", c.Name, required)
		}
	}
}

// TestLive_HMPCommandsAreThoseOfTheInstalledQEMU compares the list with what a real monitor's help says.
func TestLive_HMPCommandsAreThoseOfTheInstalledQEMU(t *testing.T) {
	schema := qapitest.QEMU(t)
	cmd := exec.CommandContext(t.Context(), qmptest.Require(t, "qemu-system-x86_64"), "-M", "none", "-display", "none", "-nodefaults", "-qmp", "stdio")
	cmd.Stdin = strings.NewReader(`{"execute": "qmp_capabilities"}{"execute": "human-monitor-command", "arguments": {"command-line": "help"}}{"execute": "quit"}`)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		var reply struct{ Return string }
		if json.Unmarshal([]byte(line), &reply) != nil {
			continue
		}
		for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z0-9_|-]*) `).FindAllStringSubmatch(reply.Return, -1) {
			names = append(names, strings.Split(m[1], "|")...)
		}
	}
	if len(names) < 50 {
		t.Fatalf("only %q", names)
	}
	for _, name := range names {
		if only := schema.Command(name) == nil && len(name) > 1 && name != "help"; hmpCommand(name) != only {
			t.Errorf("%s: hmpCommand says %v", name, hmpCommand(name))
		}
	}
	for _, topic := range []string{"status", "block", "cpus", "migrate_parameters", "vnc", "version", "mice", "memory_size_summary"} {
		if schema.Command(queryFor(topic)) == nil {
			t.Errorf("info %s: there is no %q", topic, queryFor(topic))
		}
	}
}

// TestHabit_OddWordsAreRefusedQuietly: words that look like options but stand in quotes, and others at the edge.
func TestHabit_OddWordsAreRefusedQuietly(t *testing.T) {
	for _, line := range []string{`device_del "x,b=c"`, `device_add ""`, `device_add "" a=1`, `eject ''`, `human-monitor-command "`, `set_link a b c`, `set_link [ x`, `x "" =`, `info "`, `device_add ,`, `device_add ,=`, `device_add =,`, `a ; ;`, `- -`, `netdev_add ,,=1`} {
		st, err := Parse(line)
		if err == nil {
			_, err = st.Bind(Binding{Schema: qapitest.QEMU(t), Validate: true})
		}
		var e *Error
		if !errors.As(err, &e) || e.Msg == "" {
			t.Errorf("%s: %v", line, err)
		}
	}
}
