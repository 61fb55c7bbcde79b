package completion

import (
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// filter is a jq filter that is being typed, on the result of a command.
type filter struct {
	code    string      // up to the cursor
	result  *qapi.Type  // what it is given; nil if that is not known
	stack   []*jqScope  // the innermost last
	from    int         // where the name under way begins
	partial string      // the name as far as it has been typed, with its quote if it has one
	of      *qapi.Type  // what the name is looked up in
	after   jqPrecedent // what stands before the cursor
}

// jqScope is a part of a filter: the whole, or what stands in brackets.
type jqScope struct {
	input *qapi.Type // of the terms in it; nil if that is not known
	term  *qapi.Type // the value of the term under way
	call  string     // the function whose argument it is; "[", "{" or "(" for brackets
}

type jqPrecedent uint8

const (
	jqNothing jqPrecedent = iota // a term may begin
	jqTerm                       // a term that a path may go on from
	jqDot                        // a dot, behind which a name may stand
)

// read goes through the code. It is false where a name cannot stand at its end. The language of jq is read as far as
// paths need it: whatever else stands there makes the type unknown.
func (f *filter) read() bool {
	f.stack = []*jqScope{{input: f.result}}
	for i := 0; i < len(f.code); {
		n := f.token(i)
		if n == 0 {
			return f.of != nil
		}
		i += n
	}
	f.from = len(f.code)
	return f.after == jqDot && f.of != nil
}

func (f *filter) top() *jqScope { return f.stack[len(f.stack)-1] }

// token reads one token at the offset i: how long it is, 0 if the code ends within a name, or cannot be read on.
func (f *filter) token(i int) int {
	top, rest := f.top(), f.code[i:]
	switch c := rest[0]; {
	case c == '.':
		f.of = top.term
		if f.after != jqTerm {
			f.of = top.input
		}
		top.term, f.after = f.of, jqDot
		return 1
	case c == '"' || isNameStart(c):
		return f.name(i, rest)
	case c == '[' && (f.after == jqTerm || f.after == jqDot): // .[], .[0], .[1:2]
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return 0
		}
		_, elem := below(top.term)
		if !strings.Contains(rest[:end], ":") {
			top.term = elem
		}
		f.after = jqTerm
		return end + 1
	case c == '(' || c == '[' || c == '{':
		f.stack = append(f.stack, &jqScope{input: top.input, call: string(c)})
		f.after = jqNothing
		return 1
	case c == ')' || c == ']' || c == '}':
		return f.leave()
	case c == '|':
		top.input, top.term, f.after = top.term, nil, jqNothing
		return 1
	case c == '?':
		return 1
	case c == ' ' && f.after != jqTerm:
		return 1
	case c == '#':
		f.of = nil
		return 0
	case c >= '0' && c <= '9':
		n := 1
		for n < len(rest) && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '.') {
			n++
		}
		f.of, top.term, f.after = nil, nil, jqTerm
		return n
	}
	// A comma, a colon, an operator, a number: the next term begins anew.
	if rest[0] != ' ' {
		top.term = nil
	}
	f.after = jqNothing
	return 1
}

// leave closes a scope.
func (f *filter) leave() int {
	if len(f.stack) == 1 {
		return 0
	}
	inner := f.top()
	f.stack = f.stack[:len(f.stack)-1]
	top := f.top()
	switch inner.call {
	case "(", "first", "last":
		top.term = inner.term
	case "select", "sort_by", "unique_by":
		top.term = top.input
	case "[", "map":
		top.term = nil
		if inner.term != nil {
			top.term = &qapi.Type{Kind: qapi.KindArray, Elem: inner.term}
		}
	default:
		top.term = nil
	}
	f.after = jqTerm
	return 1
}

// name reads a member's name behind a dot, or a function's. 0 says that the code ends within a member's name.
func (f *filter) name(i int, rest string) int {
	top, end := f.top(), 0
	if rest[0] == '"' {
		if end = strings.IndexByte(rest[1:], '"') + 2; end == 1 {
			end = len(rest) + 1
		}
	} else {
		for end < len(rest) && (isNameStart(rest[end]) || rest[end] >= '0' && rest[end] <= '9') {
			end++
		}
	}
	if f.after != jqDot {
		f.of = nil
		if end > len(rest) {
			return 0
		}
		top.term, f.after = nil, jqNothing
		if call := rest[:end]; end < len(rest) && rest[end] == '(' {
			scope := &jqScope{input: top.input, call: call}
			if call == "map" || strings.HasSuffix(call, "_by") {
				_, scope.input = below(top.input)
			}
			f.stack = append(f.stack, scope)
			return end + 1
		}
		return end
	}
	if end >= len(rest) {
		f.from, f.partial = i, rest
		return 0
	}
	top.term = member(f.of, strings.Trim(rest[:end], `"`))
	f.after = jqTerm
	return end
}

func isNameStart(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

func below(t *qapi.Type) (members *qapi.Object, elem *qapi.Type) {
	if t == nil {
		return nil, nil
	}
	return t.Below()
}

// member returns the type of a result's member of that name, common or of any branch; nil if it is not known.
func member(t *qapi.Type, name string) (found *qapi.Type) {
	o, _ := below(t)
	eachMember(o, func(m *qapi.Member) {
		if m.Name == name && found == nil {
			found = m.Type
		}
	})
	return found
}

// eachMember calls f for the members of o and of all its branches.
func eachMember(o *qapi.Object, f func(*qapi.Member)) {
	if o == nil {
		return
	}
	for i := range o.Members {
		f(&o.Members[i])
	}
	for i := range o.Branches {
		eachMember(o.Branches[i].Object, f)
	}
}

// inFilter offers names of the result's members behind the dots of a jq filter, which begins at the offset at.
func inFilter(before string, at int, e Env) Result {
	r := Result{Start: len(before), End: len(before)}
	if e.Schema == nil {
		return r
	}
	st, err := cmdline.Parse(strings.TrimRight(before[:at], " |"))
	if err == nil && st.Kind == cmdline.Dot { // a line behind a word of the shell
		st, err = cmdline.Parse(st.Rest)
	}
	if err != nil || st.Kind != cmdline.QMP {
		return r
	}
	command := e.Schema.Command(st.Name)
	if command == nil {
		return r
	}
	f := filter{code: before[at:], result: command.Returns}
	if !f.read() {
		return r
	}
	c := &collector{Env: e, partial: strings.Trim(f.partial, `"`)}
	members, elem := f.of.Below()
	eachMember(members, func(m *qapi.Member) {
		name := m.Name
		if strings.HasPrefix(f.partial, `"`) || strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || !isNameStart(byte(r)) && (r < '0' || r > '9') }) {
			name = `"` + name + `"`
		}
		if strings.HasPrefix(m.Name, c.partial) {
			c.offers = append(c.offers, offer{Candidate{Text: name, Label: m.Type.Label()}, rankOther})
		}
	})
	if elem != nil && f.partial == "" {
		c.add("[]", "each "+elem.Label(), rankOther, false)
	}
	r.Start, r.Candidates = at+f.from, c.sorted()
	return r
}
