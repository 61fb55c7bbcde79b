package qmpserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeString returns what a string token stands for. quoted tells that it has
// an escape which RFC 8259 lacks. fault has QEMU's words for a bad escape or a
// code point that QEMU does not take.
func decodeString(token []byte) (text []byte, quoted bool, fault string) {
	body := token[1 : len(token)-1]
	if bytes.IndexByte(body, '\\') < 0 {
		return body, false, noncharacter(body)
	}
	text = make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		if body[i] != '\\' {
			text = append(text, body[i])
			i++
			continue
		}
		i++
		switch c := body[i]; c {
		case '"', '\\', '/', '\'':
			text = append(text, c)
			quoted = quoted || c == '\''
		case 'b', 'f', 'n', 'r', 't':
			text = append(text, "\b\f\n\r\t"[bytes.IndexByte([]byte("bfnrt"), c)])
		case 'u':
			// The closing quote and what stands behind the token belong to the
			// text that QEMU complains about.
			r, size := decodeUnicode(body[i+1:])
			if size == 0 {
				return nil, false, badUnicode(token[i:])
			}
			text = utf8.AppendRune(text, r)
			i += size
		default:
			return nil, false, "invalid escape sequence in string"
		}
		i++
	}
	return text, quoted, noncharacter(text)
}

// badUnicode words the complaint about an escape; token starts at its backslash.
func badUnicode(token []byte) string {
	return fmt.Sprintf("%s is not a valid Unicode character", token[:min(6, len(token))])
}

// decodeUnicode reads what follows \u, perhaps a surrogate pair; size 0 means
// that it is not a character.
func decodeUnicode(p []byte) (r rune, size int) {
	r, ok := hex4(p)
	if !ok {
		return 0, 0
	}
	size = 4
	if utf16.IsSurrogate(r) {
		if len(p) < 10 || p[4] != '\\' || p[5] != 'u' {
			return 0, 0
		}
		low, ok := hex4(p[6:])
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return 0, 0
		}
		size = 10
	}
	if isNoncharacter(r) {
		return 0, 0
	}
	return r, size
}

func hex4(p []byte) (rune, bool) {
	if len(p) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p[:4]), 16, 16)
	return rune(n), err == nil
}

// noncharacter finds code points that Unicode reserves for internal use, which
// QEMU takes for broken UTF-8.
func noncharacter(text []byte) string {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if isNoncharacter(r) {
			return "invalid UTF-8 sequence in string"
		}
		i += n
	}
	return ""
}

func isNoncharacter(r rune) bool { return r&0xFFFE == 0xFFFE || r >= 0xFDD0 && r <= 0xFDEF }

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
		case isSpace(c):
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
