package cmdline

import "strings"

// output notes the file that takes the result. at is where its > stands.
func (p *parser) output(r Redirect, at int) *fault {
	if p.st.Output != nil {
		return &fault{at: at, msg: "the result can go into one file only", hint: "remove one of the two"}
	}
	if r.Path == "" {
		return &fault{at: r.At, msg: "the file's name is empty", hint: "the result goes into a file like this: query-block > blocks.json"}
	}
	p.st.Output = &r
	return nil
}

// filter takes the filter's token, which reaches from its | to the end of the line, apart: the filter itself, and a file
// for what it makes.
func (p *parser) filter(text string, t Token) *fault {
	line := text[t.Start+1 : t.End]
	into, end := -1, len(line)
	if !p.verbatim {
		into, end = scanFilter(line)
	}
	code := line[:end]
	if into >= 0 {
		code = line[:into]
		if f := p.filterOutput(text, t.Start+1+into, t.Start+1+end); f != nil {
			return f
		}
	}
	start := t.Start + 1 + len(code) - len(strings.TrimLeft(code, " \t\r\n\\"))
	if p.st.Filter = strings.TrimSpace(joinLines(code)); p.st.Filter == "" {
		return &fault{at: t.End, msg: "there is no filter behind the |", hint: "a jq filter, for example query-block | .[].device"}
	}
	p.st.FilterAt = start
	if f := foreignFilter(p.st.Filter, start); f != nil {
		return f
	}
	return nil
}

// filterOutput reads the > or >> at the offset at, and the file's name between it and end.
func (p *parser) filterOutput(text string, at, end int) *fault {
	r := Redirect{At: at + 1}
	if strings.HasPrefix(text[at:end], ">>") {
		r.Append, r.At = true, at+2
	}
	raw := text[r.At:end]
	tokens, f := lex(raw)
	switch {
	case f != nil:
		f.at += r.At
		return f
	case len(tokens) > 1:
		behind := tokens[1]
		return &fault{
			at: r.At + behind.Start, msg: quoteWord(raw[behind.Start:behind.End]) + " stands behind the file's name",
			hint: "the file's name ends the line; one with spaces needs quotes",
		}
	case len(tokens) == 1:
		r.At += tokens[0].Start
		r.Path = wordOf(raw, tokens[0]).name()
	}
	return p.output(r, at)
}

// joinLines removes the backslashes and line ends that continue lines, and nothing else: other backslashes are jq's.
func joinLines(code string) string {
	if strings.IndexByte(code, '\\') < 0 {
		return code
	}
	var b strings.Builder
	for i := 0; i < len(code); {
		if n := continuation(code[i:]); n > 0 {
			i += n
			continue
		}
		b.WriteByte(code[i])
		i++
	}
	return b.String()
}

// scanFilter looks for the end of a jq filter: of its code, which a comment may follow, and before that for a > or >> that
// sends its results into a file (-1 if there is none). That is a >> outside brackets and strings, which jq does not have,
// and a > there behind which the line holds one word more that looks like a path and not like jq.
func scanFilter(s string) (into, end int) {
	s = strings.TrimRight(s, " \t\r") // so that looking behind every > stays short
	into = -1
	var open []byte // brackets, and a quote for each string
	for i := 0; i < len(s); i++ {
		c := s[i]
		if n := len(open); n > 0 && open[n-1] == '"' {
			switch {
			case c == '"':
				open = open[:n-1]
			case c == '\\' && i+1 < len(s):
				if i++; s[i] == '(' {
					open = append(open, '(')
				}
			}
			continue
		}
		switch c {
		case '"', '(', '[', '{':
			open = append(open, c)
		case ')', ']', '}':
			open = open[:max(0, len(open)-1)]
		case '#':
			return scanFilter(s[:i])
		case '>':
			if len(open) > 0 || into >= 0 && s[into:min(into+2, len(s))] == ">>" {
				continue
			}
			switch rest := s[i+1:]; {
			case strings.HasPrefix(rest, ">"):
				into = i
				i++
			case i > 0 && s[i-1] == ' ' && looksLikePath(rest):
				into = i
			}
		}
	}
	return into, len(s)
}

// looksLikePath says whether what follows a > is one word, and a path rather than jq.
func looksLikePath(rest string) bool {
	word := strings.TrimLeft(rest, " \t")
	switch {
	case word == "":
		return false
	case strings.ContainsAny(word, " \t\"'`$()[]{}|;:,?<>="):
		return false
	case word[0] == '/', word[0] == '~', strings.HasPrefix(word, "./"), strings.HasPrefix(word, "../"):
		return true
	}
	c := word[0] | 0x20
	return c >= 'a' && c <= 'z' && strings.ContainsAny(word, "./")
}
