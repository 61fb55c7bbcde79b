package qmpserver

import (
	"encoding/json"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// request is one message of the client: a command, or what is wrong with it.
type request struct {
	command qmp.Command // its ID is set whenever the message has one
	err     *Error
}

// parseRequest reads one message. oob says that out-of-band execution was
// negotiated. Checks and words are those of QEMU (QMP specification, section
// 2.3, "Issuing commands").
func parseRequest(raw []byte, oob bool) request {
	p, err := parse(raw)
	if err != nil {
		return request{err: err}
	}
	if !p.object {
		return request{err: Errorf("QMP input must be a JSON object")}
	}
	r := request{command: qmp.Command{Raw: p.raw}}
	verb := ""
	for _, m := range p.members {
		if err := r.member(m, &verb, oob); err != nil && r.err == nil {
			r.err = err
		}
	}
	switch {
	case r.err != nil:
	case verb == "":
		r.err = Errorf("QMP input lacks member 'execute'")
	default:
		r.command.OOB = verb == "exec-oob"
	}
	return r
}

// member takes one member. After an error it is still called for the others, so
// that an id behind the mistake is known.
func (r *request) member(m member, verb *string, oob bool) *Error {
	switch {
	case m.name == "id":
		r.command.ID = json.RawMessage(m.value)
	case m.name == "arguments":
		if m.kind != '{' {
			return Errorf("QMP input member 'arguments' must be an object")
		}
		r.command.Arguments = json.RawMessage(m.value)
	case m.name == "execute", m.name == "exec-oob" && oob:
		if *verb != "" {
			return Errorf("QMP input member '%s' clashes with '%s'", m.name, *verb)
		}
		if m.kind != tokenString {
			return Errorf("QMP input member '%s' must be a string", m.name)
		}
		*verb = m.name
		name, _, _ := decodeString(m.value)
		r.command.Name = string(name)
	default:
		return Errorf("QMP input member '%s' is unexpected", m.name)
	}
	return nil
}

// reply builds the answer to r: the result, or the error if there is one.
func (r request) reply(result any, err *Error) json.RawMessage {
	id := r.command.ID
	var out []byte
	if err != nil {
		out = append(out, '{')
		if id != nil {
			out = append(append(append(out, `"id": `...), id...), ", "...)
		}
		out = append(append(out, `"error": {"class": `...), marshal(err.Class)...)
		out = append(append(out, `, "desc": `...), marshal(err.Desc)...)
		return append(out, "}}"...)
	}
	out = append(append(out, `{"return": `...), encode(result)...)
	if id != nil {
		out = append(append(out, `, "id": `...), id...)
	}
	return append(out, '}')
}

// encode gives a handler's result its JSON: raw JSON as it is, nil as {}, all
// else through encoding/json.
func encode(v any) []byte {
	switch v := v.(type) {
	case nil:
		return []byte("{}")
	case json.RawMessage:
		return v
	}
	return spaced(marshal(v))
}
