package cmdline

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/shell/text"
)

// Habits from elsewhere: QEMU's own command line, its human monitor, the user's own shell, web pages. Such lines are no
// sound ones here, and each gets its cure in one line. Nothing here is needed to understand a line that is sound.

// habit looks at a whole command or action, of which line are the words, for what is surely not meant as it is written.
func (p *parser) habit(line []word) *fault {
	first := line[0]
	if f := oddName(first, first.end); f != nil {
		return f
	}
	switch name := first.raw(); {
	case name == "?", name == "/?", name == `\?`, name == `\h`:
		return &fault{at: first.start, msg: quoteWord(name) + " is no command", hint: "help lists the shell's own words, help NAME tells of a command"}
	case name == `\q`, name == ":q", name == "logout":
		return &fault{at: first.start, msg: quoteWord(name) + " is no command", hint: ".exit leaves the shell; quit ends QEMU"}
	case name == "<-":
		return &fault{at: first.start, msg: `"<-" is what a server answered`, hint: "leave such lines out"}
	case name[0] == '$' && len(line) > 1 && len(name) == 1:
		return &fault{at: first.start, msg: `"$" is a prompt, and no part of the line`, hint: "leave it out"}
	case len(name) > 1 && name[len(name)-1] == ';':
		return separator(first, ";")
	}
	for i, w := range line[1:] {
		if w.eq < 0 {
			continue
		}
		if f := oddName(w, w.keyEnd); f != nil {
			return f
		}
		if key := w.text[w.start:w.keyEnd]; key != "" && key[0] == '-' {
			bare := strings.TrimLeft(key, "-")
			return &fault{at: w.start, msg: quoteWord(key) + " begins with a dash, and no argument does", hint: "leave it out: " + cut(Recallable(bare+w.text[w.keyEnd:w.end]))}
		}
		value := w.text[w.eq+1 : w.end]
		if r, _ := utf8.DecodeRuneInString(value); isTypographic(r) {
			return typographic(w, w.eq+1)
		}
		if f := p.options(line, i+1); f != nil {
			return f
		}
	}
	return nil
}

// oddName looks at the part of w before end, a name, for characters that no name has and nobody sees.
func oddName(w word, end int) *fault {
	for i, r := range w.text[w.start:end] {
		switch {
		case isTypographic(r):
			return typographic(w, w.start+i)
		case r >= utf8.RuneSelf && !text.Visible(r) && !unicode.IsSpace(r):
			return &fault{at: w.start + i, msg: fmt.Sprintf("an invisible character, %U, stands in %s", r, quoteWord(w.text[w.start:end])), hint: "type the name anew"}
		}
	}
	return nil
}

func isTypographic(r rune) bool { return r >= 0x2018 && r <= 0x201f || r == 0xab || r == 0xbb }

func typographic(w word, at int) *fault {
	r, _ := utf8.DecodeRuneInString(w.text[at:])
	return &fault{at: at, msg: string(r) + " is a typographic quote, which quotes nothing here", hint: `type " or ' in its place; inside these it is text`}
}

// separator makes the fault for what ends a command in the user's own shell.
func separator(w word, what string) *fault {
	at := w.start + strings.Index(w.raw(), what)
	return &fault{at: at, msg: quoteWord(what) + " does not part commands here", hint: "give one command a line; a script stops at the first error by itself"}
}

// tookQuotes makes the fault, at the offset at, for JSON without its quotes, or in pieces, as the user's own shell leaves
// it. w holds its beginning.
func tookQuotes(w word, at int) *fault {
	example := `{"execute": "query-status"}`
	if w.eq > 0 {
		example = w.text[w.start:w.eq] + `={"driver": "file", ...}`
		if w.text[w.eq+1] == '[' {
			example = w.text[w.start:w.eq] + `=["a", ...]`
		}
	}
	return &fault{at: at, msg: "your own shell has taken the quotes out of this JSON", hint: "put it in single quotes: '" + example + "'"}
}

