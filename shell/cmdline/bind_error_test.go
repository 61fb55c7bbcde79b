package cmdline

import (
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

const (
	intHint  = "for example 4096, 0x1000 or 4K"
	bitmaps  = "block-dirty-bitmap-add node=str name=str [granularity=int] [persistent=bool] [disabled=bool]"
	noLooks  = "`describe` (in the shell .describe) lists those that it has"
	countAll = "elements count from 0: keys.0"
)

// TestBindErrors: each mistake that the schema shows is refused, at the word at fault.
func TestBindErrors(t *testing.T) {
	tests := []bindTest{
		{"command, near", `qurey-status`, `error 1:1 the server has no command "qurey-status"`, "did you mean query-status?"},
		{"command", `zzzz`, `error 1:1 the server has no command "zzzz"`, noLooks},
		{"argument of none", `query-status foo=1`, `error 1:14 "query-status" has no argument "foo"`, "it takes none"},
		{"argument, near", `block-dirty-bitmap-add node=n nam=1`, `error 1:31 "block-dirty-bitmap-add" has no argument "nam"`, "did you mean name?"},
		{"argument", `set_link zzz=n`, `error 1:10 "set_link" has no argument "zzz"`, "it takes name, up"},
		{"missing", `block-dirty-bitmap-add node=n  # c`, `error 1:30 block-dirty-bitmap-add lacks the argument "name"`, bitmaps},
		{"all missing", `block-dirty-bitmap-add`, `error 1:23 block-dirty-bitmap-add lacks the arguments "node" and "name"`, bitmaps},
		{"three missing", `qom-set`, `error 1:8 qom-set lacks the arguments "path", "property" and "value"`, "qom-set path=str property=str value=any"},

		{"no integer", `balloon value=abc`, `error 1:15 "value" takes an integer, not "abc"`, intHint},
		{"nothing", `balloon value=`, `error 1:15 "value" takes an integer, not ""`, intHint},
		{"unknown unit", `balloon value=4GB`, `error 1:15 "value" takes an integer, not "4GB"`, "4G: units are K, M, G, T, P and E, and count in 1024s"},
		{"quoted", `balloon value="1"`, `error 1:15 "value" takes an integer, not the string "1"`, "quotes make it a string: leave them out"},
		{"fraction", `balloon value=1.3K`, `error 1:15 "value" takes an integer, not "1.3K"`, "this is no whole number of bytes"},
		{"too large", `balloon value=18446744073709551616`, `error 1:15 "value": "18446744073709551616" does not fit into 64 bits`, ""},
		{"too small", `balloon value=-9223372036854775809`, `error 1:15 "value": "-9223372036854775809" does not fit into 64 bits`, ""},
		{"size too large", `balloon value=16E`, `error 1:15 "value": "16E" does not fit into 64 bits`, ""},
		{"array for an integer", `balloon value=[1]`, `error 1:15 "value" takes an integer, not an array`, ""},
		{"text in brackets for an integer", `balloon value=[::1]`, `error 1:15 "value" takes an integer, not "[::1]"`, intHint},
		{"broken JSON for an integer", `balloon value=[1,x]`, `error 1:18 "[1,x]" looks like JSON, but: "x" is no value`, "text needs quotes"},
		{"exact, wrong", `balloon value:="a"`, `error 1:16 "value" takes an integer, not the string "a"`, ""},
		{"exact, no JSON", `balloon value:=x`, `error 1:16 no JSON: "x" is no value`, "text needs quotes"},
		{"exact, nothing", `balloon value:=`, `error 1:16 no JSON: expected a value, but the text ends`, ""},
		{"members of an integer", `balloon value.x=1`, `error 1:9 "value" takes an integer and has no members`, "give it one value"},
		{"no boolean", `set_link name=n0 up=1`, `error 1:21 "up" takes on or off, not "1"`, ""},
		{"no string", `set_link name:=1 up=on`, `error 1:16 "name" takes a string, not the number 1`, ""},
		{"enum, near", `set_password protocol=vcn password=x`, `error 1:23 "protocol" has no value "vcn"`, "did you mean vnc?"},
		{"enum", `set_password password=x protocol="zz"`, `error 1:34 "protocol" has no value "zz"`, "it is one of vnc, spice"},
		{"enum in an alternate", `blockdev-add driver=qcow2 file=f overlap-check=5`, `error 1:48 "overlap-check" has no value "5"`, "it is one of none, constant, cached, all"},

		{"tag missing", `blockdev-add node-name=n0 filename=x`, `error 1:37 blockdev-add lacks the argument "driver"`, `driver decides whether there is "filename": it comes with driver=file, host_cdrom, host_device`},
		{"tag missing, nested", `nbd-server-start addr.data.path=x`, `error 1:18 nbd-server-start lacks the argument "addr.type"`, `type decides whether there is "data": it comes with type=inet, unix, vsock, fd`},
		{"tag missing, nothing like it", `blockdev-add driver=raw file.x=1`, `error 1:25 "file" has no argument "x"`, "file.driver decides what it takes"},
		{"branch", `blockdev-add node-name=n0 driver=qcow3 file=x`, `error 1:34 "driver" has no value "qcow3"`, "did you mean qcow2 or qcow?"},
		{"branch, nested", `nbd-server-start addr.data.path=x addr.type=unx`, `error 1:45 "addr.type" has no value "unx"`, "did you mean unix?"},
		{"of another branch", `blockdev-add driver=raw filename=x`, `error 1:25 "blockdev-add" has no argument "filename" with driver=raw`, "it comes with driver=file, host_cdrom, host_device"},
		{"member, near", `blockdev-add driver=raw file.driver=file file.filenam=x`, `error 1:42 "file" has no argument "filenam" with driver=file`, "did you mean filename?"},
		{"missing, nested", `blockdev-add driver=raw file.driver=file`, `error 1:25 blockdev-add lacks the argument "file.filename"`, ""},
		{"inside JSON, member", `blockdev-add driver=raw file={"driver": "file", "filenam": "x"}`, `error 1:49 "file" has no argument "filenam" with driver=file`, "did you mean filename?"},
		{"inside JSON, other branch", `blockdev-add driver=raw file={"driver": "raw", "filename": "x"}`, `error 1:48 "file" has no argument "filename" with driver=raw`, "it comes with driver=file, host_cdrom, host_device"},
		{"inside JSON, missing", `send-key keys=[{"type": "qcode"}]`, `error 1:16 send-key lacks the argument "keys.0.data"`, ""},
		{"inside JSON, value", `send-key keys=[{"type": "qcode", "data": "rett"}]`, `error 1:42 "keys.0.data" has no value "rett"`, "did you mean ret?"},
		{"inside JSON, enum", `screendump filename=x format:="jpg"`, `error 1:31 "format" has no value "jpg"`, "it is one of ppm, png"},
		{"inside JSON, type", `yank instances=["a", 1]`, `error 1:17 "instances.0" takes an object, not the string "a"`, ""},
		{"inside JSON, range", `balloon value:=18446744073709551616`, `error 1:16 "value": the number 18446744073709551616 does not fit in 64 bits`, ""},
		{"inside JSON, twice", `send-key keys:=[{"type": "qcode", "type": "qcode"}]`, `error 1:35 "keys.0.type" is given twice`, "remove one of the two"},
		{"inside Python", `send-key keys=[{'type': 'qcode', 'data': 'rett'}]`, `error 1:42 "keys.0.data" has no value "rett"`, "did you mean ret?"},
		{"inside JSON with other blanks", `send-key keys=[{"type":"qcode" ,  "data":"rett"}]`, `error 1:42 "keys.0.data" has no value "rett"`, "did you mean ret?"},
		{"inside Python with its own words", `set-numa-node type=node cpus=[True]`, `error 1:31 "cpus.0" takes an integer, not true`, ""},
		{"inside Python with other words", `set-numa-node type=node cpus=[None, 'x']`, `error 1:31 "cpus.0" takes an integer, not null`, ""},

		{"word for an array", `yank instances=x`, `error 1:16 "instances" takes an array, not "x"`, "give its elements: instances.0=..., or instances=[...]"},
		{"word for an element", `send-key keys.0=ret`, `error 1:17 "keys.0" takes an object, not "ret"`, "give its members: keys.0.type=..., or keys.0={...}"},
		{"object for an array", `send-key keys={'a': 1}`, `error 1:15 "keys" takes an array, not an object`, ""},
		{"gap", `send-key keys.0.type=qcode keys.2.type=qcode`, `error 1:28 "keys.2" is given, but not "keys.1"`, "the elements of an array count from 0 without gaps"},
		{"no number", `send-key keys.type=qcode`, `error 1:10 "keys" is an array, and "type" is no number of an element`, countAll + ".type"},
		{"no number as written", `send-key keys.01.type=qcode`, `error 1:10 "keys" is an array, and "01" is no number of an element`, countAll},
		{"huge number", `send-key keys.99999999999.type=qcode`, `error 1:10 "keys" is an array, and "99999999999" is no number of an element`, countAll},
		{"word for an object", `nbd-server-start addr=unix`, `error 1:23 "addr" takes an object, not "unix"`, "give its members: addr.type=..., or addr={...}"},
		{"leaf and branch", `blockdev-add driver=raw file=x file.driver=file`, `error 1:32 cannot use "file" as both a value and an object with members`, "-"},
		{"twice", `balloon value=1 value=1`, `error 1:17 "value" is given twice`, "-"},
		{"spaces", `human-monitor-command command-line=info status`, `error 1:41 "status" is not key=value`, `a value with spaces needs quotes: command-line="info status"`},

		{"property, near", `device_add driver=virtio-net-pci mqq=on`, `error 1:34 "virtio-net-pci" has no property "mqq"`, "did you mean mq?"},
		{"property, no boolean", `device_add driver=virtio-net-pci mq=banana`, `error 1:37 "mq" takes on or off, not "banana"`, ""},
		{"property, text in brackets", `device_add driver=virtio-net-pci mq=[::1]`, `error 1:37 "mq" takes on or off, not "[::1]"`, ""},
		{"property, no integer", `device_add driver=virtio-net-pci vectors=x`, `error 1:42 "vectors" takes an integer, not "x"`, intHint},
		{"property, enum", `device_add driver=virtio-net-pci disable-legacy=onn`, `error 1:49 "disable-legacy" has no value "onn"`, "did you mean on?"},
		{"qom-set, property", `qom-set path=/machine property=usbb value=on`, `error 1:23 "/machine" has no property "usbb"`, "did you mean usb?"},
		{"qom-set, value", `qom-set value=7 path=/machine property=usb`, `error 1:15 "value" takes on or off, not "7"`, ""},

		{"action", "transaction(\nblock-dirty-bitmap-ad node=n\n)", `error 2:1 a transaction has no action "block-dirty-bitmap-ad"`, "did you mean block-dirty-bitmap-add?"},
		{"action, missing", "transaction(\nabort\nblock-dirty-bitmap-add node=n\n)", `error 3:30 block-dirty-bitmap-add lacks the argument "name"`, bitmaps},
		{"action, argument", "transaction(\nabort x=1 )", `error 2:7 "abort" has no argument "x"`, "it takes none"},
		{"action, value", "transaction( block-dirty-bitmap-add node=n name=1 persistent=7 )", `error 1:62 "persistent" takes on or off, not "7"`, ""},
		{"raw action", `transaction( {"type": "abort"} )`, `error 1:14 transaction lacks the argument "actions.0.data"`, ""},
	}
	schema := qapitest.QEMU(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.run(t, Binding{Schema: schema, Validate: true, Properties: listed})
		})
	}
}

