package render

import (
	"bytes"
	"encoding/json"
)

// indentWidth is how many spaces one level is set in.
const indentWidth = 2

func hasLineEnd(p []byte) bool {
	return bytes.IndexByte(p, '\n') >= 0 || bytes.IndexByte(p, '\r') >= 0
}

// compact removes the white space between tokens. Text that is no JSON stays.
func compact(p []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(p))
	if err := json.Compact(&b, p); err != nil {
		return p
	}
	return b.Bytes()
}

// Indent returns a JSON value over several lines, in colour if the Printer has
// it. Empty objects and arrays stay on their line.
func (p *Printer) Indent(value json.RawMessage) []byte {
	src := []byte(value)
	if p.opts.Terminal {
		src = harmlessJSON(src)
	}
	dst := make([]byte, 0, len(src)+len(src)/2)
	depth := 0
	for i := 0; i < len(src); {
		c := src[i]
		end := i + 1
		switch c {
		case ' ', '\t', '\r', '\n':
		case '{', '[':
			// The closing bracket of either kind is two code points on.
			if next := skipSpace(src, end); next < len(src) && src[next] == c+2 {
				dst = append(dst, c, c+2)
				end = next + 1
				break
			}
			depth++
			dst = newline(append(dst, c), depth)
		case '}', ']':
			depth = max(depth-1, 0)
			dst = append(newline(dst, depth), c)
		case ',':
			dst = newline(append(dst, c), depth)
		case ':':
			dst = append(dst, ':', ' ')
		default:
			end = tokenEnd(src, i)
			dst = p.paint(dst, src[i:end], src[end:])
		}
		i = end
	}
	return dst
}

// paint appends a scalar. rest is what follows it: a string before a colon is a key.
func (p *Printer) paint(dst, token, rest []byte) []byte {
	s := p.literal
	switch c := token[0]; {
	case c == '"' && isKey(rest):
		s = p.key
	case c == '"':
		s = p.text
	case c == '-' || c >= '0' && c <= '9':
		s = p.number
	}
	return append(append(append(dst, s.on...), token...), s.off...)
}

func isKey(rest []byte) bool {
	i := skipSpace(rest, 0)
	return i < len(rest) && rest[i] == ':'
}

func newline(dst []byte, depth int) []byte {
	dst = append(dst, '\n')
	for range depth * indentWidth {
		dst = append(dst, ' ')
	}
	return dst
}

func skipSpace(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n') {
		i++
	}
	return i
}

// tokenEnd returns the index behind the scalar that begins at i.
func tokenEnd(p []byte, i int) int {
	if p[i] != '"' {
		n := bytes.IndexAny(p[i:], " \t\r\n,:{}[]\"")
		if n < 0 {
			return len(p)
		}
		return i + n
	}
	for i++; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(p)
}
