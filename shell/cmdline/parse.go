package cmdline

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// parser builds one statement.
type parser struct {
	st      Statement
	sources []Source

	// verbatim is set for words that the user's own shell has split off.
	verbatim bool
}

// Parse reads one whole statement. A fault is an *Error.
func Parse(text string) (Statement, error) {
	if f := badBytes(text); f != nil {
		return Statement{}, f.in(text)
	}
	tokens, bad := lex(text)
	p := parser{st: Statement{text: text}}
	if f := forgotten(text, tokens, false); f != nil {
		return Statement{}, f.in(text)
	}
	lines, f := p.splitLines(text, tokens)
	if len(lines) > 0 && strings.HasPrefix(lines[0][0].raw(), ".") {
		return parseDot(text, tokens, bad), nil
	}
	if bad != nil {
		f = bad
	}
	if f == nil {
		f = p.lines(lines)
	}
	if f != nil {
		return Statement{}, f.in(text)
	}
	return p.st, nil
}

// splitLines groups the words of a statement by lines, without the lines that have none, and takes filter and file out.
func (p *parser) splitLines(text string, tokens []Token) (lines [][]word, f *fault) {
	fresh := true
	note := func(found *fault) {
		if f == nil {
			f = found
		}
	}
	for i, t := range tokens {
		switch {
		case t.Kind == Newline:
			fresh = true
		case t.Kind == Filter:
			note(p.filter(text, t))
		case t.Kind == Into:
			if i+1 == len(tokens) || tokens[i+1].Role != FileName {
				note(&fault{at: t.End, msg: quoteWord(text[t.Start:t.End]) + " names no file", hint: "the result goes into a file like this: query-block > blocks.json"})
			}
		case t.Role == FileName:
			w := p.word(text, t)
			note(p.output(Redirect{Path: w.name(), Append: tokens[i-1].End-tokens[i-1].Start == 2, At: w.start}, tokens[i-1].Start))
		case t.Kind == Word:
			if fresh {
				lines, fresh = append(lines, nil), false
			}
			if p.st.Output != nil {
				note(&fault{at: t.Start, msg: quoteWord(text[t.Start:t.End]) + " stands behind the file's name", hint: "arguments go before the >"})
			}
			last := len(lines) - 1
			lines[last] = append(lines[last], p.word(text, t))
		}
	}
	return lines, f
}

func (p *parser) word(text string, t Token) word {
	w := wordOf(text, t)
	w.verbatim = p.verbatim
	return w
}

