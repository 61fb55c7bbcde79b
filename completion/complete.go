package completion

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/text"
)

// Complete returns what may stand at the cursor, which is an offset in bytes into text. The text may be unfinished and
// may have several lines.
func Complete(text string, cursor int, e Env) Result {
	cursor = min(max(cursor, 0), len(text))
	none := Result{Start: cursor, End: cursor}
	l, ok := lineAt(text, cursor)
	switch {
	case !ok && l.filter > 0:
		return inFilter(text[:cursor], l.filter, e)
	case !ok:
		return none
	}
	c := collect(l, e)
	r := Result{Start: l.start + c.from, End: cursor, Candidates: c.sorted(), Pending: c.pending}
	if l.tail != "" {
		r.fit(l.typed.raw[c.from:], c.tail(l.tail))
	}
	if len(r.Candidates) == 0 {
		none.Pending = r.Pending
		return none
	}
	return r
}

// CompleteWords returns what the last of the words of exec, which is still being typed, may become. The user's own
// shell has taken the quotes off the words and puts them back, so that the texts have none.
func CompleteWords(words []string, last string, e Env) (candidates []Candidate, pending bool) {
	l, ok := lineOf(words, last)
	if !ok {
		return nil, false
	}
	c := collect(l, e)
	list := c.sorted()
	for i := range list {
		list[i].Text = last[:c.from] + list[i].Text
	}
	return list, c.pending
}

// collector gathers candidates for one place.
type collector struct {
	Env
	line    *line
	from    int       // where in the word under way the part begins that candidates replace
	partial string    // what of that part has been typed, without quotes
	quote   byte      // the quote that it is typed in, 0 if none
	json    *jsonSpot // set in JSON
	inKey   bool      // the part is one of a key: another part or a value may follow it behind the cursor
	offers  []offer
	pending bool
}

// offer is a candidate with its place in the order.
type offer struct {
	Candidate
	rank int
}

// The order of candidates; names decide among equals.
const (
	rankTag = iota // a required argument that decides which others there are
	rankRequired
	rankOther
	rankLast
)

func collect(l line, e Env) *collector {
	c := &collector{Env: e, line: &l}
	w := l.typed
	switch {
	case w.role == cmdline.FileName:
		if c.value(0) {
			c.files()
		}
	case w.role == cmdline.DotWord:
		c.partial = w.raw
		c.words("")
	case l.dot != "" && !c.takes(TakesLine):
		c.behindDot()
	case w.role == cmdline.Name && w.bracket && w.eq < 0:
		c.rawQMP()
	case w.role == cmdline.Name && l.trans:
		c.partial = w.raw
		c.actions()
	case w.role == cmdline.Name:
		c.partial = w.raw
		c.commands(true)
		if l.dot == "" {
			c.words(".")
		}
	case w.role == cmdline.Argument && !l.ended && l.name() != "":
		c.arguments()
	}
	return c
}

// value makes what stands behind offset from in the word under way the part to complete. It returns false if a quote
// has been closed there: then the value is whole.
func (c *collector) value(from int) bool {
	raw := c.line.typed.raw[from:]
	c.from, c.partial = from, raw
	if c.line.typed.exec {
		return true
	}
	plain, quoted, open := cmdline.Unquote(raw)
	if quoted && open == 0 {
		return false
	}
	if c.partial = plain; open != 0 && raw[0] == open {
		c.quote = open
	}
	return true
}

// add offers a word where it continues what has been typed. What nobody could type at a terminal
// is not offered, whoever named it.
func (c *collector) add(word, label string, rank int, final bool) {
	if strings.HasPrefix(word, c.partial) && text.IsVisible(word) {
		c.offers = append(c.offers, offer{Candidate{word, text.CleanLine(label), final}, rank})
	}
}

// addValue offers a value, which gets the quotes that it needs.
func (c *collector) addValue(value, label string, final bool) {
	if !strings.HasPrefix(value, c.partial) {
		return
	}
	if c.json != nil {
		c.jsonString(value, label, final)
	} else if written, ok := c.write(value, final); ok {
		c.offers = append(c.offers, offer{Candidate{written, text.CleanLine(label), final}, rankOther})
	}
}

// write puts a string into the quotes that were opened, or into those that it needs. Where more is to follow they stay
// open.
func (c *collector) write(value string, final bool) (written string, ok bool) {
	switch {
	case !text.IsVisible(value):
		return "", false
	case c.line.typed.exec:
		return value, true
	case c.quote == 0:
		if written, ok = cmdline.Quote(value); written == value || !ok {
			return written, ok
		}
	default:
		escaped := strings.NewReplacer(`\`, `\\`, string(c.quote), `\`+string(c.quote)).Replace(value)
		written = string(c.quote) + escaped + string(c.quote)
	}
	if !final {
		written = written[:len(written)-1]
	}
	return written, true
}

// sorted returns what was offered in its order, none twice.
func (c *collector) sorted() []Candidate {
	slices.SortFunc(c.offers, func(a, b offer) int {
		return cmp.Or(a.rank-b.rank, strings.Compare(a.Text, b.Text))
	})
	list := make([]Candidate, 0, len(c.offers))
	for _, o := range c.offers {
		if n := len(list); n == 0 || list[n-1].Text != o.Text {
			list = append(list, o.Candidate)
		}
	}
	return list
}

// tail returns how much of what stands behind the cursor in the same word belongs to the part being completed: in a key
// up to and with the next dot or =.
func (c *collector) tail(rest string) string {
	switch {
	case c.json != nil:
		return c.jsonTail(rest)
	case !c.inKey:
		return rest
	}
	if i := strings.IndexAny(rest, ".="); i >= 0 {
		return rest[:i+1]
	}
	return rest
}

// fit keeps the candidates that agree with the rest of the part behind the cursor: those that continue it or, if there
// are none, those that end in it.
func (r *Result) fit(typed, tail string) {
	if tail == "" {
		return
	}
	continued := slices.ContainsFunc(r.Candidates, func(c Candidate) bool { return strings.HasPrefix(c.Text, typed+tail) })
	r.Candidates = slices.DeleteFunc(r.Candidates, func(c Candidate) bool {
		if continued {
			return !strings.HasPrefix(c.Text, typed+tail)
		}
		return !strings.HasSuffix(strings.TrimPrefix(c.Text, typed), tail)
	})
	r.End += len(tail)
}
