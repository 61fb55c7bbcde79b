package qmpserver

import (
	"encoding/json"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// request is one message of the client: a command, or what is wrong with it.
type request struct {
	command qmp.Command
	err     *Error
}

// ParseRequest reads one message of a client. oob says that out-of-band execution was negotiated. The error is what the
// client is to be told, in QEMU's words (QMP specification, section 2.3, "Issuing commands"); the command's ID is then
// set all the same if the message has one.
func ParseRequest(raw []byte, oob bool) (qmp.Command, *Error) {
	p, err := parse(raw)
	if err != nil {
		return qmp.Command{}, err
	}
	if !p.object {
		return qmp.Command{}, Errorf("QMP input must be a JSON object")
	}
	c := qmp.Command{Raw: p.raw}
	verb := ""
	for _, m := range p.members {
		if fault := takeMember(&c, m, &verb, oob); fault != nil && err == nil {
			err = fault
		}
	}
	switch {
	case err != nil:
	case verb == "":
		err = Errorf("QMP input lacks member 'execute'")
	default:
		c.OOB = verb == "exec-oob"
	}
	return c, err
}

// takeMember takes one member. After an error it is still called for the others, so that an id behind the mistake is known.
func takeMember(c *qmp.Command, m member, verb *string, oob bool) *Error {
	switch {
	case m.name == "id":
		c.ID = json.RawMessage(m.value)
	case m.name == "arguments":
		if m.kind != '{' {
			return Errorf("QMP input member 'arguments' must be an object")
		}
		c.Arguments = json.RawMessage(m.value)
	case m.name == "execute", m.name == "exec-oob" && oob:
		if *verb != "" {
			return Errorf("QMP input member '%s' clashes with '%s'", m.name, *verb)
		}
		if m.kind != tokenString {
			return Errorf("QMP input member '%s' must be a string", m.name)
		}
		*verb = m.name
		name, _, _ := decodeString(m.value)
		c.Name = string(name)
	default:
		return Errorf("QMP input member '%s' is unexpected", m.name)
	}
	return nil
}
