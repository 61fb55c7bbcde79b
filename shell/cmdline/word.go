package cmdline

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// word is one word of a command, as a part of the text it stands in.
type word struct {
	text       string
	start, end int
	eq         int  // offset of its first =, -1 if it has none
	keyEnd     int  // offset behind its key
	exact      bool // the = is a :=
	bracket    bool // it, or its value, begins with { or [

	// verbatim marks a word that the user's own shell has split off: its value is taken as it is.
	verbatim bool
}

// raw is the word as it was typed.
func (w word) raw() string { return w.text[w.start:w.end] }

// is says whether the word is the given one, without quotes in it.
func (w word) is(plain string) bool { return joinContinued(w.raw()) == plain }

func wordOf(text string, t Token) word {
	w := word{text: text, start: t.Start, end: t.End, eq: t.Eq, keyEnd: t.Eq, bracket: t.Bracket}
	if w.exact = t.Eq > t.Start && text[t.Eq-1] == ':'; w.exact {
		w.keyEnd--
	}
	return w
}

// name returns the whole word without its quotes.
func (w word) name() string {
	if w.verbatim {
		return w.raw()
	}
	name, _, _ := Unquote(w.raw())
	return name
}

// KeyPart is one name of a dotted key.
type KeyPart struct {
	Name       string // without quotes
	Start, End int    // where it stands in the key, in bytes
}

// SplitKey takes a key, or as much of it as has been typed, apart at the dots that join names. Dots inside quotes do not,
// unless the key is verbatim: then there are no quotes. There is one part at least; any may be empty.
func SplitKey(key string, verbatim bool) []KeyPart {
	var parts []KeyPart
	start, quote := 0, byte(0)
	for i := 0; i < len(key); i++ {
		switch c := key[i]; {
		case c == '.' && quote == 0:
			parts = append(parts, keyPart(key, start, i, verbatim))
			start = i + 1
		case verbatim:
		case quote != 0 && c == '\\':
			i++
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		}
	}
	return append(parts, keyPart(key, start, len(key), verbatim))
}

func keyPart(key string, start, end int, verbatim bool) KeyPart {
	name := key[start:end]
	if !verbatim {
		name, _, _ = Unquote(name)
	}
	return KeyPart{name, start, end}
}

// key returns the names that the word's key consists of. The word has a =.
func (w word) key() ([]KeyPart, *fault) {
	parts := SplitKey(w.text[w.start:w.keyEnd], w.verbatim)
	for i, part := range parts {
		if part.Name == "" {
			return nil, w.emptyName(w.start + part.Start)
		}
		if i == maxDepth {
			return nil, &fault{at: w.start + part.Start, msg: fmt.Sprintf("the key has more than %d parts, too many for QEMU", maxDepth)}
		}
	}
	return parts, nil
}

func (w word) emptyName(at int) *fault {
	f := &fault{at: at, msg: "the key of " + quoteWord(w.raw()) + " has an empty part", hint: "dots join names: file.driver=qcow2"}
	if w.keyEnd == w.start {
		f.msg = quoteWord(w.raw()) + " has no key before the ="
		f.hint = "arguments are key=value, without spaces around the ="
	}
	return f
}

// Unquote removes the quotes of a piece of a word, resolves the escapes inside them, and joins continued lines. quoted
// says whether there were quotes, and open is the one that is not closed at the end, 0 if there is none.
func Unquote(raw string) (text string, quoted bool, open byte) {
	i := strings.IndexAny(raw, `"'\`)
	if i < 0 {
		return raw, false, 0
	}
	var b strings.Builder
	b.Grow(len(raw))
	b.WriteString(raw[:i])
	for i < len(raw) {
		c := raw[i]
		if c == '\\' {
			if n := continuation(raw[i:]); n > 0 {
				i += n
				continue
			}
			if i+1 < len(raw) {
				next := raw[i+1]
				escaped := open != 0 && (next == '"' || next == '\'' || next == '\\')
				if !escaped {
					b.WriteByte(c)
				}
				if escaped || next == '\\' {
					b.WriteByte(next)
					i++
				}
				i++
				continue
			}
		}
		switch {
		case open == 0 && (c == '"' || c == '\''):
			open, quoted = c, true
		case c == open && open != 0:
			open = 0
		default:
			b.WriteByte(c)
		}
		i++
	}
	return b.String(), quoted, open
}

// wholeQuote says whether s is one quoted string and nothing else.
func wholeQuote(s string) bool {
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' {
		return false
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i == len(s)-1
		}
	}
	return false
}

// badBytes finds what QEMU does not take in any message: NUL, bytes that are no UTF-8, and Unicode's noncharacters.
func badBytes(text string) *fault {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c == 0 {
				return &fault{at: i, msg: "the text holds a NUL byte", hint: "is this a binary file?"}
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return &fault{at: i, msg: "the text is no valid UTF-8", hint: "QMP is UTF-8 throughout"}
		case r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe:
			return &fault{at: i, msg: fmt.Sprintf("%U is not a character for QEMU", r)}
		}
		i += n
	}
	return nil
}
