package qmpserver

import (
	"bytes"
	"encoding/json"
)

// marshal is json.Marshal without its escapes for HTML. It is meant for values
// that always have a JSON form and panics for others, which is a mistake in the
// handler that returned them.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("qmpserver: a value without a JSON form: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// spaced writes valid JSON with a space behind each colon and comma, as QEMU
// does, and no other white space.
func spaced(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/8)
	inString := false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case inString && c == '\\':
			out = append(out, c, raw[i+1])
			i++
			continue
		case c == '"':
			inString = !inString
		case inString:
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c == ':' || c == ',':
			out = append(out, c, ' ')
			continue
		}
		out = append(out, c)
	}
	return out
}

// Pretty spreads raw over many lines, as a server with pretty=on does.
func Pretty(raw []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "    ") != nil {
		return raw
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("\n"), []byte("\r\n"))
}
