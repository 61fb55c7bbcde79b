package cmdline

import (
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

const transactionWord = "transaction("

// opensTransaction says whether a line begins with "transaction(" or "transaction (". The lexer decides the same.
func opensTransaction(line []word) bool {
	return line[0].is(transactionWord) || len(line) > 1 && line[0].is("transaction") && line[1].is("(")
}

// parseTransaction reads a whole transaction into the command of that name: one action a line.
func parseTransaction(lines [][]word) (Statement, *fault) {
	opener := lines[0][0]
	lines[0] = lines[0][1:]
	if opener.is("transaction") {
		lines[0] = lines[0][1:]
	}
	actions := []byte(`{"actions": [`)
	closed, some := false, false
	for _, line := range lines {
		if closed {
			return Statement{}, behindTransaction(line[0])
		}
		for i, w := range line {
			if w.is(")") {
				if closed = true; i+1 < len(line) {
					return Statement{}, behindTransaction(line[i+1])
				}
				line = line[:i]
			}
		}
		if len(line) == 0 {
			continue
		}
		if some {
			actions = append(actions, ", "...)
		}
		var f *fault
		if actions, f = appendAction(actions, line); f != nil {
			return Statement{}, f
		}
		some = true
	}
	if !closed {
		return Statement{}, &fault{
			at: opener.start, msg: "the transaction is never closed", unfinished: true,
			hint: "close it with a ) that is a word by itself",
		}
	}
	return Statement{Kind: QMP, Command: qmp.Command{Name: "transaction", Arguments: append(actions, "]}"...)}}, nil
}

func behindTransaction(w word) *fault {
	return &fault{at: w.start, msg: quoteWord(w.raw()) + " stands behind the end of the transaction", hint: "give one command at a time"}
}

// appendAction appends the action that a line gives, {"type": NAME, "data": {...}}, or the raw object that it is.
func appendAction(dst []byte, line []word) ([]byte, *fault) {
	first := line[0]
	switch {
	case opensTransaction(line):
		return nil, &fault{at: first.start, msg: "a transaction cannot hold another one", hint: "close the first one with )"}
	case strings.HasPrefix(first.raw(), "."):
		return nil, &fault{at: first.start, msg: quoteWord(first.raw()) + " is for the shell and cannot be an action", hint: "close the transaction with )"}
	case first.bracket && first.eq < 0 && first.raw()[0] == '{':
		raw, f := parseLiteral(first.raw())
		if f != nil {
			f.at += first.start
			return nil, f
		}
		if len(line) > 1 {
			return nil, &fault{at: line[1].start, msg: quoteWord(line[1].raw()) + " stands behind the action's object", hint: "give one action a line"}
		}
		return append(dst, raw...), nil
	}
	name, f := commandName(first)
	if f != nil {
		return nil, f
	}
	data, f := parseArguments(line[1:])
	if f != nil {
		if f.hint == bareWordHint {
			f.hint = "give one action a line, and values with spaces in quotes"
		}
		return nil, f
	}
	dst = append(dst, `{"type": `...)
	dst = appendString(dst, name)
	dst = append(dst, `, "data": `...)
	return append(data.appendJSON(dst), '}'), nil
}
