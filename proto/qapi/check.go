package qapi

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// Check tells whether the server would take value for this type, by the rules of its own strict visitors: no unknown
// member, none missing, none twice; the tag selects the branch; strings are not converted; an integer passes for a
// number, but a fraction not for an integer; null passes only where the schema has it. The error is a *ValueError with
// the first fault in the order of the text. How wide an integer may be is not in the schema: any of 64 bits passes.
func (t *Type) Check(value json.RawMessage) error {
	return check(value, func(c *checker) *ValueError { return c.value(t, 0) })
}

// Check tells whether the server would take args, a JSON object, for this command; nil means that none are given. See
// Type.Check. An Open command takes members of any name.
func (c *Command) Check(args json.RawMessage) error {
	if args == nil {
		args = json.RawMessage("{}")
	}
	return check(args, func(k *checker) *ValueError { return k.object(c.Args, 0, c.Open) })
}

// Check tells whether data is what this event carries; nil means that it carries none.
func (e *Event) Check(data json.RawMessage) error {
	if data == nil {
		data = json.RawMessage("{}")
	}
	return check(data, func(k *checker) *ValueError { return k.object(e.Data, 0, false) })
}

func check(value json.RawMessage, walk func(*checker) *ValueError) error {
	t, fault := layOut(value, len(value)/4)
	if fault != nil {
		return &ValueError{Fault: BadJSON, Offset: fault.Offset, Want: fault.Problem}
	}
	c := checker{Tape: t}
	if err := walk(&c); err != nil {
		return err.located(c.steps)
	}
	return nil
}

// layOut checks what is an argument of a command, or the whole of a schema, and lays it out in about so many nodes.
func layOut(value []byte, nodes int) (jsonscan.Tape, *jsonscan.SyntaxError) {
	t, err := jsonscan.Lay(jsonscan.NewForQEMU(value, 1), make([]jsonscan.Node, 0, min(nodes, 1<<16)+2))
	if err == nil {
		return t, nil
	}
	var fault *jsonscan.SyntaxError
	errors.As(err, &fault)
	return t, fault
}

// checker walks a value's tape. Recursion is as deep as the tape, which is limited.
type checker struct {
	jsonscan.Tape
	steps  []step   // of the fault, innermost first
	fields []field  // of the objects being checked, one behind the other
	slots  []uint32 // likewise: the node of each member's value, 0 if it is absent
}

// field is one member of a value with the schema's member for it, nil while unknown.
type field struct {
	key    uint32
	member *Member
}

func (c *checker) fault(f Fault, t *Type, at uint32) *ValueError {
	e := &ValueError{Fault: f, Type: t, Offset: int(c.Nodes[at].Start), Got: c.shown(at)}
	if t != nil {
		e.Want = t.Label()
	}
	return e
}

// inside notes on the way up where an error happened.
func (c *checker) inside(key string, index int, err *ValueError) *ValueError {
	c.steps = append(c.steps, step{key, index})
	return err
}

// value checks the value at node i.
func (c *checker) value(t *Type, i uint32) *ValueError {
	kind := c.Nodes[i].Kind
	ok := false
	switch t.Kind {
	case KindAny:
		return c.any(i)
	case KindObject:
		if kind == jsonscan.Object {
			return c.object(t.Object, i, false)
		}
	case KindArray:
		if kind == jsonscan.Array {
			return c.array(t.Elem, i)
		}
	case KindAlternate:
		if choice := t.Alternate.choose(kind); choice != nil {
			return c.value(choice, i)
		}
	case KindEnum:
		if kind == jsonscan.String {
			return c.enum(t, i)
		}
	case KindInt:
		if kind == jsonscan.Integer && !fits64(c.Raw(i)) {
			return c.fault(OutOfRange, t, i)
		}
		ok = kind == jsonscan.Integer
	case KindString:
		ok = kind == jsonscan.String
	case KindNumber:
		ok = kind == jsonscan.Integer || kind == jsonscan.Fraction
	case KindBool:
		ok = kind == jsonscan.True || kind == jsonscan.False
	case KindNull:
		ok = kind == jsonscan.Null
	}
	if !ok {
		return c.fault(WrongType, t, i)
	}
	return nil
}

// choose returns the type that takes JSON of that kind, nil if none does.
func (a *Alternate) choose(kind jsonscan.Kind) *Type {
	for _, t := range a.Types {
		ok := false
		switch t.Kind {
		case KindAny:
			ok = true
		case KindObject:
			ok = kind == jsonscan.Object
		case KindArray:
			ok = kind == jsonscan.Array
		case KindString, KindEnum:
			ok = kind == jsonscan.String
		case KindInt, KindNumber:
			ok = kind == jsonscan.Integer || kind == jsonscan.Fraction
		case KindBool:
			ok = kind == jsonscan.True || kind == jsonscan.False
		case KindNull:
			ok = kind == jsonscan.Null
		}
		if ok {
			return t
		}
	}
	return nil
}

// fits64 reports whether an integer is a 64 bit one, with or without a sign. QEMU reads any other as a fraction.
func fits64(digits []byte) bool {
	if len(digits) < 19 {
		return true
	}
	if digits[0] == '-' {
		_, err := strconv.ParseInt(string(digits), 10, 64)
		return err == nil
	}
	_, err := strconv.ParseUint(string(digits), 10, 64)
	return err == nil
}

func (c *checker) enum(t *Type, i uint32) *ValueError {
	text := c.Text(i)
	if t.Enum.Value(string(text)) != nil {
		return nil
	}
	err := c.fault(UnknownValue, t, i)
	err.Got = shorten(strconv.Quote(string(text)))
	err.Near = Nearest(string(text), t.Enum.Names())
	return err
}

func (c *checker) array(elem *Type, i uint32) *ValueError {
	for n, at := range c.Elements(i) {
		if err := c.value(elem, at); err != nil {
			return c.inside("", n, err)
		}
	}
	return nil
}

// any checks what no type tells: that no object at or below node i has a member twice.
func (c *checker) any(i uint32) *ValueError {
	switch n := c.Nodes[i]; n.Kind {
	case jsonscan.Array:
		for n, at := range c.Elements(i) {
			if err := c.any(at); err != nil {
				return c.inside("", n, err)
			}
		}
	case jsonscan.Object:
		seen := make(map[string]bool, n.Count)
		for key, value := range c.Members(i) {
			name := string(c.Text(key))
			if seen[name] {
				return c.inside(name, -1, c.fault(DuplicateMember, nil, key))
			}
			seen[name] = true
			if err := c.any(value); err != nil {
				return c.inside(name, -1, err)
			}
		}
	}
	return nil
}
