package cmdline

import (
	"fmt"
	"strings"
)

// maxDepth is how deep brackets and dotted keys may nest. QEMU's JSON parser stops at 1024, and the message around the
// arguments takes a few of these.
const maxDepth = 1000

func lex(text string) ([]Token, *fault) {
	l := lexer{keep: true}
	l.feed(text)
	l.finish()
	return l.tokens, l.fault
}

// lexState is where in the grammar the lexer stands between two bytes.
type lexState uint8

const (
	between      lexState = iota // not in a word
	inWord                       // in a word, outside quotes and brackets
	inQuote                      // in a quoted part of a word
	inBracket                    // in brackets
	inBracketStr                 // in a string inside brackets
	inComment                    // and in a filter
)

// keywordSize is one more than the length of the longest word that changes the lexer's course, "transaction(".
const keywordSize = 13

// jsonPrefix begins a value that is text for QEMU's block layer, a JSON file name: the brackets in it hold it together,
// and its quotes belong to it.
const jsonPrefix = "json:{"

// lexer is a state machine over bytes. All that it knows is in its fields, so that the next line of a statement can be
// fed when it comes, and no byte is looked at twice.
type lexer struct {
	keep   bool // collect tokens
	tokens []Token
	fault  *fault

	state      lexState
	quote      byte   // the open quote, in inQuote and inBracketStr
	quoteAt    int    // and where it opened
	open       []byte // the open brackets
	openAt     []int  // and where they opened
	tok        Token  // the token under way
	valueStart bool   // a bracket here would open a JSON value
	continued  bool   // the last thing read was a backslash at the end of a line

	base  int // offset of the text being fed
	words int // words of this statement so far
	names int // words of this line of a transaction so far
	dot   bool
	head  [keywordSize]byte // the first bytes of the word under way
	headN int               // how many; keywordSize: too many, or quotes, to be a keyword
	after bool              // the word before was "transaction" in the place of a command
	trans bool              // inside transaction( ... )
	file  bool              // the next word is a file's name
}

// feed reads on. text ends at the end of a line or of everything.
func (l *lexer) feed(text string) {
	l.continued = false
	for i := 0; i < len(text) && l.fault == nil; {
		switch l.state {
		case between:
			i = l.readSpace(text, i)
		case inWord:
			i = l.readWord(text, i)
		case inQuote, inBracketStr:
			i = l.readString(text, i)
		case inBracket:
			i = l.readBracket(text, i)
		case inComment:
			i = l.readRest(text, i)
		}
	}
	l.base += len(text)
}

// finish ends the statement: no more text will come.
func (l *lexer) finish() {
	if l.fault == nil {
		switch l.state {
		case inWord:
			l.endWord(l.base)
		case inComment:
			l.emit(l.base)
		case inQuote, inBracketStr:
			l.openQuote()
		case inBracket:
			last := len(l.open) - 1
			l.fault = &fault{
				at: l.openAt[last], unfinished: true,
				msg:  fmt.Sprintf("%q is never closed", l.open[last:]),
				hint: "close it, or put the value in quotes to send it as text",
			}
		}
	}
	if l.fault != nil && l.state != between {
		if l.tok.Kind == Word {
			l.tok.Role = l.role()
		}
		l.emit(l.base)
	}
}

// readSpace reads one byte, or one character, between words.
func (l *lexer) readSpace(text string, i int) int {
	if n := l.skipContinuation(text, i); n > 0 {
		return i + n
	}
	if text[i] == '\n' {
		l.tok = Token{Kind: Newline, Start: l.base + i, Eq: -1}
		l.emit(l.base + i + 1)
		if !l.trans {
			l.words, l.dot = 0, false
		}
		l.after, l.file, l.names = false, false, 0
		return i + 1
	}
	if n := spaceAt(text, i); n > 0 {
		return i + n
	}
	if l.base+i == 0 && len(text) >= 3 && text[:3] == "\ufeff" {
		return 3 // a byte order mark, as some editors put it before a script
	}
	l.tok = Token{Kind: Word, Start: l.base + i, Eq: -1}
	lineStart := l.trans && l.names == 0 || !l.trans && l.words == 0
	switch c := text[i]; {
	case c == '#', c == '/' && lineStart && strings.HasPrefix(text[i:], "//"):
		l.tok.Kind, l.state = Comment, inComment
		return i + 1
	case lineStart && l.promptAt(text[i:]) > 0:
		n := l.promptAt(text[i:])
		l.tok.Kind = Comment
		l.emit(l.base + i + n)
		return i + n
	case c == '|' && !l.trans:
		l.tok.Kind, l.state = Filter, inComment
		return i + 1
	case c == '>' && !l.trans:
		if i++; i < len(text) && text[i] == '>' {
			i++
		}
		l.tok.Kind, l.file = Into, true
		l.emit(l.base + i)
		return i
	}
	l.state, l.valueStart, l.headN, l.head[0] = inWord, true, 0, 0
	return i
}

// promptAt returns the length of the prompt that s begins with, as in a line that was copied from a terminal or from
// QEMU's documentation, and 0 if there is none. A name in parentheses is one, as in (QEMU) and (vm1 paused).
func (l *lexer) promptAt(s string) int {
	n := 0
	switch {
	case strings.HasPrefix(s, "->"):
		n = len("->")
	case l.trans && strings.HasPrefix(s, "TRANS>"):
		n = len("TRANS>")
	case s[0] == '(':
		const longest = 80
		n = strings.IndexAny(s[1:min(len(s), longest)], "()\"'\n") + 2
		if n < 3 || s[n-1] != ')' {
			return 0
		}
	}
	if n == 0 || n == len(s) || spaceAt(s, n) == 0 {
		return 0
	}
	return n
}

