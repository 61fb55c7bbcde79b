package qapi

import (
	"encoding/json"
	"slices"
	"strings"
)

// Schema is what one server accepts and answers. Get one from Parse.
type Schema struct {
	commands []*Command // sorted by name
	events   []*Event   // sorted by name
	types    []Type     // without a name where the server lists a command or an event
	byName   map[string]int32
}

// Command returns the command of that name, nil if the server has none.
func (s *Schema) Command(name string) *Command {
	i, ok := slices.BinarySearchFunc(s.commands, name, func(c *Command, name string) int { return strings.Compare(c.Name, name) })
	if !ok {
		return nil
	}
	return s.commands[i]
}

// Event returns the event of that name, nil if the server has none.
func (s *Schema) Event(name string) *Event {
	i, ok := slices.BinarySearchFunc(s.events, name, func(e *Event, name string) int { return strings.Compare(e.Name, name) })
	if !ok {
		return nil
	}
	return s.events[i]
}

// Type returns the type with that name in the schema, nil if there is none. QEMU hides the names of all types but the
// builtin ones behind numbers that change from version to version.
func (s *Schema) Type(name string) *Type {
	if i, ok := s.byName[name]; ok && s.types[i].Name != "" {
		return &s.types[i]
	}
	return nil
}

// Commands returns all commands, sorted by name. Callers must not change the slice.
func (s *Schema) Commands() []*Command { return s.commands }

// Events returns all events, sorted by name. Callers must not change the slice.
func (s *Schema) Events() []*Event { return s.events }

// Command is one command of the server.
type Command struct {
	Name     string
	Args     *Object // never nil: without members when the command takes none
	Returns  *Type   // never nil: an object without members when the command returns nothing
	OOB      bool    // may be executed out of band
	Open     bool    // takes more arguments than the schema lists: device_add takes every property of its device
	Features []string
}

// Event is one event of the server.
type Event struct {
	Name     string
	Data     *Object // never nil: without members when the event carries no data
	Features []string
}

// Kind says which JSON a type takes and which of a Type's pointers is set.
type Kind uint8

// The kinds. Any is also the kind of what the schema mentions in words that this package does not know.
const (
	KindAny Kind = iota
	KindString
	KindInt
	KindNumber
	KindBool
	KindNull
	KindEnum
	KindArray
	KindObject
	KindAlternate
)

var kindNames = [...]string{"any", "str", "int", "number", "bool", "null", "enum", "array", "object", "alternate"}

// String returns the kind's name: "str", "int", "enum", ...
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "any"
}

// Type is the type of a member, an element or a result.
type Type struct {
	Kind      Kind
	Name      string     // as the schema has it; see Schema.Type
	Enum      *Enum      // for KindEnum
	Elem      *Type      // for KindArray
	Object    *Object    // for KindObject
	Alternate *Alternate // for KindAlternate
	Features  []string
}

// Alternate is a type that takes one of several, told apart by their JSON.
type Alternate struct {
	Types []*Type // in the schema's order
}

// Enum is a set of strings.
type Enum struct {
	Values []EnumValue // in the schema's order
	index  map[string]int
}

// EnumValue is one string of an Enum.
type EnumValue struct {
	Name     string
	Features []string
}

// Value returns the value of that name, nil if the enum has none.
func (e *Enum) Value(name string) *EnumValue {
	if e.index != nil {
		if i, ok := e.index[name]; ok {
			return &e.Values[i]
		}
		return nil
	}
	for i := range e.Values {
		if e.Values[i].Name == name {
			return &e.Values[i]
		}
	}
	return nil
}

// Names returns the names of all values in the schema's order, in a fresh slice.
func (e *Enum) Names() []string {
	names := make([]string, len(e.Values))
	for i := range e.Values {
		names[i] = e.Values[i].Name
	}
	return names
}

// Object is a set of named members, of which some may depend on the value of one of them, the tag.
type Object struct {
	Name     string   // as the schema has it; see Schema.Type
	Members  []Member // the common ones, in the schema's order; bases are flattened by the server
	Tag      string   // the member that selects a branch; "" if there are none
	Branches []Branch // in the schema's order
	Features []string
	index    map[string]int
	branches map[string]*Object
}

// Branch says which members come in addition when the tag has one value.
type Branch struct {
	Case   string
	Object *Object // the branch's own members; it may have a tag and branches itself
}

// Member is one member of an Object.
type Member struct {
	Name     string
	Type     *Type
	Optional bool
	Default  json.RawMessage // where the schema tells it, nil otherwise (QEMU 7.2 tells none)
	Features []string
}

// Member returns the common member of that name, nil if there is none. Lookup finds those of branches too.
func (o *Object) Member(name string) *Member {
	if o.index != nil {
		if i, ok := o.index[name]; ok {
			return &o.Members[i]
		}
		return nil
	}
	for i := range o.Members {
		if o.Members[i].Name == name {
			return &o.Members[i]
		}
	}
	return nil
}

// Branch returns the members that come in addition when the tag has that value; nil if none do.
func (o *Object) Branch(tagValue string) *Object {
	if branch := o.branches[tagValue]; branch != nil && !branch.Empty() {
		return branch
	}
	return nil
}

// Empty reports whether an object of this type has no members in any case.
func (o *Object) Empty() bool { return len(o.Members) == 0 && len(o.Branches) == 0 }

func byName(a, b *Command) int    { return strings.Compare(a.Name, b.Name) }
func byEventName(a, b *Event) int { return strings.Compare(a.Name, b.Name) }
