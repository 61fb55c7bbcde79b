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

// role tells the role of the word under way, of which all has been read.
func (l *lexer) role() Role {
	switch {
	case l.file:
		return FileName
	case l.trans && l.headIs(")"):
		return Closer
	case l.trans && l.names == 0:
		return Name
	case l.trans:
		return Argument
	case l.commandPlace() && l.headIs(transactionWord), l.after && l.headIs("("):
		return Opener
	case l.words == 0 && l.headN > 0 && l.head[0] == '.':
		return DotWord
	case l.commandPlace():
		return Name
	}
	return Argument
}

// commandPlace says whether the word under way stands where a command's name does.
func (l *lexer) commandPlace() bool {
	return !l.trans && (l.words == 0 || l.words == 1 && l.dot)
}
