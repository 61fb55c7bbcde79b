package qmpserver

// QEMU reads JSON with an old hand-made scanner that differs from RFC 8259 in
// ways a client can see: strings may stand in single quotes, a lexical error
// makes it skip ahead to the next bracket, comma or control character, and
// duplicate keys are refused. This file and parse.go do the same, so that a
// test which passes against this server passes against QEMU.

// lexState is where the lexer stands inside a token.
type lexState uint8

const (
	lexStart    lexState = iota // between two tokens
	lexRecovery                 // behind an error, skipping to a character that can begin anew
	lexDouble                   // in a string in double quotes
	lexDoubleEscape
	lexSingle // in a string in single quotes
	lexSingleEscape
	lexSign // behind a minus
	lexZero
	lexDigits
	lexPoint
	lexFraction
	lexExp
	lexExpSign
	lexExpDigits
	lexKeyword
)

// tokenKind is what a finished token is. Structural characters are their own kind.
type tokenKind uint8

const (
	tokenNone    tokenKind = 0
	tokenError   tokenKind = '!'
	tokenString  tokenKind = 's'
	tokenInteger tokenKind = 'i'
	tokenFloat   tokenKind = 'f'
	tokenKeyword tokenKind = 'k'
	tokenEnd     tokenKind = '.' // no further token
)

// lexer cuts a stream into tokens, byte by byte. The zero value stands at the start.
type lexer struct{ state lexState }

// step takes one byte. A kind other than tokenNone says that a token ended:
// with c when used, before c when not (then c must be given again).
func (l *lexer) step(c byte) (kind tokenKind, used bool) {
	switch l.state {
	case lexStart:
		return l.begin(c)
	case lexRecovery:
		if !restarts(c) {
			return tokenNone, true
		}
		l.state = lexStart
		return tokenNone, false
	case lexDouble:
		return l.inString(c, '"', lexDoubleEscape)
	case lexSingle:
		return l.inString(c, '\'', lexSingleEscape)
	case lexDoubleEscape:
		return l.escaped(c, lexDouble)
	case lexSingleEscape:
		return l.escaped(c, lexSingle)
	case lexKeyword:
		if c >= 'a' && c <= 'z' {
			return tokenNone, true
		}
		return l.end(tokenKeyword), false
	}
	return l.inNumber(c)
}

// begin takes the first byte of a token, or space between two.
func (l *lexer) begin(c byte) (tokenKind, bool) {
	switch {
	case isSpace(c):
	case c == '{', c == '}', c == '[', c == ']', c == ':', c == ',':
		return tokenKind(c), true
	case c == '"':
		l.state = lexDouble
	case c == '\'':
		l.state = lexSingle
	case c == '-':
		l.state = lexSign
	case c == '0':
		l.state = lexZero
	case isDigit(c):
		l.state = lexDigits
	case c >= 'a' && c <= 'z':
		l.state = lexKeyword
	default:
		return l.fail(), true
	}
	return tokenNone, true
}

func (l *lexer) inString(c, quote byte, escape lexState) (tokenKind, bool) {
	switch {
	case c == quote:
		return l.end(tokenString), true
	case c == '\\':
		l.state = escape
	case c < ' ' || c >= 0xFE:
		return l.fail(), true
	}
	return tokenNone, true
}

func (l *lexer) escaped(c byte, back lexState) (tokenKind, bool) {
	if c < ' ' || c >= 0xFE {
		return l.fail(), true
	}
	l.state = back
	return tokenNone, true
}

// numberMove returns where c leads inside a number; lexStart stands for "nowhere".
func numberMove(s lexState, c byte) lexState {
	digit, exp := isDigit(c), c == 'e' || c == 'E'
	switch {
	case s == lexSign && c == '0':
		return lexZero
	case (s == lexSign || s == lexDigits) && digit:
		return lexDigits
	case (s == lexZero || s == lexDigits) && c == '.':
		return lexPoint
	case (s == lexPoint || s == lexFraction) && digit:
		return lexFraction
	case (s == lexDigits || s == lexFraction) && exp: // QEMU does not take 0e1
		return lexExp
	case s == lexExp && (c == '+' || c == '-'):
		return lexExpSign
	case (s == lexExp || s == lexExpSign || s == lexExpDigits) && digit:
		return lexExpDigits
	}
	return lexStart
}

func (l *lexer) inNumber(c byte) (tokenKind, bool) {
	if next := numberMove(l.state, c); next != lexStart {
		l.state = next
		return tokenNone, true
	}
	if l.state == lexZero && isDigit(c) {
		return l.fail(), true
	}
	kind := l.finish()
	if kind == tokenError {
		return kind, true
	}
	return kind, false
}

// finish ends the token under way because the input ended or something else
// begins, and returns its kind; tokenEnd if none is under way.
func (l *lexer) finish() tokenKind {
	switch l.state {
	case lexStart, lexRecovery:
		return tokenEnd
	case lexZero, lexDigits:
		return l.end(tokenInteger)
	case lexFraction, lexExpDigits:
		return l.end(tokenFloat)
	case lexKeyword:
		return l.end(tokenKeyword)
	}
	return l.fail()
}

func (l *lexer) end(kind tokenKind) tokenKind {
	l.state = lexStart
	return kind
}

func (l *lexer) fail() tokenKind {
	l.state = lexRecovery
	return tokenError
}

// restarts reports whether c ends the recovery from a lexical error.
func restarts(c byte) bool {
	switch c {
	case '{', '}', '[', ']', ':', ',':
		return true
	}
	return c < ' ' || c >= 0xFE
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
