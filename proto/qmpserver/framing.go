package qmpserver

// maxNesting is how deep QEMU lets containers nest before it gives up.
const maxNesting = 1024

// Framer is a [proto.Framer] for what a client sends; the zero value is ready. It never refuses
// anything: what QEMU would call an error ends a message too, and parsing that
// message gives the words for it. So a bad message costs one error reply, and
// the next one is understood (QMP specification, section 2.4, "Protocol errors").
type Framer struct {
	lex              lexer
	braces, brackets int
}

// Scan implements proto.Framer.
func (f *Framer) Scan(p []byte) (skip, end int, err error) {
	i := 0
	if f.braces == 0 && f.brackets == 0 {
		i = f.skip(p)
	}
	skip = i
	for i < len(p) {
		if f.lex.state == lexDouble {
			// Nearly all bytes of a message are inside strings.
			for i < len(p) && p[i] != '"' && p[i] != '\\' && p[i] >= ' ' && p[i] < 0xFE {
				i++
			}
			if i == len(p) {
				break
			}
		}
		kind, used := f.lex.step(p[i])
		if used {
			i++
		}
		if kind != tokenNone && f.ends(kind) {
			f.braces, f.brackets = 0, 0
			return skip, i, nil
		}
	}
	return skip, -1, nil
}

// skip returns how many bytes of p come before a message begins: white space,
// and behind a lexical error what QEMU's scanner passes over.
func (f *Framer) skip(p []byte) int {
	for i, c := range p {
		switch {
		case f.lex.state == lexRecovery && !restarts(c):
		case f.lex.state == lexRecovery:
			f.lex.state = lexStart
			if !isSpace(c) {
				return i
			}
		case f.lex.state != lexStart || !isSpace(c):
			return i
		}
	}
	return len(p)
}

// ends counts a token and reports whether it ends a message.
func (f *Framer) ends(kind tokenKind) bool {
	switch kind {
	case tokenError:
		return true
	case '{':
		f.braces++
	case '}':
		f.braces--
	case '[':
		f.brackets++
	case ']':
		f.brackets--
	}
	return f.braces < 0 || f.brackets < 0 || f.braces == 0 && f.brackets == 0 || f.braces+f.brackets > maxNesting
}
