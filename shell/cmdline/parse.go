package cmdline

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// Kind says what a statement is.
type Kind uint8

// The kinds of statements.
const (
	Empty Kind = iota // nothing but space and comments
	QMP               // a command for the server
	Dot               // a word of the shell itself
)

// Statement is a parsed statement.
type Statement struct {
	Kind   Kind
	Secret bool // the text holds a secret: keep Redact's version of it, not the text

	// Of a QMP statement. Raw is set for raw JSON. Arguments is nil where none were given.
	Command qmp.Command

	// Of a Dot statement.
	Word    string   // with its dot
	Args    []string // the words behind it, without quotes and comments; nil if ArgsErr is set
	ArgsErr error    // an *Error: the words behind it do not follow the language's rules (they need not)
	Rest    string   // everything behind Word as typed, without the space around it and with continued lines joined
}

// Parse reads one whole statement. A fault is an *Error.
func Parse(text string) (Statement, error) {
	if f := badBytes(text); f != nil {
		return Statement{}, f.in(text)
	}
	tokens, bad := lex(text)
	lines := splitLines(text, tokens)
	if len(lines) > 0 && strings.HasPrefix(lines[0][0].raw(), ".") {
		return parseDot(text, lines[0], bad), nil
	}
	if bad != nil {
		return Statement{}, bad.in(text)
	}
	st, f := parseLines(lines)
	if f != nil {
		return Statement{}, f.in(text)
	}
	st.Secret = len(secrets(text, tokens, false)) > 0
	return st, nil
}

// FromWords reads the words of exec, which the user's own shell has split already: each is taken as it is, spaces and
// all. Only a value that is one quoted string as a whole loses these quotes, so that key='"1"' sends a string. A single
// word that holds white space or begins with { is a line for Parse. A fault is an *Error.
func FromWords(words []string) (Statement, error) {
	if len(words) == 1 && (strings.HasPrefix(words[0], "{") || strings.ContainsFunc(words[0], unicode.IsSpace)) {
		return Parse(words[0])
	}
	text := strings.Join(words, " ")
	if f := badBytes(text); f != nil {
		return Statement{}, f.in(text)
	}
	if len(words) == 0 || len(words) == 1 && words[0] == "" {
		return Statement{}, nil
	}
	line := make([]word, 0, len(words))
	tokens := make([]Token, 0, len(words))
	for at := 0; len(line) < len(words); {
		s := words[len(line)]
		w := word{text: text, start: at, end: at + len(s), eq: -1, verbatim: true}
		value := s
		if i := strings.IndexByte(s, '='); i >= 0 {
			w.eq, value = at+i, s[i+1:]
		}
		w.bracket = value != "" && (value[0] == '{' || value[0] == '[')
		line = append(line, w)
		tokens = append(tokens, Token{Kind: Word, Start: w.start, End: w.end, Eq: w.eq, Bracket: w.bracket})
		at = w.end + 1
	}
	if strings.HasPrefix(words[0], ".") {
		return Statement{Kind: Dot, Word: words[0], Args: words[1:], Rest: strings.Join(words[1:], " ")}, nil
	}
	st, f := parseLines([][]word{line})
	if f != nil {
		return Statement{}, f.in(text)
	}
	st.Secret = len(secrets(text, tokens, true)) > 0
	return st, nil
}

// splitLines groups the words of a statement by lines, without the lines that have none.
func splitLines(text string, tokens []Token) [][]word {
	var lines [][]word
	fresh := true
	for _, t := range tokens {
		switch t.Kind {
		case Newline:
			fresh = true
		case Word:
			if fresh {
				lines = append(lines, nil)
				fresh = false
			}
			last := len(lines) - 1
			lines[last] = append(lines[last], wordOf(text, t))
		}
	}
	return lines
}

