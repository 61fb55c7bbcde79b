package cmdline

import (
	"errors"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// properties of some devices and objects, as QEMU 7.2 lists them.
func listed(o Owner) []Property {
	switch o {
	case Owner{Driver: "virtio-net-pci"}:
		return []Property{
			{Name: "mq", Type: "bool", Description: "on/off"}, {Name: "mac", Type: "str"}, {Name: "netdev", Type: "str"},
			{Name: "vectors", Type: "uint32"}, {Name: "disable-legacy", Type: "OnOffAuto", Description: "on/off/auto"},
			{Name: "addr", Type: "int32", Description: "Slot and optional function number, example: 06.0 or 06"},
			{Name: "bootindex", Type: "int32"}, {Name: "features", Type: "X86CPUFeatureWordInfo"}, {Name: "names", Type: "strList"},
			{Name: "speed", Type: "PCIELinkSpeed", Description: "2_5/5/8/16"}, {Name: "uuid", Type: "QemuUUID", Description: "UUID (aka GUID)"},
			{Name: "rate", Type: "double"}, {Name: "irq", Type: "link<irq>"},
		}
	case Owner{Path: "/machine"}:
		return []Property{
			{Name: "mem-merge", Type: "bool"}, {Name: "phandle-start", Type: "int"}, {Name: "kernel", Type: "string"},
			{Name: "smp", Type: "SMPConfiguration"}, {Name: "rtc-time", Type: "struct tm"}, {Name: "usb", Type: "bool"},
		}
	}
	return nil
}

// bindTest is a line and what it sends, or a part of the error: its place, message and hint.
type bindTest struct{ name, line, want, hint string }

func (tt bindTest) run(t *testing.T, b Binding) {
	t.Helper()
	st, err := Parse(tt.line)
	if err == nil {
		if st.Raw() != (st.Name != "" && tt.line[0] == '{') {
			t.Errorf("%s: Raw is %v", tt.line, st.Raw())
		}
		if got := sendWith(st, b); !strings.HasPrefix(got, "error ") {
			if got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.line, got, tt.want)
			}
			return
		}
		_, err = st.Bind(b)
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: %v", tt.line, err)
	}
	if got := "error " + place(e) + " " + e.Msg; got != tt.want || tt.hint != "-" && e.Hint != tt.hint {
		t.Errorf("%s\n got %s\n     %s\nwant %s\n     %s", tt.line, got, e.Hint, tt.want, tt.hint)
	}
	if len(e.Msg) > 300 || strings.ContainsAny(e.Msg+e.Hint, "\n\x1b") {
		t.Errorf("%s: unfit message %q, %q", tt.line, e.Msg, e.Hint)
	}
}

