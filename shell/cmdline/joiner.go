package cmdline

// Need says what a statement still waits for.
type Need uint8

// What an unfinished statement waits for.
const (
	Nothing        Need = iota // it is whole, or so broken that more text cannot mend it
	NextLine                   // the line ends in a backslash
	ClosingBracket             // { or [ is open
	EndTransaction             // transaction( is open: qmp-shell's prompt is TRANS>
)

// Joiner gathers the lines of one statement. The zero value is ready for use. Each line is looked at once, however many
// there are.
type Joiner struct {
	text []byte
	lex  lexer
}

// Add appends a line (with or without its line end) and says whether the statement is whole.
func (j *Joiner) Add(line string) bool {
	start := len(j.text)
	j.text = append(j.text, line...)
	if len(line) == 0 || line[len(line)-1] != '\n' {
		j.text = append(j.text, '\n')
	}
	j.lex.feed(string(j.text[start:]))
	return j.Need() == Nothing
}

// Need says what the statement waits for.
func (j *Joiner) Need() Need {
	switch {
	case j.lex.fault != nil:
		return Nothing
	case j.lex.continued:
		return NextLine
	case len(j.lex.open) > 0:
		return ClosingBracket
	case j.lex.trans:
		return EndTransaction
	}
	return Nothing
}

// Text returns the lines so far, without the last line end.
func (j *Joiner) Text() string {
	text := j.text
	if n := len(text); n > 0 {
		text = text[:n-1]
	}
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	return string(text)
}

// Len returns the size of the statement so far in bytes.
func (j *Joiner) Len() int { return len(j.text) }
