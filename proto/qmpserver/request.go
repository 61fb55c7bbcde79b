package qmpserver

import (
	"encoding/json"
	"errors"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

// request is one message of the client: a command, or what is wrong with it.
type request struct {
	command qmp.Command
	err     *Error
}

// ParseRequest reads one message of a client. oob says that out-of-band execution was negotiated. The error is what the
// client is to be told, for a message that is JSON in QEMU's words (QMP specification, section 2.3, "Issuing commands");
// the command's ID is then set all the same if the message has one.
func ParseRequest(raw []byte, oob bool) (qmp.Command, *Error) {
	var syntax *jsonscan.SyntaxError
	if err := jsonscan.Check(raw, 0); errors.As(err, &syntax) {
		return qmp.Command{}, Errorf("JSON parse error, %s", syntax.Problem)
	}
	if raw[0] != '{' { // behind white space the framer has begun
		return qmp.Command{}, Errorf("QMP input must be a JSON object")
	}
	c := qmp.Command{Raw: raw}
	verb := ""
	var fault *Error
	scan := jsonscan.New(raw)
	for {
		name, value, more := scan.Member()
		if !more {
			break
		}
		if err := takeMember(&c, jsonscan.Text(name), value, &verb, oob); err != nil && fault == nil {
			fault = err
		}
	}
	switch {
	case fault != nil:
	case verb == "":
		fault = Errorf("QMP input lacks member 'execute'")
	default:
		c.OOB = verb == "exec-oob"
	}
	return c, fault
}

// takeMember takes one member. After an error it is still called for the others, so that an id behind the mistake is known.
func takeMember(c *qmp.Command, name string, value json.RawMessage, verb *string, oob bool) *Error {
	switch {
	case name == "id":
		c.ID = value
	case name == "arguments":
		if value[0] != '{' {
			return Errorf("QMP input member 'arguments' must be an object")
		}
		c.Arguments = value
	case name == "execute", name == "exec-oob" && oob:
		if *verb != "" {
			return Errorf("QMP input member '%s' clashes with '%s'", name, *verb)
		}
		if value[0] != '"' {
			return Errorf("QMP input member '%s' must be a string", name)
		}
		*verb = name
		c.Name = jsonscan.Text(value)
	default:
		return Errorf("QMP input member '%s' is unexpected", name)
	}
	return nil
}
