package qmp

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
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
	c := Command{Raw: raw}
	var verb string
	s := jsonscan.NewForQEMU(raw, 0)
	for name, value, ok := s.Member(); ok; name, value, ok = s.Member() {
		if err := c.member(&s, jsonscan.Text(name), value, &verb); err != nil {
			return Command{}, err
		}
	}
	if err := s.Err(); err != nil {
		return Command{}, commandSyntax(err)
	}
	if verb == "" {
		return Command{}, &CommandError{Offset: -1, Problem: `a command needs a member "execute" or "exec-oob"`}
	}
	if err := jsonscan.Check(raw, 0); err != nil {
		return Command{}, commandSyntax(err)
	}
	return c, nil
}

// commandSyntax makes a CommandError of a SyntaxError.
func commandSyntax(err error) error {
	var syntax *jsonscan.SyntaxError
	if errors.As(err, &syntax) {
		return &CommandError{Offset: syntax.Offset, Problem: syntax.Problem}
	}
	return &CommandError{Offset: -1, Problem: err.Error()}
}

// member takes one top-level member of the user's command, which s has just read.
func (c *Command) member(s *jsonscan.Scanner, name string, value []byte, verb *string) error {
	switch name {
	case "execute", "exec-oob":
		switch {
		case *verb != "" && *verb != name:
			return &CommandError{Offset: s.NameStart(), Problem: `both "execute" and "exec-oob"`}
		case !isString(value):
			return &CommandError{Offset: s.Start(), Problem: `the value of "` + name + `" must be a string, the command's name`}
		}
		*verb, c.Name, c.OOB = name, jsonscan.Text(value), name == "exec-oob"
		if c.Name == "" {
			return &CommandError{Offset: s.Start(), Problem: "the command's name is empty"}
		}
	case "arguments":
		if value[0] != '{' {
			return &CommandError{Offset: s.Start(), Problem: `the value of "arguments" must be an object`}
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
		if err := jsonscan.CheckObject(c.Arguments, 1); err != nil {
			return dst, commandSyntax(err)
		}
		out = appendLine(append(out, `, "arguments": `...), c.Arguments)
	}
	return c.appendID(dst, out, true)
}

// appendRaw is Append for the user's own object.
func (c Command) appendRaw(dst []byte) ([]byte, error) {
	s := jsonscan.New(c.Raw)
	var hasID, some bool
	for name, _, ok := s.Member(); ok; name, _, ok = s.Member() {
		some = true
		hasID = hasID || string(jsonscan.AppendText(nil, name)) == "id"
	}
	if err := s.Err(); err != nil {
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
		if err := jsonscan.Check(c.ID, 1); err != nil {
			return dst, commandSyntax(err)
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