// stray makes the fault for line[i], which is no key=value and should be.
func (p *parser) stray(line []word, i int) *fault {
	w, before := line[i], line[i-1]
	raw := w.raw()
	command := line[0].name()
	f := &fault{at: w.start, msg: quoteWord(raw) + " is not key=value", hint: `a value with spaces needs quotes: key="a b"`}
	switch r, _ := utf8.DecodeRuneInString(raw); {
	case raw == "":
	case raw == `\`:
		f.hint = "a backslash continues a line only as its last character"
	case raw == ")":
		f.hint = "this ) closes no transaction"
	case raw == "|", raw == ">", raw == ">>":
		f.hint = quoteWord(raw) + " belongs behind the ) of the transaction"
	case raw == ";", raw == "&&", raw == "||", raw == "&":
		return separator(w, raw)
	case strings.HasSuffix(before.raw(), ";"):
		return separator(before, ";")
	case isTypographic(r):
		return typographic(w, w.start)
	case i+1 < len(line) && line[i+1].eq == line[i+1].start: // a = b, a =b
		return p.spaced(line, i)
	case before.eq >= 0 && before.eq+1 == before.end: // a= b
		return p.spaced(line, i-1)
	case p.verbatim && before.bracket:
		return tookQuotes(before, max(before.eq+1, before.start))
	case hmpCommand(command):
		return p.hmp(line)
	case raw[0] == '{' && before.eq < 0:
		f.hint = "raw QMP holds it so: " + cut(Recallable(`{"execute": "`+command+`", "arguments": `+raw+`}`))
	case command == "execute" && i == 1:
		f.hint = "did you mean " + cut(Recallable(w.text[w.start:line[len(line)-1].end])) + "?"
	case raw == "-h", raw == "--help", raw == "-?":
		f.hint = "help " + command + " tells what it takes"
	case strings.HasSuffix(before.raw(), ","):
		return separator(before, ",")
	case p.sizeApart(before, w):
		f.hint = "leave the space out: " + before.raw() + raw
	case p.givePlace(line, i) != "":
		f.hint = "did you mean " + cut(Recallable(p.givePlace(line, i))) + "?"
	case before.eq >= 0:
		f.hint = unquotedHint(before, w, f.hint)
	}
	return f
}

// sizeApart says whether w is the unit of the number before it: value=1 G.
func (p *parser) sizeApart(before, w word) bool {
	if before.eq < 0 || before.bracket {
		return false
	}
	number := before.text[before.eq+1 : before.end]
	_, v := integer(number + w.raw())
	return allDigits(number) && v == isWhole && !allDigits(w.raw())
}

// givePlace returns the line with the keys that its words without one most likely mean; "" if that cannot be told. The
// first of these words is line[i]. Words with dashes, as in HMP, are left out.
func (p *parser) givePlace(line []word, i int) string {
	keys := positional(line[0].name())
	if i != 1 || len(keys) == 0 {
		return ""
	}
	command := line[0].name()
	if command == "human-monitor-command" {
		rest := line[1].text[line[1].start:line[len(line)-1].end]
		if name, quoted, open := Unquote(rest); quoted && open == 0 {
			rest = name
		}
		return command + ` command-line="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(rest) + `"`
	}
	words := []string{command}
	for _, w := range line[1:] {
		raw := w.raw()
		switch name, colon, ok := strings.Cut(raw, ":"); {
		case w.eq >= 0:
			words = append(words, raw)
			continue
		case raw == "" || raw[0] == '[' || raw[0] == '{':
			return ""
		case raw[0] == '-':
			continue
		case len(keys) == 0:
			return ""
		case ok && name == keys[0]: // driver:e1000, driver: e1000
			if raw = colon; raw == "" {
				continue
			}
		}
		words, keys = append(words, keys[0]+"="+raw), keys[1:]
	}
	if len(words) == 1 {
		return ""
	}
	return strings.Join(words, " ")
}

// spaced makes the fault for spaces around the = of the argument that begins with line[i].
func (p *parser) spaced(line []word, i int) *fault {
	end := min(i+2, len(line))
	if next := line[i+1]; next.eq == next.start && next.eq+1 == next.end { // the = alone
		end = min(i+3, len(line))
	}
	joined := ""
	for _, w := range line[i:end] {
		joined += w.raw()
	}
	return &fault{at: line[i].start, msg: "there are spaces around the = of " + quoteWord(strings.TrimSuffix(line[i].name(), "=")), hint: "leave them out: " + cut(Recallable(joined))}
}

// hmp makes the fault for a line of the human monitor.
func (p *parser) hmp(line []word) *fault {
	first, last := line[0], line[len(line)-1]
	return hmpFault(first.name(), joinContinued(first.text[first.start:last.end]), first.start)
}

// cut keeps a hint short.
func cut(hint string) string {
	const most = 160
	if len(hint) > most {
		return strings.ToValidUTF8(hint[:most], "") + "…"
	}
	return hint
}

// unquotedHint shows the quotes that most likely lack where w stands alone behind the argument before it; else is what to
// say where that cannot be told.
func unquotedHint(before, w word, other string) string {
	text := before.raw() + " " + w.raw()
	if before.bracket || len(text) > 60 || strings.ContainsAny(text, `"'\`+"\n") || before.text[before.eq+1:before.end] == "" {
		return other
	}
	at := before.eq + 1 - before.start
	return "a value with spaces needs quotes: " + text[:at] + `"` + text[at:] + `"`
}

// foreignFilter finds programs of the user's own shell behind a |, where a jq filter is due. code is the filter.
func foreignFilter(code string, at int) *fault {
	program, rest, _ := strings.Cut(code, " ")
	f := &fault{at: at, msg: quoteWord(program) + " is a program, and behind | stands a jq filter"}
	rest = strings.TrimSpace(rest)
	switch program {
	case "jq":
		rest = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(rest, "-r"), "-c"))
		if name, quoted, open := Unquote(rest); quoted && open == 0 {
			rest = name
		}
		f.hint = "| " + cut(rest)
		if rest == "" {
			f.hint = "for example | .[].device"
		}
	case "grep", "egrep", "rg":
		pattern := strings.TrimLeft(rest, " ")
		if name, quoted, open := Unquote(pattern); quoted && open == 0 {
			pattern = name
		}
		if pattern == "" || strings.HasPrefix(pattern, "-") {
			pattern = "TEXT"
		}
		f.hint = cut(fmt.Sprintf("| .. | strings | select(test(%q))", pattern))
	case "less", "more", "head", "tail", "wc", "cut", "tee", "cat", "sed", "awk", "xargs", "tr", "python", "python3":
		f.hint = "give it the output of qmpsh: qmpsh exec … | " + program
	default:
		return nil
	}
	return f
}
