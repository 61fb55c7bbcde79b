package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// arguments are the arguments of a command by name; absent ones are absent. The schema has passed them.
type arguments map[string]json.RawMessage

// checked returns a command's arguments if the machine's own schema takes them, otherwise the complaint in QEMU's words.
func checked(cmd *qapi.Command, raw json.RawMessage) (arguments, error) {
	var fault *qapi.ValueError
	switch err := cmd.Check(raw); {
	case errors.As(err, &fault):
		return nil, complaint(fault)
	case err != nil:
		return nil, err
	}
	return decode(raw), nil
}

// decode takes apart an object that has been checked; nil has no arguments.
func decode(raw json.RawMessage) arguments {
	a := arguments{}
	if raw != nil {
		_ = json.Unmarshal(raw, &a)
	}
	return a
}

// complaint says what is wrong with an argument as QEMU does.
func complaint(f *qapi.ValueError) error {
	switch f.Fault {
	case qapi.MissingMember:
		return qmpserver.Errorf("Parameter '%s' is missing", f.Path)
	case qapi.UnknownMember:
		return qmpserver.Errorf("Parameter '%s' is unexpected", f.Path)
	case qapi.UnknownValue:
		return qmpserver.Errorf("Parameter '%s' does not accept value '%s'", f.Keys[len(f.Keys)-1], strings.Trim(f.Got, `"`)) // no path, as in QEMU
	case qapi.WrongType, qapi.OutOfRange:
		return qmpserver.Errorf("Invalid parameter type for '%s', expected: %s", f.Path, typeName(f.Type))
	}
	return qmpserver.Errorf("Parameter '%s': %s", f.Path, f.Problem())
}

// typeName is what QEMU calls a type in complaints.
func typeName(t *qapi.Type) string {
	switch t.Kind {
	case qapi.KindInt:
		return "integer"
	case qapi.KindBool:
		return "boolean"
	case qapi.KindEnum, qapi.KindString:
		return "string"
	case qapi.KindArray:
		return "array"
	case qapi.KindObject:
		return "object"
	}
	return fmt.Sprint(t.Kind)
}

func (a arguments) has(name string) bool {
	_, ok := a[name]
	return ok
}

// string returns a string argument, "" when absent.
func (a arguments) string(name string) string { return value(a, name, "") }

// int returns an integer argument, 0 when absent.
func (a arguments) int(name string) int64 { return value(a, name, int64(0)) }

// bool returns a boolean argument, or what holds when it is absent.
func (a arguments) bool(name string, absent bool) bool { return value(a, name, absent) }

func value[T any](a arguments, name string, absent T) T {
	v := absent
	if raw, ok := a[name]; ok {
		_ = json.Unmarshal(raw, &v) // of this type, says the schema
	}
	return v
}