// TestBindAnyway: without validation the same mistakes are sent, with types where they are known.
func TestBindAnyway(t *testing.T) {
	tests := []bindTest{
		{"command", `no-such a=1 b=on`, `no-such {"a": 1, "b": "on"}`, ""},
		{"argument", `block-dirty-bitmap-add node=1 new=2 newer.x=true`, `block-dirty-bitmap-add {"node": "1", "new": 2, "newer": {"x": true}}`, ""},
		{"missing", `block-dirty-bitmap-add`, `block-dirty-bitmap-add`, ""},
		{"integer", `balloon value=abc`, `balloon {"value": "abc"}`, ""},
		{"large integer", `balloon value=18446744073709551616`, `balloon {"value": 18446744073709551616}`, ""},
		{"quoted", `balloon value="1"`, `balloon {"value": "1"}`, ""},
		{"array", `balloon value=[1]`, `balloon {"value": [1]}`, ""},
		{"text in brackets", `balloon value=[::1]`, `balloon {"value": "[::1]"}`, ""},
		{"exact", `balloon value:="x"`, `balloon {"value": "x"}`, ""},
		{"members", `balloon value.x=1`, `balloon {"value": {"x": 1}}`, ""},
		{"enum", `set_password protocol=9 password=1`, `set_password {"protocol": "9", "password": "1"}`, ""},
		{"branch", `blockdev-add driver=new file=x size=1`, `blockdev-add {"driver": "new", "file": "x", "size": 1}`, ""},
		{"gap", `send-key keys.1.type=qcode`, `send-key {"keys": {"1": {"type": "qcode"}}}`, ""},
		{"action", `transaction( new name=1 )`, `transaction {"actions": [{"type": "new", "data": {"name": 1}}]}`, ""},
		{"property", `device_add driver=virtio-net-pci new=1 mq=7`, `device_add {"driver": "virtio-net-pci", "new": 1, "mq": 7}`, ""},
		{"syntax is still refused", `balloon value=[1,x]`, `error 1:18 "[1,x]" looks like JSON, but: "x" is no value`, "-"},
	}
	schema := qapitest.QEMU(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.run(t, Binding{Schema: schema, Properties: listed})
		})
	}
}

