package cmdline

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// TestAliasHasTheTypesOfItsDevice: an alias is typed and checked by the properties of the device that it stands for.
func TestAliasHasTheTypesOfItsDevice(t *testing.T) {
	b := Binding{Schema: qapitest.QEMU(t), Validate: true, Properties: listed}
	for _, tt := range []bindTest{
		{"types", `device_add driver=virtio-net mq=on vectors=4 id=7`, `device_add {"driver": "virtio-net", "mq": true, "vectors": 4, "id": "7"}`, ""},
		{"checks", `device_add driver=virtio-net mq=banana`, `error 1:33 "mq" takes on or off, not "banana"`, ""},
		{"names", `device_add driver=virtio-net mqq=on`, `error 1:30 "virtio-net" has no property "mqq"`, "did you mean mq?"},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, b) })
	}
	b.DeviceType = func(driver string) string { return strings.TrimSuffix(driver, "-x") }
	tt := bindTest{"the caller's aliases", `device_add driver=virtio-net-pci-x mq=on`, `device_add {"driver": "virtio-net-pci-x", "mq": true}`, ""}
	tt.run(t, b)
}

// TestAliasesByMachine: s390x has its own virtio devices, and not all of them.
func TestAliasesByMachine(t *testing.T) {
	s390x, err := qapi.Parse([]byte(`[{"meta-type": "object", "name": "0", "members": []}, {"meta-type": "command", "name": "dump-skeys", "arg-type": "0", "ret-type": "0"}]`))
	if err != nil {
		t.Fatal(err)
	}
	for alias, want := range map[string][2]string{
		"virtio-blk": {"virtio-blk-pci", "virtio-blk-ccw"}, "virtio-gpu-gl": {"virtio-gpu-gl-pci", "virtio-gpu-gl"}, "virtio-blk-pci": {"virtio-blk-pci", "virtio-blk-pci"},
		"e1000-82540em": {"e1000", "e1000"}, "lsi": {"lsi53c895a", "lsi53c895a"}, "virtio-": {"virtio-", "virtio-"}, "": {"", ""}, "blk": {"blk", "blk"},
	} {
		if got := [2]string{DeviceType(alias, nil), DeviceType(alias, s390x)}; got != want {
			t.Errorf("%s: %q, want %q", alias, got, want)
		}
	}
}

// TestLive_AliasesAreThoseOfTheInstalledQEMU compares the table with what a real QEMU prints.
func TestLive_AliasesAreThoseOfTheInstalledQEMU(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), qmptest.Require(t, "qemu-system-x86_64"), "-device", "help").Output()
	if err != nil {
		t.Fatal(err)
	}
	var types, aliases []string
	for _, m := range regexp.MustCompile(`(?m)^name "([^"]+)"(?:.*, alias "([^"]+)")?`).FindAllStringSubmatch(string(out), -1) {
		types = append(types, m[1])
		if m[2] == "" {
			continue
		}
		aliases = append(aliases, m[2])
		if got := DeviceType(m[2], nil); got != m[1] {
			t.Errorf("%s is %s, and not %s", m[2], m[1], got)
		}
	}
	slices.Sort(aliases)
	got := DeviceAliases(nil, func(name string) bool { return slices.Contains(types, name) })
	slices.Sort(got)
	if len(aliases) < 10 || !slices.Equal(got, aliases) {
		t.Errorf("the table has %q, QEMU has %q", got, aliases)
	}
}
