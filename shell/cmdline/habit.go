package cmdline

import (
	"fmt"
	"slices"
	"strconv"
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
		value := w.text[w.eq+1 : w.end]
		if r, _ := utf8.DecodeRuneInString(value); isTypographic(r) {
			return typographic(w, w.eq+1)
		}
		if f := p.options(line, i+1); f != nil {
			return f
		}
		if p.verbatim && w.bracket {
			if f := takenApart(w, value); f != nil {
				return f
			}
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

// options looks for options that are joined by commas, as in device_add virtio-net-pci,id=n1: in the key of the word at
// line[i], which no key has, or in the value of the argument that comes first on QEMU's command line.
func (p *parser) options(line []word, i int) *fault {
	w, command := line[i], line[0].name()
	sole := soleArgument(command)
	key := w.text[w.start:w.keyEnd]
	list := w.raw()
	switch {
	case hmpCommand(command) && strings.Contains(key, ","):
		return p.hmp(line)
	case strings.Contains(key, ",") && !strings.ContainsAny(key, `"'`):
	case command == "chardev-add" && i == 1 && strings.Contains(key, ","):
	case key == sole && optionsBegin(w.text[w.eq+1:w.end]):
		list = w.text[w.eq+1 : w.end]
	default:
		return nil
	}
	if !slices.Contains([]string{"device_add", "netdev_add", "object-add", "blockdev-add", "chardev-add"}, command) {
		if key == sole {
			return nil
		}
		sole = ""
	}
	f := &fault{at: w.start, msg: quoteWord(list) + " is written as for QEMU's command line"}
	var words []string
	for _, other := range slices.Concat(line[:i], line[i+1:]) {
		words = append(words, other.raw())
	}
	f.hint = Redact(strings.Join(slices.Concat(words, apart(command, sole, list)), " "))
	if len(f.hint) > 200 {
		f.hint = "part them by spaces: key=value key=value"
	}
	return f
}

// optionsBegin says whether a value goes on, behind a comma, with key=value.
func optionsBegin(value string) bool {
	_, rest, ok := strings.Cut(value, ",")
	if !ok {
		return false
	}
	name, _, ok := strings.Cut(rest, "=")
	return ok && name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || !isNameByte(byte(r)) && r != '.' })
}

// apart turns a list of options into words of this language. The first one may have no key: sole is its key.
func apart(command, sole, list string) []string {
	const comma = "\x00" // two commas stand for one inside a value
	var words []string
	counts := map[string]int{}
	for i, option := range strings.Split(strings.ReplaceAll(list, ",,", comma), ",") {
		key, value, ok := strings.Cut(option, "=")
		switch {
		case !ok && i == 0:
			key, value = sole, option
		case !ok: // a flag: server, and noserver in old lines
			value = "on"
		}
		value = strings.ReplaceAll(value, comma, ",")
		if !strings.HasPrefix(value, `"`) && !strings.HasPrefix(value, "'") {
			value, _ = Quote(value)
		}
		if key = keyOf(command, key, i); key == "hostfwd" || key == "guestfwd" {
			key, counts[key] = key+"."+strconv.Itoa(counts[key])+".str", counts[key]+1
		}
		words = append(words, key+"="+value)
	}
	if command == "chardev-add" {
		slices.SortStableFunc(words, func(a, b string) int { return strings.Compare(b[:2], a[:2]) }) // id= first
		for i, w := range words {
			switch {
			case strings.HasPrefix(w, "backend.data.path=") && slices.Contains(words, "backend.type=socket"):
				words[i] = "backend.data.addr.type=unix backend.data.addr.data." + strings.TrimPrefix(w, "backend.data.")
			case strings.HasPrefix(w, "backend.data.host="):
				words[i] = "backend.data.addr.type=inet backend.data.addr.data." + strings.TrimPrefix(w, "backend.data.")
			case strings.HasPrefix(w, "backend.data.port="):
				words[i] = "backend.data.addr.data." + strings.TrimPrefix(w, "backend.data.")
			}
		}
	}
	return words
}

// keyOf is the argument that an option of QEMU's command line becomes.
func keyOf(command, key string, i int) string {
	switch {
	case command != "chardev-add" || key == "id":
		return key
	case key == "" || i == 0 && key == "backend":
		return "backend.type"
	}
	return "backend.data." + key
}

// takenApart looks at JSON that comes from the user's own shell and has lost its quotes there.
func takenApart(w word, value string) *fault {
	if strings.ContainsAny(value, `"'`) || !strings.ContainsAny(value, ":,") || plainBrackets(value) {
		return nil
	}
	if _, f := parseLiteral(value); f == nil {
		return nil
	}
	return tookQuotes(w, w.eq+1)
}

// tookQuotes makes the fault for JSON without its quotes, or in pieces, at the offset at.
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
	case i == 1 && soleArgument(command) != "" && !slices.ContainsFunc(line[2:], func(w word) bool { return w.eq < 0 }):
		value := raw
		if optionsBegin(raw) {
			return p.options(line, i)
		}
		if value[0] == '{' || value[0] == '[' {
			break
		}
		rest := w.text[w.end:line[len(line)-1].end]
		f.hint = "did you mean " + cut(Redact(command+" "+soleArgument(command)+"="+value+rest)) + "?"
	case before.eq >= 0:
		f.hint = unquotedHint(before, w, f.hint)
	}
	return f
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
	return &fault{at: line[i].start, msg: "there are spaces around the = of " + quoteWord(strings.TrimSuffix(line[i].name(), "=")), hint: "leave them out: " + cut(Redact(joined))}
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