// TestErrorsStayShort: whatever is in a word, the message names it shortly.
func TestErrorsStayShort(t *testing.T) {
	schema := qapitest.QEMU(t)
	long := strings.Repeat("x", 100_000)
	for _, line := range []string{
		long, "balloon " + long + "=1", "balloon value=" + long, "set_password password=x protocol=" + long, "device_add driver=virtio-net-pci " + long + "=1",
		"blockdev-add driver=raw file." + long + "=1", "send-key keys." + long + "=1", "blockdev-add driver=" + long, "transaction( " + long + " )",
		`send-key keys:=[{"` + long + `": 1}]`, `set_password password=x protocol:="` + long + `"`, "qom-set path=" + long + " property=x", "blockdev-add driver=raw file={" + long,
		"blockdev-add driver=raw " + strings.Repeat(".file", 300)[1:] + ".x=1", "blockdev-add " + strings.Repeat(".file", 300)[1:] + ".x=1", "blockdev-add " + strings.Repeat(".file", 300)[1:] + ".filename.x=1",
		"device_add driver=virtio-net-pci mq=" + long, `blockdev-add driver=raw file.driver=raw file.file.driver="` + long + `"`,
	} {
		st, err := Parse(line)
		if err == nil {
			_, err = st.Bind(Binding{Schema: schema, Validate: true, Properties: listed})
		}
		e, ok := err.(*Error)
		if !ok || len(e.Msg) > 300 || len(e.Hint) > 300 || len(e.Caret(0)) > 1000 {
			t.Errorf("%.40s: %.500v", line, err)
		}
	}
}
