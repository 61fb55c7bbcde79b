package cmdline

import (
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// Owner is what has properties that the schema does not list. One of the two is set.
type Owner struct {
	Driver string // a device type, of device_add: device-list-properties tells its properties
	Path   string // an object in the QOM tree, of qom-set: qom-list tells its properties
}

// Property is a property as device-list-properties and qom-list tell it.
type Property struct {
	Name        string
	Type        string // in the server's words: "bool", "uint32", "str", "OnOffAuto", "link<memory-backend>"
	Description string // for people, but it may tell more than Type: "on/off/auto"; may be empty
}

// ValueType returns the type that stands for the property's; nil where nothing is known of it. The values of an enum come
// from the description, where it lists them.
func (p Property) ValueType() *qapi.Type {
	switch p.Type {
	case "bool":
		return &qapi.Type{Kind: qapi.KindBool}
	case "int", "int8", "int16", "int32", "int64", "uint", "uint4", "uint8", "uint16", "uint32", "uint64", "uint64_t", "size", "size32":
		if strings.HasPrefix(p.Description, "Slot and optional function number") {
			// A PCI address: 06.0, and 10 is hexadecimal as a string only.
			return &qapi.Type{Kind: qapi.KindString}
		}
		return &qapi.Type{Kind: qapi.KindInt}
	case "number", "double":
		return &qapi.Type{Kind: qapi.KindNumber}
	case "str", "string":
		return &qapi.Type{Kind: qapi.KindString}
	}
	switch {
	case strings.HasPrefix(p.Type, "link<"), strings.HasPrefix(p.Type, "child<"):
		return &qapi.Type{Kind: qapi.KindString}
	case p.Type == "" || p.Type[0] < 'A' || p.Type[0] > 'Z' || strings.HasSuffix(p.Type, "List"):
		return nil
	}
	if values := p.listed(); values != nil {
		return &qapi.Type{Kind: qapi.KindEnum, Enum: &qapi.Enum{Values: values}}
	}
	// An enum or a struct: QAPI's names for both look alike, their JSON does not.
	return &qapi.Type{Kind: qapi.KindAlternate, Alternate: &qapi.Alternate{Types: []*qapi.Type{{Kind: qapi.KindString}, anything()}}}
}

// listed returns the values that the description lists: "FDC drive type, 144/288/120/none/auto".
func (p Property) listed() []qapi.EnumValue {
	list := p.Description[strings.LastIndexByte(p.Description, ' ')+1:]
	if !strings.Contains(list, "/") {
		return nil
	}
	var values []qapi.EnumValue
	for name := range strings.SplitSeq(list, "/") {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || !isNameByte(byte(r)) }) {
			return nil
		}
		values = append(values, qapi.EnumValue{Name: name})
	}
	return values
}

// ask gets the owner's properties, nil where they are not known. From then on messages speak of the owner.
func (b *binder) ask(o Owner) []Property {
	if b.Properties == nil || o == (Owner{}) {
		return nil
	}
	list := b.Properties(o)
	if len(list) > 0 {
		b.owner = o
	}
	return list
}

// withDevice returns the command, which takes more than the schema lists, with the properties of its device. If they are
// known it takes no others, but the elements of an array, name[0], which exist only once its length is set.
func (b *binder) withDevice(c *qapi.Command) *qapi.Command {
	args := b.st.args
	driver, _ := b.string(args.kid("driver"))
	typename := DeviceType(driver, b.Schema)
	if b.DeviceType != nil {
		typename = b.DeviceType(driver)
	}
	list := b.ask(Owner{Driver: typename})
	if list == nil {
		return b.withDeviceTypes(c, typename)
	}
	b.owner.Driver = driver // as the user names it
	var more []qapi.Member
	for _, p := range list {
		if c.Args.Member(p.Name) == nil {
			more = append(more, qapi.Member{Name: p.Name, Type: p.typeFor(args.kid(p.Name)), Optional: true})
		}
	}
	for _, k := range args.kids {
		if strings.Contains(k.name, "[") {
			more = append(more, qapi.Member{Name: k.name, Type: anything(), Optional: true})
		}
	}
	complete := *c
	complete.Args, complete.Open = c.Args.With(more...), false
	return &complete
}

// withDeviceTypes returns the command with a driver that takes only what the server has, if that is known.
func (b *binder) withDeviceTypes(c *qapi.Command, typename string) *qapi.Command {
	if b.DeviceTypes == nil || typename == "" {
		return c
	}
	types := &qapi.Enum{}
	for _, name := range b.DeviceTypes() {
		if name == typename {
			return c
		}
		types.Values = append(types.Values, qapi.EnumValue{Name: name})
	}
	if types.Values == nil {
		return c
	}
	complete := *c
	complete.Args = c.Args.With(qapi.Member{Name: "driver", Type: &qapi.Type{Kind: qapi.KindEnum, Enum: types}})
	b.noType = true
	return &complete
}

// withProperty returns qom-set with the type of the property that it sets.
func (b *binder) withProperty(c *qapi.Command) *qapi.Command {
	args := b.st.args
	path, _ := b.string(args.kid("path"))
	name, ok := b.string(args.kid("property"))
	if !ok || strings.Contains(name, "[") {
		return c
	}
	list := b.ask(Owner{Path: path})
	if list == nil {
		return c
	}
	names := &qapi.Enum{}
	t := anything()
	for _, p := range list {
		names.Values = append(names.Values, qapi.EnumValue{Name: p.Name})
		if p.Name == name {
			t = p.typeFor(args.kid("value"))
		}
	}
	complete := *c
	complete.Args = c.Args.With(qapi.Member{Name: "property", Type: &qapi.Type{Kind: qapi.KindEnum, Enum: names}}, qapi.Member{Name: "value", Type: t})
	return &complete
}

// typeFor returns the type that the property has for the value n. JSON goes to the server as it is: servers differ in
// what they take for a property besides its own type.
func (p Property) typeFor(n *node) *qapi.Type {
	t := p.ValueType()
	switch {
	case t == nil, n == nil, n.leaf == nil:
		return anything()
	case n.leaf.form == exactJSON, n.leaf.exact, n.leaf.form == bracketed && t.Kind != qapi.KindString && !plainBrackets(n.leaf.text):
		return anything()
	}
	return t
}
