package completion

import (
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// What the table can name besides kinds of values.
const (
	qomPaths  LiveKind = iota + 64 // paths in the QOM tree, level by level
	filePaths                      // files, as QEMU would open them if it ran here
	newNames                       // nothing: the user makes the name up
)

// byArgument tells what an argument of a command, or of an action of a transaction, takes. It goes before byName.
func byArgument(argument string) []LiveKind {
	switch argument {
	case "device_del id",
		"block_set_io_throttle id",
		"block-latency-histogram-set id",
		"blockdev-open-tray id",
		"blockdev-close-tray id",
		"blockdev-change-medium id",
		"blockdev-insert-medium id",
		"blockdev-remove-medium id",
		"eject id",
		"screendump device",
		"input-send-event device":
		return []LiveKind{Devices}
	case "device_add driver",
		"device-list-properties typename",
		"qom-list-properties typename":
		return []LiveKind{DeviceTypes}
	case "device_add id",
		"blockdev-add node-name",
		"blockdev-snapshot-sync snapshot-node-name",
		"drive-mirror node-name",
		"block-dirty-bitmap-add name",
		"query-sev-attestation-report mnonce":
		return []LiveKind{newNames}
	case "qom-list path",
		"qom-get path",
		"qom-set path":
		return []LiveKind{qomPaths}
	case "object-del id",
		"x-blockdev-set-iothread iothread":
		return []LiveKind{Objects}
	case "netdev_del id":
		return []LiveKind{Netdevs}
	case "set_link name",
		"announce-self interfaces",
		"query-rx-filter name":
		return []LiveKind{Nics}
	case "chardev-remove id",
		"chardev-change id",
		"chardev-send-break id",
		"ringbuf-read device",
		"ringbuf-write device",
		"add_client protocol":
		return []LiveKind{Chardevs}
	case "drive-mirror target",
		"drive-backup target",
		"blockdev-snapshot-sync snapshot-file":
		return []LiveKind{filePaths}
	case "blockdev-mirror target",
		"blockdev-backup target",
		"blockdev-snapshot overlay",
		"blockdev-snapshot node",
		"block-commit base-node",
		"block-commit top-node",
		"block-stream base-node",
		"change-backing-file image-node-name":
		return []LiveKind{Nodes}
	case "x-blockdev-change parent":
		return []LiveKind{Nodes, Backends}
	case "block-export-del id",
		"nbd-server-remove name":
		return []LiveKind{Exports}
	case "block-dirty-bitmap-remove name",
		"block-dirty-bitmap-clear name",
		"block-dirty-bitmap-enable name",
		"block-dirty-bitmap-disable name",
		"block-dirty-bitmap-merge target",
		"block-dirty-bitmap-merge bitmaps",
		"block-dirty-bitmap-merge name",
		"x-debug-block-dirty-bitmap-sha256 name":
		return []LiveKind{Bitmaps}
	}
	return nil
}

// byName tells what an argument takes by its own name, in all other commands.
func byName(name string) []LiveKind {
	switch name {
	case "node":
		return []LiveKind{Nodes, Backends}
	case "node-name":
		return []LiveKind{Nodes}
	case "device",
		"drive":
		return []LiveKind{Backends, Nodes}
	case "chardev":
		return []LiveKind{Chardevs}
	case "netdev":
		return []LiveKind{Netdevs}
	case "bitmap":
		return []LiveKind{Bitmaps}
	case "iothread",
		"memdev",
		"throttle-group",
		"tls-creds",
		"tls-authz",
		"key-secret",
		"secret":
		return []LiveKind{Objects}
	case "qom-path":
		return []LiveKind{qomPaths}
	case "filename":
		return []LiveKind{filePaths}
	}
	return nil
}

// kindsFor returns what the argument at keys takes. Numbers of elements do not count: "bitmaps.0.node" is "node". graph
// says that it is a link in the block graph.
func kindsFor(command string, keys []string, graph bool) []LiveKind {
	name := ""
	for _, k := range slices.Backward(keys) {
		if strings.Trim(k, "0123456789") != "" {
			name = k
			break
		}
	}
	if list := byArgument(command + " " + name); list != nil {
		return list
	}
	switch {
	case graph:
		return []LiveKind{Nodes}
	case (strings.HasPrefix(command, "block-job-") && (name == "device" || name == "id")),
		strings.HasPrefix(command, "job-") && name == "id":
		return []LiveKind{Jobs}
	case strings.HasPrefix(command, "query-") && name == "id":
		return nil
	}
	return byName(name)
}

// named offers values by what the argument at keys takes.
func (c *collector) named(a arguments, keys []string, place qapi.Place) {
	command := a.name
	switch {
	case command == "qom-set" && keys[0] == "value":
		c.propertyValues(a.property(c))
		return
	case (command == "qom-set" || command == "qom-get") && keys[0] == "property":
		for _, p := range c.live(Query{ObjectProperties, a.leaves["path"]}) {
			c.addValue(p.Text, p.Label, true)
		}
		return
	case a.command != nil && a.command.Open && place.Member == nil && len(keys) == 1:
		c.deviceValue(a, keys[0])
		return
	case place.Type.Kind == qapi.KindAny:
		return
	}
	for _, k := range kindsFor(command, keys, isGraphLink(place)) {
		c.ofKind(k, a)
	}
}

// isGraphLink says whether the place takes a block node, by its name or by its options.
func isGraphLink(p qapi.Place) bool {
	return p.Type.Kind == qapi.KindAlternate && p.Object != nil && p.Object.Tag == "driver"
}

// ofKind offers all values of a kind.
func (c *collector) ofKind(k LiveKind, a arguments) {
	switch k {
	case newNames:
	case filePaths:
		c.files()
	case qomPaths:
		c.qomPaths()
	case DeviceTypes:
		c.values(Query{Kind: k})
		if c.DeviceType != nil {
			return
		}
		types := c.live(Query{Kind: k})
		for _, alias := range cmdline.DeviceAliases(c.Schema, func(name string) bool { return find(types, name).Text != "" }) {
			c.addValue(alias, "alias of "+cmdline.DeviceType(alias, c.Schema), true)
		}
	case Bitmaps:
		c.values(Query{Bitmaps, a.leaves["node"]})
	default:
		c.values(Query{Kind: k})
	}
}

func (c *collector) values(q Query) {
	for _, v := range c.live(q) {
		c.addValue(v.Text, v.Label, true)
	}
}

// qomPaths offers the objects on the level of the QOM tree that has been typed. They may have others below them.
func (c *collector) qomPaths() {
	above := c.partial[:strings.LastIndexByte(c.partial, '/')+1]
	if above == "" {
		if c.partial != "" {
			c.values(Query{Kind: Devices}) // the last part of a path does if it is unique
			return
		}
		above = "/"
	}
	of := strings.TrimSuffix(above, "/")
	if of == "" {
		of = "/"
	}
	for _, v := range c.live(Query{Children, of}) {
		c.addValue(above+v.Text+"/", v.Label, false)
	}
}

// property returns the property that qom-set sets.
func (a arguments) property(c *collector) Value {
	if path := a.leaves["path"]; path != "" {
		return find(c.live(Query{ObjectProperties, path}), a.leaves["property"])
	}
	return Value{}
}

func find(list []Value, name string) Value {
	for _, v := range list {
		if v.Text == name {
			return v
		}
	}
	return Value{}
}

// deviceValue offers values for a property of the device that is to be added.
func (c *collector) deviceValue(a arguments, name string) {
	p := find(c.deviceProperties(a), name)
	if c.propertyValues(p); p.Type != nil && p.Type.Kind != qapi.KindString {
		return
	}
	for _, k := range kindsFor("device_add", []string{name}, false) {
		c.ofKind(k, a)
	}
}

// propertyValues offers values for a property.
func (c *collector) propertyValues(p Value) {
	if p.Type != nil {
		c.typed(p.Type)
	}
	if strings.HasPrefix(p.Label, "link<") {
		c.values(Query{Kind: Objects})
	}
}
