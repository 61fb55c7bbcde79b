package qmp

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Command is one command to send.
type Command struct {
	Name      string
	Arguments json.RawMessage // an object, sent byte for byte; nil for none
	OOB       bool            // send as exec-oob (Q6)
	ID        json.RawMessage // nil: the client chooses
	NoID      bool            // send without an id (Q5)

	// Raw, when set, is the whole object, sent as it is. ID is added if it has none. ParseCommand checks it and sets the
	// other fields to what it holds; Append then looks at none but ID and NoID.
	Raw json.RawMessage
}

// ParseCommand reads a user's raw JSON, {"execute": …} or {"exec-oob": …}. It refuses what QEMU could not read, with the
// place, because QEMU answers such a text without an id (Q5). The result keeps raw, which must not change any more.
// A fault is a *CommandError.
func ParseCommand(raw []byte) (Command, error) {
	if err := checkText(raw); err != nil {
		return Command{}, err
	}
	c := Command{Raw: raw}
	var verb string
	s := members{p: raw}
	for {
		key, value, ok := s.next()
		if !ok {
			break
		}
		if err := c.member(&s, string(plainKey(key)), value, &verb); err != nil {
			return Command{}, err
		}
	}
	if err := s.finish(); err != nil {
		return Command{}, commandSyntax(err)
	}
	if verb == "" {
		return Command{}, &CommandError{Offset: -1, Problem: `a command needs a member "execute" or "exec-oob"`}
	}
	if err := checkForQEMU(raw, 0); err != nil {
		return Command{}, err
	}
	return c, nil
}

// member takes one top-level member of the user's command.
func (c *Command) member(s *members, key string, value []byte, verb *string) error {
	switch key {
	case "execute", "exec-oob":
		switch {
		case *verb != "" && *verb != key:
			return &CommandError{Offset: s.keyAt, Problem: `both "execute" and "exec-oob"`}
		case !isString(value):
			return &CommandError{Offset: s.valueAt, Problem: `the value of "` + key + `" must be a string, the command's name`}
		}
		*verb, c.Name, c.OOB = key, unquote(value), key == "exec-oob"
		if c.Name == "" {
			return &CommandError{Offset: s.valueAt, Problem: "the command's name is empty"}
		}
	case "arguments":
		if !isObject(value) {
			return &CommandError{Offset: s.valueAt, Problem: `the value of "arguments" must be an object`}
		}
		c.Arguments = value
	case "id":
		c.ID = value
	}
	return nil
}

// Append adds the command's wire form to dst, one line without the newline: {"execute": "x", "arguments": {…}, "id": …}.
// Line breaks between the user's tokens become spaces; every other byte stays. What is not JSON is a *CommandError, and
// dst is returned as it was.
func (c Command) Append(dst []byte) ([]byte, error) {
	if c.Raw != nil {
		return c.appendRaw(dst)
	}
	switch {
	case c.Name == "":
		return dst, &CommandError{Offset: -1, Problem: "the command's name is empty"}
	case !utf8.ValidString(c.Name) || strings.IndexByte(c.Name, 0) >= 0:
		return dst, &CommandError{Offset: -1, Problem: "the command's name is not text"}
	}
	out := dst
	if c.OOB {
		out = append(out, `{"exec-oob": `...)
	} else {
		out = append(out, `{"execute": `...)
	}
	out = appendQuoted(out, c.Name)
	if c.Arguments != nil {
		if err := checkValue(c.Arguments, true); err != nil {
			return dst, err
		}
		out = appendLine(append(out, `, "arguments": `...), c.Arguments)
	}
	return c.appendID(dst, out, true)
}

// appendRaw is Append for the user's own object.
func (c Command) appendRaw(dst []byte) ([]byte, error) {
	s := members{p: c.Raw}
	var hasID, some bool
	for {
		key, _, ok := s.next()
		if !ok {
			break
		}
		some = true
		hasID = hasID || string(plainKey(key)) == "id"
	}
	if err := s.finish(); err != nil {
		return dst, commandSyntax(err)
	}
	text := bytes.TrimSpace(c.Raw)
	if hasID || c.NoID || c.ID == nil {
		return appendLine(dst, text), nil
	}
	out := appendLine(dst, bytes.TrimSpace(text[:len(text)-1]))
	return c.appendID(dst, out, some)
}

// appendID closes the object that out leaves open, with the id if there is to be one, behind a comma if members stand
// before it. With an error it returns dst.
func (c Command) appendID(dst, out []byte, comma bool) ([]byte, error) {
	if c.ID != nil && !c.NoID {
		if err := checkValue(c.ID, false); err != nil {
			return dst, err
		}
		if comma {
			out = append(out, ", "...)
		}
		out = appendLine(append(out, `"id": `...), c.ID)
	}
	return append(out, '}'), nil
}

// appendLine adds checked JSON without the white space around it, and with a space for each line break: none can stand
// inside a string.
func appendLine(dst, p []byte) []byte {
	from := len(dst)
	dst = append(dst, bytes.TrimSpace(p)...)
	for i, rest := 0, dst[from:]; ; i++ {
		next := bytes.IndexAny(rest[i:], "\r\n")
		if next < 0 {
			return dst
		}
		i += next
		rest[i] = ' '
	}
}

// appendQuoted adds s as a JSON string. Nothing but what must be is escaped.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
