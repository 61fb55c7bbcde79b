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

// Property is a property as the server lists it.
type Property struct {
	Name string
	Type string // in the server's words: "bool", "uint32", "str", "OnOffAuto", "link<memory-backend>"
}

// PropertyType returns the type that stands for a property's type in the server's words; nil where nothing is known of it.
// Enums come as strings: their values are not known.
func PropertyType(name string) *qapi.Type {
	switch name {
	case "bool":
		return &qapi.Type{Kind: qapi.KindBool}
	case "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "size", "size32":
		return &qapi.Type{Kind: qapi.KindInt}
	case "number", "double":
		return &qapi.Type{Kind: qapi.KindNumber}
	case "str", "string":
		return &qapi.Type{Kind: qapi.KindString}
	}
	switch {
	case strings.HasPrefix(name, "link<"), strings.HasPrefix(name, "child<"):
		return &qapi.Type{Kind: qapi.KindString}
	case name != "" && name[0] >= 'A' && name[0] <= 'Z' && !strings.HasSuffix(name, "List"):
		// An enum or a struct: QAPI's names for both look alike, their JSON does not.
		return &qapi.Type{Kind: qapi.KindAlternate, Alternate: &qapi.Alternate{Types: []*qapi.Type{
			{Kind: qapi.KindString}, {Kind: qapi.KindObject, Object: &qapi.Object{}},
		}}}
	}
	return nil
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