// readRest reads on in what the end of the line ends: a comment, and a filter, whose line may be continued.
func (l *lexer) readRest(text string, i int) int {
	switch c := text[i]; {
	case c == '\n':
		l.emit(l.base + i)
		l.state = between
		return i
	case c == '\\' && l.tok.Kind == Filter:
		if n := l.skipContinuation(text, i); n > 0 {
			return i + n
		}
	}
	return i + 1
}

// readWord reads on in the plain part of a word.
func (l *lexer) readWord(text string, i int) int {
	c := text[i]
	switch {
	case c == '\n' || spaceAt(text, i) > 0:
		l.endWord(l.base + i)
		return i // for readSpace
	case c == '\\':
		if n := l.skipContinuation(text, i); n > 0 {
			return i + n
		}
		l.valueStart = false
		l.note(c)
		if i+1 < len(text) && text[i+1] == '\\' {
			l.note(c)
			return i + 2 // the second one of a pair continues no line
		}
		return i + 1
	case c == '"' || c == '\'':
		l.headN, l.valueStart = keywordSize, false
		l.state, l.quote, l.quoteAt = inQuote, c, l.base+i
		return i + 1
	case l.valueStart && (c == '{' || c == '['):
		l.headN, l.tok.Bracket = keywordSize, true
		l.state, l.valueStart = inBracket, false
		return i // for readBracket
	case c == '{' && l.tok.Eq >= 0 && l.base+i-l.tok.Eq == len(jsonPrefix) && strings.HasSuffix(text[:i+1], jsonPrefix):
		l.state, l.valueStart = inBracket, false
		return i
	}
	l.valueStart = false
	if c == '=' && l.tok.Eq < 0 {
		l.tok.Eq, l.valueStart = l.base+i, true
		l.tok.Bracket = false // a bracket in the key is text
	}
	l.note(c)
	if c == '(' && l.headIs(transactionWord) && l.commandPlace() {
		l.endWord(l.base + i + 1)
	}
	return i + 1
}

// readString reads on inside quotes, be they part of a word or of JSON.
func (l *lexer) readString(text string, i int) int {
	switch c := text[i]; {
	case c == l.quote && l.state == inQuote:
		l.state = inWord
	case c == l.quote:
		l.state = inBracket
	case c == '\n':
		l.openQuote()
	case c == '\\':
		if n := l.skipContinuation(text, i); n > 0 {
			return i + n
		}
		if i+1 < len(text) && text[i+1] != '\n' {
			return i + 2
		}
	}
	return i + 1
}

// readBracket reads on inside brackets, where lines do not end.
func (l *lexer) readBracket(text string, i int) int {
	switch c := text[i]; c {
	case '"', '\'':
		l.state, l.quote, l.quoteAt = inBracketStr, c, l.base+i
	case '{', '[':
		if len(l.open) == maxDepth {
			l.fault = &fault{at: l.base + i, msg: fmt.Sprintf("brackets nest more than %d deep, too deep for QEMU", maxDepth)}
			break
		}
		l.open = append(l.open, c)
		l.openAt = append(l.openAt, l.base+i)
	case '}', ']':
		last := len(l.open) - 1
		if l.open[last] != c-2 { // '{' and '}', '[' and ']' are two apart
			l.fault = &fault{
				at:   l.base + i,
				msg:  fmt.Sprintf("%q does not close the %q before it", text[i:i+1], l.open[last:]),
				hint: "put the value in quotes to send it as text",
			}
			break
		}
		l.open, l.openAt = l.open[:last], l.openAt[:last]
		if last == 0 {
			l.state = inWord
		}
	}
	return i + 1
}

// endWord ends the word under way at the offset end, and notes the words that open and close a transaction.
func (l *lexer) endWord(end int) {
	l.tok.Role = l.role()
	place := l.commandPlace()
	switch l.tok.Role {
	case Opener:
		l.trans, l.names = true, 0
	case Closer:
		l.trans = false
	case DotWord:
		l.dot = true
	}
	if l.trans && l.tok.Role != Opener {
		l.names++
	}
	l.after = place && l.headIs("transaction")
	l.file = false
	l.words++
	l.emit(end)
	l.state = between
}

func (l *lexer) note(c byte) {
	if l.headN < keywordSize {
		l.head[l.headN] = c
		l.headN++
	}
}

func (l *lexer) headIs(word string) bool {
	return l.headN < keywordSize && string(l.head[:l.headN]) == word
}

func (l *lexer) emit(end int) {
	if l.keep {
		l.tok.End = end
		l.tokens = append(l.tokens, l.tok)
	}
}

func (l *lexer) openQuote() {
	l.fault = &fault{
		at:   l.quoteAt,
		msg:  fmt.Sprintf("the quote %c is never closed", l.quote),
		hint: `close it on the same line; inside quotes \" and \\ stand for " and \`,
	}
}

// skipContinuation returns the length of the continuation at text[i], and 0 if there is none.
func (l *lexer) skipContinuation(text string, i int) int {
	n := continuation(text[i:])
	if n > 0 && i+n == len(text) {
		l.continued = true
	}
	return n
}
