package render

import "bytes"

const (
	indentWidth = 2 // spaces a level
	// maxIndent is how many levels are set in: deeper ones stand under each
	// other, so that the output of a very deep value stays in proportion to it.
	maxIndent = 64
)

// indents is a line feed and the spaces of the deepest level.
const indents = "\n" +
	"                                                                " +
	"                                                                "

func hasLineEnd(p []byte) bool {
	return bytes.IndexByte(p, '\n') >= 0 || bytes.IndexByte(p, '\r') >= 0
}

// layOut writes the JSON value src, with its own white space replaced: over
// several lines and painted, or on one line with a space behind each comma and
// colon, as QEMU does. It changes nothing within tokens, so text that is no JSON
// is not made worse.
func (p *Printer) layOut(s *sink, src []byte, lines bool) {
	depth := 0
	newline := func() {
		if lines {
			s.writeString(indents[:1+indentWidth*min(depth, maxIndent)])
		}
	}
	for i := 0; i < len(src) && s.err == nil; {
		c := src[i]
		end := i + 1
		switch c {
		case ' ', '\t', '\r', '\n':
		case '{', '[':
			// The closing bracket of either kind is two code points on.
			if next := skipSpace(src, end); next < len(src) && src[next] == c+2 {
				s.buf = append(s.buf, c, c+2)
				end = next + 1
				break
			}
			s.buf = append(s.buf, c)
			depth++
			newline()
		case '}', ']':
			depth = max(depth-1, 0)
			newline()
			s.buf = append(s.buf, c)
		case ',':
			s.buf = append(s.buf, ',')
			if newline(); !lines {
				s.buf = append(s.buf, ' ')
			}
		case ':':
			s.buf = append(s.buf, ": "...)
		default:
			end = tokenEnd(src, i)
			if lines {
				p.paint(s, src[i:end], src[end:])
			} else {
				p.token(s, src[i:end])
			}
		}
		s.passOn()
		i = end
	}
}

// paint writes a scalar in its colour. rest is what follows it: a string before
// a colon is a key.
func (p *Printer) paint(s *sink, token, rest []byte) {
	style := p.literal
	switch c := token[0]; {
	case c == '"' && isKey(rest):
		style = p.key
	case c == '"':
		style = p.str
	case c == '-' || c >= '0' && c <= '9':
		style = p.number
	}
	s.buf = append(s.buf, style.On()...)
	p.token(s, token)
	s.buf = append(s.buf, style.Off()...)
}

func (p *Printer) token(s *sink, token []byte) {
	if p.opts.Terminal {
		s.writeClean(token)
		return
	}
	s.write(token)
}

func isKey(rest []byte) bool {
	i := skipSpace(rest, 0)
	return i < len(rest) && rest[i] == ':'
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
		for i++; i < len(p); i++ {
			switch p[i] {
			case ' ', '\t', '\r', '\n', ',', ':', '{', '}', '[', ']', '"':
				return i
			}
		}
		return i
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
