package qapi

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// SchemaError says why a text is no schema.
type SchemaError struct {
	Offset  int    // byte where the fault stands
	Entity  string // name of the command, event or type that holds it; "" outside all
	Problem string
}

func (e *SchemaError) Error() string {
	if e.Entity != "" {
		return fmt.Sprintf("not a QAPI schema: %q: %s (at byte %d)", e.Entity, e.Problem, e.Offset)
	}
	return fmt.Sprintf("not a QAPI schema: %s (at byte %d)", e.Problem, e.Offset)
}

// MaxSchema is the longest text that Parse reads, in bytes: it may take ten times that in memory. QEMU 10 has 0.3 MB.
const MaxSchema = 16 << 20

// Parse reads the value that query-qmp-schema returns, or a whole reply that holds it under "return". What it does not
// know is passed over: members it has never heard of, and types of a new meta-type, which accept any value. The error is
// a *SchemaError. Parse keeps a copy of raw, not raw itself.
func Parse(raw []byte) (*Schema, error) {
	if len(raw) > MaxSchema {
		return nil, &SchemaError{Problem: fmt.Sprintf("it has more than %d MiB", MaxSchema>>20)}
	}
	// A schema has one node in about six bytes; growing would copy them again and again.
	t, fault := layOut(raw, len(raw)/6)
	if fault != nil {
		return nil, &SchemaError{Offset: fault.Offset, Problem: fault.Problem}
	}
	b := builder{Tape: t, text: string(raw), none: &Type{Kind: KindObject, Object: &Object{}}}
	list, err := b.list()
	if err != nil {
		return nil, err
	}
	return b.build(list)
}

// builder turns the tape into a Schema: first it names every type, then it fills them, so that they may refer to types
// that come later.
type builder struct {
	jsonscan.Tape
	text     string // the input as a string: names are slices of it
	entities []entity
	byName   map[string]int32
	types    []Type // one for each entity, so that pointers to them stay
	err      *SchemaError
	entity   *entity // being built, for errors
	none     *Type   // an object without members, where the schema names no type

	texts   arena[string]
	values  arena[EnumValue]
	fields  arena[Member]
	objects arena[Object]
}

// entity is one SchemaInfo as it is listed. Numbers are nodes of the values; 0 says that the member is absent.
type entity struct {
	at                                 uint32
	name, meta                         string
	args, returns, elem, json, tag     uint32
	members, values, variants, feature uint32
	oob                                bool
}

// list finds the node of the array of entities.
func (b *builder) list() (uint32, error) {
	switch b.Nodes[0].Kind {
	case jsonscan.Array:
		return 0, nil
	case jsonscan.Object:
		for key, value := range b.Members(0) {
			if string(b.Text(key)) == "return" && b.Nodes[value].Kind == jsonscan.Array {
				return value, nil
			}
		}
	}
	return 0, &SchemaError{Offset: int(b.Nodes[0].Start), Problem: `expected an array, or an object with one under "return"`}
}

// fail keeps the first fault.
func (b *builder) fail(at uint32, format string, args ...any) {
	if b.err == nil {
		b.err = &SchemaError{Offset: int(b.Nodes[at].Start), Problem: fmt.Sprintf(format, args...)}
		if b.entity != nil {
			b.err.Entity = b.entity.name
		}
	}
}

// str returns the string at node i, without copying it.
func (b *builder) str(i uint32) string {
	n := b.Nodes[i]
	switch {
	case n.Kind != jsonscan.String && n.Kind != jsonscan.Name:
		b.fail(i, "expected a string")
		return ""
	case n.Escaped:
		return string(b.Text(i))
	}
	return b.text[n.Start+1 : n.End-1]
}

// isA reports whether node i is of a kind, and fails if it is not.
func (b *builder) isA(i uint32, kind jsonscan.Kind, name string) bool {
	if b.Nodes[i].Kind != kind {
		b.fail(i, "expected %s", name)
		return false
	}
	return true
}

func (b *builder) build(list uint32) (*Schema, error) {
	n := int(b.Nodes[list].Count)
	b.entities = make([]entity, 0, n)
	b.byName = make(map[string]int32, n)
	for _, at := range b.Elements(list) {
		b.entity = nil
		if !b.isA(at, jsonscan.Object, "an object") {
			break
		}
		b.entities = append(b.entities, entity{at: at})
		b.read(&b.entities[len(b.entities)-1])
		if _, twice := b.byName[b.entity.name]; twice {
			b.fail(at, "listed twice")
		}
		b.byName[b.entity.name] = int32(len(b.entities) - 1)
	}
	b.types = make([]Type, len(b.entities))
	s := &Schema{types: b.types, byName: b.byName}
	for i := range b.entities {
		if b.err != nil {
			return nil, b.err
		}
		b.entity = &b.entities[i]
		b.fill(s, &b.types[i])
	}
	b.entity = nil
	b.checkBranches()
	if b.err != nil {
		return nil, b.err
	}
	for _, c := range s.commands {
		c.Open = isOpen(c)
	}
	slices.SortFunc(s.commands, byName)
	slices.SortFunc(s.events, byEventName)
	return s, nil
}