func TestBind(t *testing.T) {
	tests := []bindTest{
		// the issue's
		{"a string that looks like a number", `block-dirty-bitmap-add node=n name=1`, `block-dirty-bitmap-add {"node": "n", "name": "1"}`, ""},
		{"object with a size", `object-add qom-type=memory-backend-ram id=m1 size=1M`, `object-add {"qom-type": "memory-backend-ram", "id": "m1", "size": 1048576}`, ""},
		{"properties of a device", `device_add driver=virtio-net-pci id=net7 netdev=n1 mq=on mac=52:54:00:12:34:56 vectors=4`,
			`device_add {"driver": "virtio-net-pci", "id": "net7", "netdev": "n1", "mq": true, "mac": "52:54:00:12:34:56", "vectors": 4}`, ""},
		{"nested node", `blockdev-add driver=qcow2 node-name=n0 file.driver=file file.filename="a b.qcow2"`,
			`blockdev-add {"driver": "qcow2", "node-name": "n0", "file": {"driver": "file", "filename": "a b.qcow2"}}`, ""},
		{"simple union", `nbd-server-start addr.type=inet addr.data.host=127.0.0.1 addr.data.port=0`,
			`nbd-server-start {"addr": {"type": "inet", "data": {"host": "127.0.0.1", "port": "0"}}}`, ""},
		{"qom-set, bool", `qom-set path=/machine property=usb value=on`, `qom-set {"path": "/machine", "property": "usb", "value": true}`, ""},
		{"qom-set, int", `qom-set path=/machine property=phandle-start value=0x10`, `qom-set {"path": "/machine", "property": "phandle-start", "value": 16}`, ""},
		{"qom-set, str", `qom-set value=1 path=/machine property=kernel`, `qom-set {"value": "1", "path": "/machine", "property": "kernel"}`, ""},
		{"boolean", `set_link name=n0 up=off`, `set_link {"name": "n0", "up": false}`, ""},
		{"size", `migrate-set-parameters max-bandwidth=1G`, `migrate-set-parameters {"max-bandwidth": 1073741824}`, ""},
		{"transaction", "transaction(\nblock-dirty-bitmap-add node=d0 name=1 persistent=no\nblock-dirty-bitmap-clear node=d0 name=b\nblock-dirty-bitmap-merge node=d0 target=b bitmaps.0=c bitmaps.1.node=d1 bitmaps.1.name=7\n)",
			`transaction {"actions": [{"type": "block-dirty-bitmap-add", "data": {"node": "d0", "name": "1", "persistent": false}}, {"type": "block-dirty-bitmap-clear", "data": {"node": "d0", "name": "b"}}, {"type": "block-dirty-bitmap-merge", "data": {"node": "d0", "target": "b", "bitmaps": ["c", {"node": "d1", "name": "7"}]}}]}`, ""},

		// scalars
		{"strings", `block-dirty-bitmap-add name={x node=[::1]:2`, `error 1:29 "{" is never closed`, "-"},
		{"strings of every look", `change-vnc-password password=0123`, `change-vnc-password {"password": "0123"}`, ""},
		{"a string in brackets", `human-monitor-command command-line={"a": 1}`, `human-monitor-command {"command-line": "{\"a\": 1}"}`, ""},
		{"booleans", `human-monitor-command command-line=true cpu-index=+007`, `human-monitor-command {"command-line": "true", "cpu-index": 7}`, ""},
		{"integers", `balloon value=-0`, `balloon {"value": 0}`, ""},
		{"fraction of a size", `balloon value=1.5G`, `balloon {"value": 1610612736}`, ""},
		{"underscores", `balloon value=1_000`, `balloon {"value": 1000}`, ""},
		{"64 bits", `balloon value=18446744073709551615`, `balloon {"value": 18446744073709551615}`, ""},
		{"hex, upper case", `balloon value=0XfF`, `balloon {"value": 255}`, ""},
		{"KiB", `balloon value=4KiB`, `balloon {"value": 4096}`, ""},
		{"enum", `set_password protocol=vnc password=1`, `set_password {"protocol": "vnc", "password": "1"}`, ""},
		{"enum with numbers", `screendump filename=x format=png head=1`, `screendump {"filename": "x", "format": "png", "head": 1}`, ""},

		// compound
		{"list by number", `send-key keys.0.type=qcode keys.0.data=ret keys.1.type=number keys.1.data=28`, `send-key {"keys": [{"type": "qcode", "data": "ret"}, {"type": "number", "data": 28}]}`, ""},
		{"list in any order", `send-key keys.1.type=number keys.0.type=qcode keys.0.data=ret keys.1.data=28`, `send-key {"keys": [{"type": "qcode", "data": "ret"}, {"type": "number", "data": 28}]}`, ""},
		{"list as JSON", `send-key keys=[{"type": "qcode", "data": "ret"}]`, `send-key {"keys": [{"type": "qcode", "data": "ret"}]}`, ""},
		{"the tag comes last", `blockdev-add file.filename=1 file.driver=file size=4K driver=raw`, `blockdev-add {"file": {"filename": "1", "driver": "file"}, "size": 4096, "driver": "raw"}`, ""},
		{"the tag from JSON", `blockdev-add driver=raw file={"driver": "file"} file.filename=1`, `blockdev-add {"driver": "raw", "file": {"driver": "file", "filename": "1"}}`, ""},
		{"the tag exact", `blockdev-add driver:="raw" file=n0 size=1`, `blockdev-add {"driver": "raw", "file": "n0", "size": 1}`, ""},
		{"alternate, reference", `blockdev-add driver=raw file=7`, `blockdev-add {"driver": "raw", "file": "7"}`, ""},
		{"alternate, null", `blockdev-add driver=qcow2 file=f backing=null`, `blockdev-add {"driver": "qcow2", "file": "f", "backing": null}`, ""},
		{"alternate, no null", `blockdev-add driver=qcow2 file=f backing="null"`, `blockdev-add {"driver": "qcow2", "file": "f", "backing": "null"}`, ""},
		{"alternate, object or enum", `blockdev-add driver=qcow2 file=f overlap-check=none`, `blockdev-add {"driver": "qcow2", "file": "f", "overlap-check": "none"}`, ""},
		{"alternate, object", `blockdev-add driver=qcow2 file=f overlap-check.template=all overlap-check.refcount-block=yes`, `blockdev-add {"driver": "qcow2", "file": "f", "overlap-check": {"template": "all", "refcount-block": true}}`, ""},
		{"JSON file name", `blockdev-add driver=raw file=json:{"driver": "null-co"}`, `blockdev-add {"driver": "raw", "file": "json:{\"driver\": \"null-co\"}"}`, ""},
		{"transaction, raw action", `transaction( {"type": "abort", "data": {}} )`, `transaction {"actions": [{"type": "abort", "data": {}}]}`, ""},
		{"no arguments", `query-status`, `query-status`, ""},
		{"raw is not looked at", `{"execute": "no-such"}`, `raw {"execute": "no-such"}`, ""},

		// properties
		{"enum property", `device_add driver=virtio-net-pci disable-legacy=on speed=5 uuid=1`, `device_add {"driver": "virtio-net-pci", "disable-legacy": "on", "speed": "5", "uuid": "1"}`, ""},
		{"PCI address", `device_add driver=virtio-net-pci addr=10 bootindex=-1`, `device_add {"driver": "virtio-net-pci", "addr": "10", "bootindex": -1}`, ""},
		{"struct property", `device_add driver=virtio-net-pci features={'a': 1} names=["x"] rate=1.50 irq=1`, `device_add {"driver": "virtio-net-pci", "features": {"a": 1}, "names": ["x"], "rate": 1.50, "irq": "1"}`, ""},
		{"struct property, dotted", `qom-set path=/machine property=smp value.cpus=4 value.cores=x`, `qom-set {"path": "/machine", "property": "smp", "value": {"cpus": 4, "cores": "x"}}`, ""},
		{"property of an unknown type", `qom-set path=/machine property=rtc-time value=7`, `qom-set {"path": "/machine", "property": "rtc-time", "value": 7}`, ""},
		{"device of which nothing is known", `device_add driver=e1000 mq=on n=4 x.y=true`, `device_add {"driver": "e1000", "mq": "on", "n": 4, "x": {"y": true}}`, ""},
		{"object of which nothing is known", `qom-set path=/x property=y value=7`, `qom-set {"path": "/x", "property": "y", "value": 7}`, ""},
		{"element of a property", `device_add driver=virtio-net-pci gpio[0]=7`, `device_add {"driver": "virtio-net-pci", "gpio[0]": 7}`, ""},
	}
	schema := qapitest.QEMU(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.run(t, Binding{Schema: schema, Validate: true, Properties: listed})
		})
	}
}