func parseDot(text string, tokens []Token, bad *fault) Statement {
	st := Statement{Kind: Dot, text: text}
	for _, t := range tokens {
		if t.Kind == Newline && st.Word != "" {
			break
		}
		if t.Kind == Newline || t.Kind == Comment {
			continue
		}
		w := wordOf(text, t)
		switch {
		case st.Word == "":
			st.Word = w.raw()
			st.Rest = strings.TrimSpace(joinContinued(text[t.End:]))
		case bad != nil:
		case t.Kind == Word:
			st.Args = append(st.Args, w.name())
		default:
			st.Args = append(st.Args, strings.TrimSpace(joinContinued(w.raw())))
		}
	}
	if bad != nil {
		st.ArgsErr = bad.in(text)
	}
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

// lines reads a statement that is not for the shell itself.
func (p *parser) lines(lines [][]word) *fault {
	if len(lines) == 0 {
		if p.st.Filter != "" || p.st.Output != nil {
			at := p.st.FilterAt
			if p.st.Output != nil {
				at = p.st.Output.At
			}
			return &fault{at: at, msg: "there is no command before the | or >", hint: "a line begins with a command, for example query-status"}
		}
		return nil
	}
	var f *fault
	switch first := lines[0][0]; {
	case opensTransaction(lines[0]):
		f = p.transaction(lines)
	case len(lines) > 1:
		f = &fault{
			at:   lines[1][0].start,
			msg:  "a second command begins at " + quoteWord(lines[1][0].raw()),
			hint: `give one command at a time; a \ at the end of a line continues it`,
		}
	case first.bracket && first.eq < 0 && first.raw()[0] == '{':
		f = p.rawQMP(lines[0])
	default:
		f = p.command(lines[0])
	}
	p.st.Sources = p.sources
	return f
}

func (p *parser) command(line []word) *fault {
	first, last := line[0], line[len(line)-1]
	name, f := p.commandName(line)
	if f != nil {
		return f
	}
	if isHelp(line) {
		p.st.Kind, p.st.Word = Dot, "."+name
		for _, w := range line[1:] {
			p.st.Args = append(p.st.Args, w.name())
		}
		p.st.Rest = strings.TrimSpace(joinContinued(first.text[first.end:last.end]))
		return nil
	}
	args, f := p.arguments(line)
	if f != nil {
		return f
	}
	p.st.Kind, p.st.Name, p.st.args, p.st.nameAt, p.st.end = QMP, name, args, first.start, last.end
	return nil
}

// isHelp says whether a line is "help NAME", which is for the shell: no arguments of a command look like that.
func isHelp(line []word) bool {
	return len(line) > 1 && line[0].is("help") && !slices.ContainsFunc(line, func(w word) bool { return w.eq >= 0 })
}

// commandName returns the name that a line gives to a command or an action.
func (p *parser) commandName(line []word) (string, *fault) {
	w := line[0]
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
	if i := strings.IndexAny(raw, "|>"); i >= 0 {
		return "", &fault{at: w.start + i, msg: quoteWord(raw) + " is no command", hint: "put a space before the " + raw[i:i+1]}
	}
	return name, p.habit(line)
}

// arguments reads the arguments of a command or an action, of which line are the words.
func (p *parser) arguments(line []word) (*node, *fault) {
	args := &node{}
	for i, w := range line {
		switch {
		case i == 0:
			continue
		case w.eq < 0:
			return nil, p.stray(line, i)
		}
		if f := args.set(w, p); f != nil {
			return nil, f
		}
	}
	return args, nil
}

// rawQMP reads a line of raw QMP. Sound JSON goes out as typed; a Python dict is turned into JSON.
func (p *parser) rawQMP(line []word) *fault {
	w := line[0]
	raw, asTyped := []byte(w.raw()), true
	if !json.Valid(raw) {
		converted, f := parseLiteral(w.raw())
		if f != nil {
			f.at += w.start
			return behindObject(w, f)
		}
		raw, asTyped = converted, false
	}
	if len(line) > 1 {
		return &fault{
			at:   line[1].start,
			msg:  quoteWord(line[1].raw()) + " stands behind the JSON object",
			hint: "give one command at a time",
		}
	}
	command, err := qmp.ParseCommand(raw)
	if err != nil {
		return rawFault(w, err, asTyped)
	}
	p.st.Kind, p.st.Name, p.st.raw, p.st.nameAt, p.st.end = QMP, command.Name, &command, w.start, w.end
	return nil
}

// behindObject explains what follows a whole object in the same word: {...}{...}.
func behindObject(w word, f *fault) *fault {
	rest := w.text[min(f.at, w.end):w.end]
	if rest != "" && rest[0] == '{' && json.Valid([]byte(w.text[w.start:f.at])) {
		return &fault{at: f.at, msg: "a second object begins here", hint: "give one command a line"}
	}
	return f
}

// answers says whether raw is a greeting, an answer or an event.
func answers(raw string) bool {
	var m struct{ QMP, Return, Error, Event json.RawMessage }
	return json.Unmarshal([]byte(raw), &m) == nil && (m.QMP != nil || m.Return != nil || m.Error != nil || m.Event != nil)
}

func rawFault(w word, err error, asTyped bool) *fault {
	f := &fault{at: w.start, msg: err.Error(), hint: `raw QMP looks like {"execute": "query-status"}`}
	var refused *qmp.CommandError
	if errors.As(err, &refused) {
		f.msg = refused.Problem
		if asTyped && answers(w.raw()) {
			f.msg, f.hint = "this is what a server says, and no command", "leave it out"
			return f
		}
		if asTyped && refused.Offset > 0 {
			f.at += refused.Offset
		}
	}
	return f
}
