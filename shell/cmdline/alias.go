package cmdline

import (
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// DeviceType returns the device type that QEMU makes for a driver of device_add, which may name it by an alias: for
// virtio-blk it makes a virtio-blk-pci, and on s390x a virtio-blk-ccw. s is the server's schema, which tells the machine;
// it may be nil. What is no alias comes back as it is.
//
// The aliases are those of QEMU up to 10.0. Their source is the table qdev_alias_table in QEMU's system/qdev-monitor.c
// (softmmu/ before 8.2), and `qemu-system-x86_64 -device help` shows those of one binary. On m68k, the one target whose
// virtio devices sit on no bus of that kind, the table leads to a type that does not exist, and nothing is known.
func DeviceType(driver string, s *qapi.Schema) string {
	switch driver {
	case "ac97":
		return "AC97"
	case "ahci":
		return "ich9-ahci"
	case "e1000-82540em":
		return "e1000"
	case "es1370":
		return "ES1370"
	case "lsi":
		return "lsi53c895a"
	}
	part, ok := strings.CutPrefix(driver, "virtio-")
	switch {
	case !ok || !slices.Contains(virtioAliases(), part):
		return driver
	case s == nil || s.Command("dump-skeys") == nil: // a command that s390x alone has
		return driver + "-pci"
	case slices.Contains([]string{"gpu-gl", "gpu-rutabaga", "iommu", "sound"}, part): // not there
		return driver
	}
	return driver + "-ccw"
}

// virtioAliases are the virtio devices that have an alias without the bus in it.
func virtioAliases() []string {
	return []string{
		"9p", "balloon", "blk", "gpu", "gpu-gl", "gpu-rutabaga", "input-host", "iommu", "keyboard", "mouse", "multitouch", "net", "rng",
		"scsi", "serial", "sound", "tablet",
	}
}

// DeviceAliases returns the aliases by which DeviceType leads to one of the types.
func DeviceAliases(s *qapi.Schema, exists func(typename string) bool) []string {
	aliases := []string{"ac97", "ahci", "e1000-82540em", "es1370", "lsi"}
	for _, part := range virtioAliases() {
		aliases = append(aliases, "virtio-"+part)
	}
	return slices.DeleteFunc(aliases, func(alias string) bool {
		t := DeviceType(alias, s)
		return t == alias || !exists(t)
	})
}
