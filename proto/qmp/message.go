package qmp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// Message is one message, inbound or outbound. The fields but Raw are the top-level members of that name, as slices of
// Raw: bytes, key order and digits are the sender's (Q10). Nobody may change them.
type Message struct {
	Raw json.RawMessage // the object, without a newline behind it

	QMP, Return, Error, ID, Event, Data, Timestamp json.RawMessage // nil when absent
}

// ParseMessage checks raw as one JSON object, completely and in one pass, and notes its top-level members. It keeps raw,
// which the caller must not change any more. Of a member that stands twice the last counts. Invalid UTF-8 inside strings
// passes, as it does in encoding/json. A fault is a *ServerParseError around a *jsonscan.SyntaxError.
func ParseMessage(raw []byte) (*Message, error) {
	m := &Message{Raw: raw}
	s := jsonscan.New(raw)
	for name, value, ok := s.Member(); ok; name, value, ok = s.Member() {
		m.set(name, value)
	}
	if err := s.Err(); err != nil {
		return nil, &ServerParseError{Origin: proto.Here(), Raw: raw, Err: err}
	}
	return m, nil
}

// set notes one member; name has its quotes.
func (m *Message) set(name, value []byte) {
	f := m.field(name[1 : len(name)-1])
	if f == nil { // it may be written with escapes
		f = m.field(jsonscan.AppendText(nil, name))
	}
	if f != nil {
		*f = value
	}
}

func (m *Message) field(name []byte) *json.RawMessage {
	switch string(name) {
	case "QMP":
		return &m.QMP
	case "return":
		return &m.Return
	case "error":
		return &m.Error
	case "id":
		return &m.ID
	case "event":
		return &m.Event
	case "data":
		return &m.Data
	case "timestamp":
		return &m.Timestamp
	}
	return nil
}

// Event is one event of the server (QMP specification, "Asynchronous events").
type Event struct {
	Name string
	Data json.RawMessage // nil when the event has none
	Raw  json.RawMessage // the whole message
	Time time.Time       // the server's clock; zero if the server could not tell
}

// decodeEvent reads m as an event. Call it when m.Event is not nil. An event that breaks the specification is a
// *ServerParseError.
func (m *Message) decodeEvent() (Event, error) {
	if !isString(m.Event) {
		return Event{}, &ServerParseError{Origin: proto.Here(), Raw: m.Raw, Err: errors.New("the member 'event' is no string")}
	}
	when, err := parseTimestamp(m.Timestamp)
	if err != nil {
		return Event{}, &ServerParseError{Origin: proto.Here(), Raw: m.Raw, Err: err}
	}
	return Event{Name: jsonscan.Text(m.Event), Data: m.Data, Raw: m.Raw, Time: when}, nil
}

// parseTimestamp reads {"seconds": N, "microseconds": N}. A missing timestamp and seconds of -1 give the zero time.
func parseTimestamp(raw json.RawMessage) (time.Time, error) {
	if raw == nil {
		return time.Time{}, nil
	}
	var seconds, micros int64
	var hasSeconds bool
	s := jsonscan.New(raw)
	for name, value, ok := s.Member(); ok; name, value, ok = s.Member() {
		var err error
		switch string(name) {
		case `"seconds"`:
			hasSeconds = true
			seconds, err = strconv.ParseInt(string(value), 10, 64)
		case `"microseconds"`:
			micros, err = strconv.ParseInt(string(value), 10, 64)
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("the event's timestamp has %s for %s", value, name)
		}
	}
	switch err := s.Err(); {
	case err != nil:
		return time.Time{}, fmt.Errorf("the event's timestamp: %w", err)
	case !hasSeconds || seconds == -1:
		return time.Time{}, nil
	case micros < 0:
		micros = 0 // the server knows the second, not the rest
	}
	return time.Unix(seconds, micros*1000), nil
}

// Reply is the successful answer to a command.
type Reply struct {
	Return json.RawMessage // the value of "return"
	Raw    json.RawMessage // the whole message
}

// executeError reads the member "error" of m, which answers c. Call it when m.Error is not nil. An error object that
// breaks the specification still gives an ExecuteError: its text is then the object as it came.
func (m *Message) executeError(c Command) *ExecuteError {
	e := &ExecuteError{Origin: proto.Here(), Command: c, Raw: m.Raw}
	var text []byte
	s := jsonscan.New(m.Error)
	for name, value, ok := s.Member(); ok; name, value, ok = s.Member() {
		switch {
		case string(name) == `"class"` && isString(value):
			e.Class = jsonscan.Text(value)
		case string(name) == `"desc"` && isString(value):
			text = value
		}
	}
	if text != nil {
		e.Desc = jsonscan.Text(text)
	} else {
		e.Desc = string(m.Error)
	}
	return e
}

// isString says whether a checked JSON value is a string.
func isString(value []byte) bool { return len(value) > 0 && value[0] == '"' }
