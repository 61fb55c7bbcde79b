package cmdline

import (
	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

// Binding is what gives a statement's values their types.
type Binding struct {
	Schema *qapi.Schema // nil: values get the type that they look like
	// Validate refuses what the schema does not allow. Without it such values are sent as what they look like.
	Validate bool
	// Sources holds what was found at each of the statement's Sources, in their order. One line end at the end of a
	// value is dropped.
	Sources []string
	// Properties tells the properties of a device type or an object; nil, or an empty list, where they are not known.
	Properties func(Owner) []Property
	// DeviceType tells the type behind an alias of device_add's driver, and returns any other driver as it is; nil: what
	// the function DeviceType tells.
	DeviceType func(driver string) string
	// DeviceTypes lists the device types of the server; nil, or an empty list, where they are not known.
	DeviceTypes func() []string
}

// Bind gives the values of a QMP statement their types and returns the command to send. Raw QMP stays as it is. A fault
// is an *Error.
//
// It takes two steps: the types turn the words into JSON, and a word that its type cannot take becomes what it looks
// like; then the schema checks that JSON, and what it finds is explained at the place in the text.
func (st Statement) Bind(with Binding) (qmp.Command, error) {
	if st.raw != nil {
		return *st.raw, nil
	}
	b := &binder{Binding: with, st: &st}
	command, f := b.command()
	if f != nil {
		return qmp.Command{}, st.fails(f)
	}
	return command, nil
}

// binder appends the arguments of one statement as JSON.
type binder struct {
	Binding
	st      *Statement
	owner   Owner    // whose properties complete the schema; zero if none do
	noType  bool     // the driver is no device type of the server's
	out     []byte   // the JSON
	origins []origin // where each value of the text stands in it, in order
}

// origin is a value of the text in the JSON that comes of it.
type origin struct {
	value    *value
	from, to int
}

func (b *binder) command() (qmp.Command, *fault) {
	st := b.st
	if st.Kind != QMP || len(b.Sources) < len(st.Sources) {
		return qmp.Command{}, &fault{msg: "there is nothing to bind, or its sources were not read"}
	}
	strict := b.Validate && b.Schema != nil
	known := b.known()
	if known == nil && strict {
		return qmp.Command{}, b.unknownCommand()
	}
	t := anything()
	if known != nil {
		t = &qapi.Type{Kind: qapi.KindObject, Object: known.Args}
	}
	if f := b.value(st.args, t); f != nil {
		return qmp.Command{}, f
	}
	if strict {
		if err := known.Check(b.out); err != nil {
			return qmp.Command{}, b.explain(err)
		}
	}
	command := qmp.Command{Name: st.Name}
	if len(st.args.kids) > 0 {
		command.Arguments = b.out
	}
	return command, nil
}

// known returns what the schema says of the command, completed by properties that it does not list; nil if it is not known.
func (b *binder) known() *qapi.Command {
	if b.Schema == nil {
		return nil
	}
	c := b.Schema.Command(b.st.Name)
	switch {
	case c == nil:
		return nil
	case c.Open:
		return b.withDevice(c)
	case c.Name == "qom-set":
		return b.withProperty(c)
	}
	return c
}
