package cmdline

import (
	"slices"
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
	return &qapi.Type{Kind: qapi.KindAlternate, Alternate: &qapi.Alternate{Types: []*qapi.Type{
		{Kind: qapi.KindString}, {Kind: qapi.KindObject, Object: &qapi.Object{}},
	}}}
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

// properties are those of the owner of the values being bound.
type properties struct {
	owner Owner
	list  []Property
	known bool
}

// ask gets the owner's properties, once.
func (b *binder) ask(o Owner) properties {
	if b.Properties == nil || o == (Owner{}) {
		return properties{}
	}
	list := b.Properties(o)
	return properties{owner: o, list: list, known: len(list) > 0}
}

// find returns the property of that name, nil if there is none.
func (p properties) find(name string) *Property {
	i := slices.IndexFunc(p.list, func(q Property) bool { return q.Name == name })
	if i < 0 {
		return nil
	}
	return &p.list[i]
}

// near returns the properties that may have been meant by name.
func (p properties) near(name string) []string {
	names := make([]string, len(p.list))
	for i, q := range p.list {
		names[i] = q.Name
	}
	return qapi.Nearest(name, names)
}
