package cmdline

import (
	"strings"
)

const transactionWord = "transaction("

// action is one action of a transaction, for messages.
type action struct {
	name string // empty for a raw object
	end  int    // offset behind its last word
}

// opensTransaction says whether a line begins with "transaction(" or "transaction (". The lexer decides the same.
func opensTransaction(line []word) bool {
	return line[0].is(transactionWord) || len(line) > 1 && line[0].is("transaction") && line[1].is("(")
}

// transaction reads a whole transaction into the command of that name: one action a line.
func (p *parser) transaction(lines [][]word) *fault {
	opener := lines[0][0]
	lines[0] = lines[0][1:]
	if opener.is("transaction") {
		lines[0] = lines[0][1:]
	}
	p.st.Kind, p.st.Name, p.st.nameAt = QMP, "transaction", opener.start
	actions := &node{name: "actions", at: opener.start, list: true}
	p.st.args = &node{kids: []*node{actions}}
	closed := false
	for _, line := range lines {
		if closed {
			return behindTransaction(line[0])
		}
		for i, w := range line {
			if w.is(")") {
				if closed = true; i+1 < len(line) {
					return behindTransaction(line[i+1])
				}
				p.st.end = w.end
				line = line[:i]
			}
		}
		if len(line) == 0 {
			continue
		}
		if f := p.action(actions, line); f != nil {
			return f
		}
	}
	if !closed {
		return &fault{
			at: opener.start, msg: "the transaction is never closed", unfinished: true,
			hint: "close it with a ) that is a word by itself",
		}
	}
	return nil
}

func behindTransaction(w word) *fault {
	return &fault{at: w.start, msg: quoteWord(w.raw()) + " stands behind the end of the transaction", hint: "give one command at a time"}
}

// action adds the action that a line gives, or the raw object that it is, to actions.
func (p *parser) action(actions *node, line []word) *fault {
	first := line[0]
	switch {
	case opensTransaction(line):
		return &fault{at: first.start, msg: "a transaction cannot hold another one", hint: "close the first one with )"}
	case strings.HasPrefix(first.raw(), "."):
		return &fault{at: first.start, msg: quoteWord(first.raw()) + " is for the shell and cannot be an action", hint: "close the transaction with )"}
	case first.bracket && first.eq < 0 && first.raw()[0] == '{':
		object := &value{form: bracketed, text: first.raw(), at: first.start}
		if _, f := parseLiteral(object.text); f != nil {
			f.at += object.at
			return f
		}
		if len(line) > 1 {
			return &fault{at: line[1].start, msg: quoteWord(line[1].raw()) + " stands behind the action's object", hint: "give one action a line"}
		}
		p.st.actions = append(p.st.actions, action{end: first.end})
		actions.add(&node{at: first.start, leaf: object})
		return nil
	}
	name, f := p.commandName(line)
	if f != nil {
		return f
	}
	args, f := p.arguments(line)
	if f != nil {
		if strings.HasPrefix(f.hint, "a value with spaces") {
			f.hint = "give one action a line, and values with spaces in quotes"
		}
		return f
	}
	args.name, args.at = "data", first.start
	kind := &node{name: "type", at: first.start, leaf: &value{form: quotedText, text: name, at: first.start}}
	p.st.actions = append(p.st.actions, action{name: name, end: line[len(line)-1].end})
	actions.add(&node{at: first.start, kids: []*node{kind, args}})
	return nil
}
