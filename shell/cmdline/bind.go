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
}

// Bind gives the values of a QMP statement their types and returns the command to send. Raw QMP stays as it is. A fault
// is an *Error.
func (st Statement) Bind(with Binding) (qmp.Command, error) {
	if st.raw != nil {
		return *st.raw, nil
	}
	b := &binder{Binding: with, st: &st, strict: with.Validate && with.Schema != nil}
	command, f := b.command()
	if f != nil {
		return qmp.Command{}, f.in(st.text)
	}
	return command, nil
}

// binder appends the arguments of one statement as JSON.
type binder struct {
	Binding
	st      *Statement
	strict  bool
	lenient bool // the type is a property's: what objects hold is not known
	out     []byte
	path    []string // of the value under way, from the command's or action's arguments
	name    string   // of the command or action
	end     int      // offset behind its last word
}

func (b *binder) command() (qmp.Command, *fault) {
	st := b.st
	if st.Kind != QMP || len(b.Sources) < len(st.Sources) {
		return qmp.Command{}, &fault{msg: "there is nothing to bind, or its sources were not read"}
	}
	var known *qapi.Command
	if b.Schema != nil {
		known = b.Schema.Command(st.Name)
	}
	if known == nil && b.strict {
		return qmp.Command{}, b.unknownCommand(st.Name, st.nameAt)
	}
	b.name, b.end = st.Name, st.end
	if st.args == nil {
		f := b.transaction(known)
		return qmp.Command{Name: st.Name, Arguments: b.out}, f
	}
	var f *fault
	if known == nil {
		f = b.untyped(st.args)
	} else {
		f = b.object(st.args, known.Args, known.Open)
	}
	if len(st.args.kids) == 0 {
		b.out = nil
	}
	return qmp.Command{Name: st.Name, Arguments: b.out}, f
}

// transaction appends the arguments of a transaction.
func (b *binder) transaction(known *qapi.Command) *fault {
	var each *qapi.Type
	if known != nil {
		if m := known.Args.Member("actions"); m != nil && m.Type.Kind == qapi.KindArray {
			each = m.Type.Elem
		}
	}
	b.out = append(b.out, `{"actions": [`...)
	for i, a := range b.st.actions {
		if i > 0 {
			b.out = append(b.out, ", "...)
		}
		if f := b.action(a, each); f != nil {
			return f
		}
	}
	b.out = append(b.out, "]}"...)
	return nil
}

// action appends one action, of the given type if that is known.
func (b *binder) action(a action, t *qapi.Type) *fault {
	if a.object != nil {
		return b.leaf(a.object, t)
	}
	b.name, b.end = a.name, a.end
	data, f := b.actionData(a, t)
	if f != nil {
		return f
	}
	b.out = append(b.out, `{"type": `...)
	b.out = appendString(b.out, a.name)
	b.out = append(b.out, `, "data": `...)
	if data == nil {
		f = b.untyped(a.args)
	} else {
		f = b.object(a.args, data, false)
	}
	b.out = append(b.out, '}')
	return f
}

// actionData returns the type of an action's data, nil where the schema does not tell.
func (b *binder) actionData(a action, t *qapi.Type) (*qapi.Object, *fault) {
	if t == nil || t.Kind != qapi.KindObject || t.Object.Tag == "" {
		return nil, nil
	}
	if tag := t.Object.Member(t.Object.Tag); tag != nil && tag.Type.Kind == qapi.KindEnum && tag.Type.Enum.Value(a.name) == nil {
		if b.strict {
			return nil, unknownAction(a, tag.Type.Enum.Names())
		}
		return nil, nil
	}
	branch := t.Object.Branch(a.name)
	if branch == nil {
		return nil, nil
	}
	if m := branch.Member("data"); m != nil && m.Type.Kind == qapi.KindObject {
		return m.Type.Object, nil
	}
	return nil, nil
}

// untyped appends what no schema describes: members by their names, values by their looks.
func (b *binder) untyped(n *node) *fault {
	if n.leaf != nil {
		return b.leaf(n.leaf, nil)
	}
	b.out = append(b.out, '{')
	for i, k := range n.kids {
		if i > 0 {
			b.out = append(b.out, ", "...)
		}
		b.key(k.name)
		if f := b.untyped(k); f != nil {
			return f
		}
	}
	b.out = append(b.out, '}')
	return nil
}

func (b *binder) key(name string) {
	b.out = append(appendString(b.out, name), ": "...)
}
