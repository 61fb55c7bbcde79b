package qmpserver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// kind is the type of an argument, as far as a server checks it.
type kind int

const (
	kindString kind = iota
	kindInt
	kindBool
	kindEnum    // one of param.values
	kindStrings // an array of strings
	kindArray
	kindObject
)

// param is one argument that a command takes.
type param struct {
	name     string
	kind     kind
	required bool
	values   []string // of kindEnum
}

// arguments are checked arguments by name; absent ones are absent.
type arguments map[string]member

// parseArguments checks raw, an object or nil, against params. Order and words of
// the complaints are QEMU's.
func parseArguments(raw json.RawMessage, params []param) (arguments, *Error) {
	return checkArguments(raw, "", params)
}

// checkArguments is parseArguments for an object that stands at path, which is
// empty or ends with a dot.
func checkArguments(raw json.RawMessage, path string, params []param) (arguments, *Error) {
	var given []member
	if raw != nil {
		p, err := parse(raw)
		if err != nil {
			return nil, err
		}
		given = p.members
	}
	a := arguments{}
	for _, p := range params {
		i := slices.IndexFunc(given, func(m member) bool { return m.name == p.name })
		switch {
		case i >= 0:
			if err := p.check(given[i], path+p.name); err != nil {
				return nil, err
			}
			a[p.name] = given[i]
		case p.required:
			return nil, Errorf("Parameter '%s%s' is missing", path, p.name)
		}
	}
	for _, m := range given {
		if _, known := a[m.name]; !known {
			return nil, Errorf("Parameter '%s%s' is unexpected", path, m.name)
		}
	}
	return a, nil
}

// check compares one argument's value with its type.
func (p param) check(m member, path string) *Error {
	switch p.kind {
	case kindString, kindEnum:
		if m.kind != tokenString {
			return wrongType(path, "string")
		}
		if p.kind == kindEnum && !slices.Contains(p.values, m.text()) {
			return Errorf("Parameter '%s' does not accept value '%s'", p.name, m.text()) // no path, as in QEMU
		}
	case kindInt:
		if _, err := strconv.ParseInt(string(m.value), 10, 64); err != nil {
			return wrongType(path, "integer")
		}
	case kindBool:
		if s := string(m.value); s != "true" && s != "false" {
			return wrongType(path, "boolean")
		}
	case kindObject:
		if m.kind != '{' {
			return wrongType(path, "object")
		}
	default:
		if m.kind != '[' {
			return wrongType(path, "array")
		}
		for i, e := range m.elements() {
			if p.kind == kindStrings && e.kind != tokenString {
				return wrongType(fmt.Sprintf("%s[%d]", path, i), "string")
			}
		}
	}
	return nil
}

func wrongType(path, want string) *Error {
	return Errorf("Invalid parameter type for '%s', expected: %s", path, want)
}

// text returns the value of a string member.
func (m member) text() string {
	text, _, _ := decodeString(m.value)
	return string(text)
}

// elements returns the elements of an array member; they have no names.
func (m member) elements() []member {
	var list []json.RawMessage
	if json.Unmarshal(m.value, &list) != nil {
		return nil
	}
	elements := make([]member, len(list))
	for i, raw := range list {
		p := parser{raw: raw}
		p.next()
		elements[i] = member{kind: p.kind, value: raw}
	}
	return elements
}

func (a arguments) has(name string) bool {
	_, ok := a[name]
	return ok
}

func (a arguments) raw(name string) json.RawMessage { return json.RawMessage(a[name].value) }

// string returns a string argument, "" when absent.
func (a arguments) string(name string) string {
	if m, ok := a[name]; ok {
		return m.text()
	}
	return ""
}

// int returns an integer argument, 0 when absent.
func (a arguments) int(name string) int64 {
	n, _ := strconv.ParseInt(string(a[name].value), 10, 64)
	return n
}

// bool returns a boolean argument, or what holds when it is absent.
func (a arguments) bool(name string, absent bool) bool {
	if m, ok := a[name]; ok {
		return string(m.value) == "true"
	}
	return absent
}

func (a arguments) strings(name string) []string {
	var list []string
	for _, e := range a[name].elements() {
		list = append(list, e.text())
	}
	return list
}
