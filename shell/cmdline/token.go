package cmdline

// TokenKind says what a token is.
type TokenKind uint8

// The kinds of tokens.
const (
	Word    TokenKind = iota + 1
	Newline           // ends a command or an action; not the line ends inside brackets or behind a backslash
	Comment           // from # to the end of the line
	Filter            // from a | that begins a word to the end of the line
	Into              // > or >>; the word behind it is a FileName
)

// Role says what a word is in its statement, as far as its place tells.
type Role uint8

// The roles of words.
const (
	NoRole   Role = iota
	Name          // of a command or, inside transaction( ... ), of an action
	Argument      // stands behind a name
	Opener        // transaction( or the ( of transaction (
	Closer        // the ) of a transaction
	DotWord       // a word of the shell itself; what follows may have a Name
	FileName      // behind > or >>
)

// Token is a piece of a statement, as byte offsets into its text.
type Token struct {
	Kind       TokenKind
	Start, End int
	Role       Role // of a Word
	Eq         int  // offset of a word's first = outside quotes and brackets; -1 if it has none
	Bracket    bool // the word, or its value, begins with { or [
}

// Lex splits text into tokens. At a fault (an open quote, brackets that do not match) it returns an *Error and the
// tokens up to there; the last one then reaches from its start to the end of the text.
func Lex(text string) ([]Token, error) {
	tokens, fault := lex(text)
	if fault != nil {
		return tokens, fault.in(text)
	}
	return tokens, nil
}

// Key returns the parts of the word's key, without quotes: file and driver of file.driver=raw. A word without a = is all
// key, as far as it has been typed; its last part may be empty. Unlike Parse it takes any word.
func (t Token) Key(text string) []string {
	w := wordOf(text, t)
	if w.eq < 0 {
		w.eq, w.keyEnd = t.End, t.End
	}
	var parts []string
	for start := w.start; ; {
		end := w.keyDot(start)
		name, _ := unquote(w.text[start:end])
		parts = append(parts, name)
		if end == w.keyEnd {
			return parts
		}
		start = end + 1
	}
}

// Value returns the word's value without its quotes, as far as it has been typed, and where it starts in the text. JSON
// stays as typed. ok is false for a word without a =.
func (t Token) Value(text string) (value string, at int, ok bool) {
	if t.Eq < 0 {
		return "", 0, false
	}
	w := wordOf(text, t)
	value = text[t.Eq+1 : t.End]
	if !w.exact && !w.bracket {
		value, _ = w.plainText(value)
	}
	return value, t.Eq + 1, true
}

// Exact says whether the word is key:=JSON.
func (t Token) Exact(text string) bool { return wordOf(text, t).exact }