// read notes where the members of the SchemaInfo e are.
func (b *builder) read(e *entity) {
	b.entity = e
	for key, value := range b.Members(e.at) {
		switch b.str(key) {
		case "name":
			e.name = b.str(value)
		case "meta-type":
			e.meta = b.str(value)
		case "arg-type":
			e.args = value
		case "ret-type":
			e.returns = value
		case "element-type":
			e.elem = value
		case "json-type":
			e.json = value
		case "tag":
			e.tag = value
		case "members":
			e.members = value
		case "values":
			e.values = value
		case "variants":
			e.variants = value
		case "features":
			e.feature = value
		case "allow-oob":
			e.oob = b.Nodes[value].Kind == jsonscan.True
		}
	}
	if e.name == "" {
		b.fail(e.at, `expected a "name"`)
	}
}

// fill makes the entity at hand: a command, an event, or the type t.
func (b *builder) fill(s *Schema, t *Type) {
	e := b.entity
	switch e.meta {
	case "command":
		c := &Command{Name: e.name, OOB: e.oob, Features: b.features(e.feature)}
		c.Args = b.argument(e.args)
		if c.Returns = b.none; e.returns != 0 {
			c.Returns = b.ref(e.returns)
		}
		s.commands = append(s.commands, c)
		return
	case "event":
		v := &Event{Name: e.name, Data: b.argument(e.args), Features: b.features(e.feature)}
		s.events = append(s.events, v)
		return
	}
	t.Name, t.Features = e.name, b.features(e.feature)
	switch e.meta {
	case "builtin":
		t.Kind = b.builtin(e.json)
	case "enum":
		t.Kind, t.Enum = KindEnum, b.enum(e)
	case "array":
		if t.Kind = KindArray; e.elem == 0 {
			b.fail(e.at, `expected an "element-type"`)
			return
		}
		t.Elem = b.ref(e.elem)
	case "object":
		t.Kind = KindObject
		b.object(e, b.objectOf(t))
	case "alternate":
		t.Kind, t.Alternate = KindAlternate, b.alternate(e)
	}
}

// isOpen tells whether a command, its arguments filled in, takes more of them than it lists. The schema has no mark for
// that: QEMU builds such commands with 'gen': false and they check the rest by themselves. Later versions of the last two
// list everything, in branches.
func isOpen(c *Command) bool {
	switch c.Name {
	case "device_add":
		return true
	case "netdev_add", "object-add":
		return c.Args.Tag == ""
	}
	return false
}

// ref finds the type named by node i.
func (b *builder) ref(i uint32) *Type {
	name := b.str(i)
	at, ok := b.byName[name]
	if !ok {
		b.fail(i, "no type %q", name)
		return b.none
	}
	switch b.entities[at].meta {
	case "command", "event":
		b.fail(i, "%q is no type", name)
	}
	return &b.types[at]
}

// objectOf returns the Object of an object type, which may be filled later.
func (b *builder) objectOf(t *Type) *Object {
	if t.Object == nil {
		t.Object = &b.objects.take(1)[:1][0]
	}
	return t.Object
}

// refObject finds the object type named by node i.
func (b *builder) refObject(i uint32) *Object {
	t := b.ref(i)
	if b.err != nil || t == b.none {
		return b.none.Object
	}
	if at := b.byName[b.str(i)]; b.entities[at].meta != "object" {
		b.fail(i, "type %q is no object", b.str(i))
		return b.none.Object
	}
	return b.objectOf(t)
}

func (b *builder) argument(i uint32) *Object {
	if i == 0 {
		return b.none.Object
	}
	return b.refObject(i)
}

func (b *builder) builtin(i uint32) Kind {
	if i == 0 {
		return KindAny
	}
	switch b.str(i) {
	case "string":
		return KindString
	case "int":
		return KindInt
	case "number":
		return KindNumber
	case "boolean":
		return KindBool
	case "null":
		return KindNull
	}
	return KindAny
}

// features reads a list of names.
func (b *builder) features(i uint32) []string {
	if i == 0 || !b.isA(i, jsonscan.Array, "an array of features") || b.Nodes[i].Count == 0 {
		return nil
	}
	names := b.texts.take(b.Nodes[i].Count)
	for _, at := range b.Elements(i) {
		names = append(names, b.str(at))
	}
	return names
}

// arena hands out parts of few large slices: a schema has thousands of small lists.
type arena[T any] struct{ free []T }

// take returns an empty slice with room for exactly n elements.
func (a *arena[T]) take(n uint32) []T {
	if int(n) > len(a.free) {
		a.free = make([]T, max(int(n), 256))
	}
	part := a.free[:0:n]
	a.free = a.free[n:]
	return part
}

// rawOf returns the JSON of node i, nil for null.
func (b *builder) rawOf(i uint32) json.RawMessage {
	if b.Nodes[i].Kind == jsonscan.Null {
		return nil
	}
	return json.RawMessage(b.text[b.Nodes[i].Start:b.Nodes[i].End])
}
