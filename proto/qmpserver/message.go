package qmpserver

import (
	"encoding/json"
	"fmt"
	"time"
)

// MakeEvent builds an event of that time (QMP specification, section 2.5, "Asynchronous events"). data is encoded as a
// handler's result; nil means an event without data.
func MakeEvent(at time.Time, name string, data any) json.RawMessage {
	out := fmt.Appendf(nil, `{"timestamp": {"seconds": %d, "microseconds": %d}, "event": `, at.Unix(), at.Nanosecond()/1000)
	out = append(out, marshal(name)...)
	if data != nil {
		out = append(append(out, `, "data": `...), encode(data)...)
	}
	return append(out, '}')
}

// MakeReply builds the reply to a command with that id, nil for none: result, encoded as a handler's, or err if that is
// not nil.
func MakeReply(id json.RawMessage, result any, err *Error) json.RawMessage {
	var out []byte
	if err != nil {
		out = append(out, '{')
		if id != nil {
			out = append(append(append(out, `"id": `...), id...), ", "...)
		}
		out = append(out, `"error": `...)
		if err.Raw != nil {
			return append(append(out, err.Raw...), '}')
		}
		out = append(append(out, `{"class": `...), marshal(err.Class)...)
		out = append(append(out, `, "desc": `...), marshal(err.Desc)...)
		return append(out, "}}"...)
	}
	out = append(append(out, `{"return": `...), encode(result)...)
	if id != nil {
		out = append(append(out, `, "id": `...), id...)
	}
	return append(out, '}')
}

// encode gives a handler's result its JSON: raw JSON as it is, nil as {}, all else through encoding/json.
func encode(v any) []byte {
	switch v := v.(type) {
	case nil:
		return []byte("{}")
	case json.RawMessage:
		return v
	}
	return spaced(marshal(v))
}