func parseDot(text string, line []word, bad *fault) Statement {
	st := Statement{Kind: Dot, Word: line[0].raw()}
	st.Rest = strings.TrimSpace(joinContinued(text[line[0].end:]))
	if bad != nil {
		st.ArgsErr = bad.in(text)
	} else {
		for _, w := range line[1:] {
			st.Args = append(st.Args, w.name())
		}
	}
	st.Secret = Redact(text) != text
	return st
}

// joinContinued removes the backslashes and line ends that continue lines.
func joinContinued(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if n := continuation(s[i:]); n > 0 {
			i += n
			continue
		}
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\' {
			b.WriteByte('\\')
			i++
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// parseLines reads a statement that is not for the shell itself.
func parseLines(lines [][]word) (Statement, *fault) {
	if len(lines) == 0 {
		return Statement{}, nil
	}
	first := lines[0][0]
	if opensTransaction(lines[0]) {
		return parseTransaction(lines)
	}
	if len(lines) > 1 {
		return Statement{}, &fault{
			at:   lines[1][0].start,
			msg:  "a second command begins at " + quoteWord(lines[1][0].raw()),
			hint: `give one command at a time; a \ at the end of a line continues it`,
		}
	}
	if first.bracket && first.eq < 0 && first.raw()[0] == '{' {
		return parseRaw(lines[0])
	}
	name, f := commandName(first)
	if f != nil {
		return Statement{}, f
	}
	args, f := parseArguments(lines[0][1:])
	if f != nil {
		return Statement{}, f
	}
	st := Statement{Kind: QMP, Command: qmp.Command{Name: name}}
	if len(args.kids) > 0 {
		st.Command.Arguments = args.appendJSON(nil)
	}
	return st, nil
}

// commandName returns the name that w gives to a command or an action.
func commandName(w word) (string, *fault) {
	raw, name := w.raw(), w.name()
	f := &fault{at: w.start, msg: quoteWord(raw) + " stands where a command's name should", hint: "a line begins with a command, for example query-status"}
	switch {
	case w.eq >= 0, name == "", raw == "|", raw == ">", raw == ">>", raw == "(", raw[0] == '[', raw[0] == '{':
		return "", f
	case raw == ")":
		f.msg, f.hint = `")" closes no transaction`, "a transaction opens with transaction("
		return "", f
	case raw[0] == '}', raw[0] == ']':
		f.msg, f.hint = quoteWord(raw[:1])+" closes nothing", "the brackets before it are closed already, or never opened"
		return "", f
	}
	return name, nil
}

func parseArguments(words []word) (*node, *fault) {
	args := &node{}
	for _, w := range words {
		if f := args.set(w); f != nil {
			return nil, f
		}
	}
	return args, nil
}

// parseRaw reads a line of raw QMP. Sound JSON goes out as typed; a Python dict is turned into JSON.
func parseRaw(line []word) (Statement, *fault) {
	w := line[0]
	raw, asTyped := []byte(w.raw()), true
	if !json.Valid(raw) {
		converted, f := parseLiteral(w.raw())
		if f != nil {
			f.at += w.start
			return Statement{}, f
		}
		raw, asTyped = converted, false
	}
	if len(line) > 1 {
		return Statement{}, &fault{
			at:   line[1].start,
			msg:  quoteWord(line[1].raw()) + " stands behind the JSON object",
			hint: "give one command at a time",
		}
	}
	command, err := qmp.ParseCommand(raw)
	if err != nil {
		return Statement{}, rawFault(w, err, asTyped)
	}
	return Statement{Kind: QMP, Command: command}, nil
}

func rawFault(w word, err error, asTyped bool) *fault {
	f := &fault{at: w.start, msg: err.Error(), hint: `raw QMP looks like {"execute": "query-status"}`}
	var refused *qmp.CommandError
	if errors.As(err, &refused) {
		f.msg = refused.Problem
		if asTyped && refused.Offset > 0 {
			f.at += refused.Offset
		}
	}
	return f
}
