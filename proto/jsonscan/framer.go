package jsonscan

import "fmt"

// Framer finds the end of an object or array in a stream that comes in pieces. It looks at every byte once and checks no
// more than it needs to find the end: which closer belongs to which opener it does not ask. The zero value is ready for a
// value that begins with the next byte.
type Framer struct {
	depth int  // open objects and arrays; 0 between values
	place byte // where in a value the last byte was: one of the in… constants
}

// Places inside a value where a piece of the stream may end.
const (
	inTokens = iota // outside strings
	inString
	inEscape // behind a backslash
)

// Open reports whether a value has begun and not ended.
func (f *Framer) Open() bool { return f.depth > 0 }

// Find looks at p[i:] and returns the index behind the value's end, or -1 if p ends first. With a problem, end is the
// index behind the offending byte. After an end and after a problem the Framer is ready for another value.
func (f *Framer) Find(p []byte, i int) (end int, problem string) {
	if end, problem = f.find(p, i); end >= 0 {
		*f = Framer{}
	}
	return end, problem
}

// Classes of bytes outside strings.
const (
	other = iota // cannot stand in JSON
	plain
	opener
	closer
	quote
)

// classes is constant.
var classes = func() (t [256]uint8) {
	for _, c := range []byte(" \t\r\n,:+-.0123456789eEtrufalsn") {
		t[c] = plain
	}
	t['{'], t['['], t['}'], t[']'], t['"'] = opener, opener, closer, closer, quote
	return t
}()

func (f *Framer) find(p []byte, i int) (end int, problem string) {
	depth := f.depth
	if f.place != inTokens {
		if i, problem = f.stringRest(p, i); problem != "" {
			return i, problem
		}
	}
	for i < len(p) {
		c := p[i]
		i++
		switch classes[c] {
		case plain:
		case quote:
			// Most strings are whole and hold no escape: step over them without a note of where we are.
			if i = stringStop(p, i, 0); i < len(p) && p[i] == '"' {
				i++
				continue
			}
			f.place = inString
			if i, problem = f.stringRest(p, i); problem != "" {
				return i, problem
			}
		case opener:
			if depth++; depth > MaxDepth {
				return i, tooDeep(false)
			}
		case closer:
			if depth--; depth <= 0 {
				return i, ""
			}
		default:
			return i, Describe(p[i-1:]) + " cannot stand in JSON outside a string"
		}
	}
	f.depth = depth
	return -1, ""
}

// stringRest goes on inside a string at p[i] and returns the index behind its closing quote, or len(p). With a problem it
// is the index behind the offending byte.
func (f *Framer) stringRest(p []byte, i int) (int, string) {
	for i < len(p) {
		if f.place == inEscape {
			f.place = inString
			i++
			continue
		}
		if i = stringStop(p, i, 0); i == len(p) {
			break
		}
		switch c := p[i]; c {
		case '"':
			f.place = inTokens
			return i + 1, ""
		case '\\':
			f.place = inEscape
			i++
		default:
			return i + 1, fmt.Sprintf("control character 0x%02X inside a string", c)
		}
	}
	return i, ""
}
