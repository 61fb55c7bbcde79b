package completion

import (
	"strconv"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/text"
)

// jsonSpot is what is under way at the end of unfinished JSON.
type jsonSpot struct {
	keys    []string          // the path to the value, or to the object of which a key is under way
	inKey   bool              // it is a key
	from    int               // where it begins, with its quote
	quote   byte              // that quote, 0 if there is none
	partial string            // what of it has been typed, without the quote
	set     map[string]string // what stands before it: strings and words by their paths, joined by dots; else ""
}

// jsonFrame is an object or an array that is open.
type jsonFrame struct {
	array bool
	key   string // or the number of the element, under way
	state jsonState
}

// jsonState is what may come next in a frame.
type jsonState uint8

const (
	wantKey jsonState = iota
	wantColon
	wantValue
	wantNext
)

// jsonReader reads unfinished JSON, or a Python literal of lists and dicts.
type jsonReader struct {
	text  string
	stack []jsonFrame // the first one holds the value itself
	spot  jsonSpot
}

// jsonAt reads text to its end. ok is false where nothing can be completed.
func jsonAt(text string) (s jsonSpot, ok bool) {
	r := jsonReader{text: text, stack: []jsonFrame{{state: wantValue}}, spot: jsonSpot{set: map[string]string{}}}
	for at := 0; at < len(text); {
		n, ok := r.step(at)
		if !ok || len(r.stack) > maxParts {
			return jsonSpot{}, false
		}
		if n == 0 { // unfinished
			return r.spot, r.end()
		}
		at += n
	}
	r.spot.from = len(text)
	return r.spot, r.end()
}

// end notes where the unfinished part stands. It is false where no key and no value can.
func (r *jsonReader) end() bool {
	top := r.top()
	r.spot.inKey = top.state == wantKey
	r.spot.keys = r.path()
	if r.spot.inKey {
		r.spot.keys = r.spot.keys[:len(r.spot.keys)-1]
	}
	return (r.spot.inKey || top.state == wantValue) && !strings.ContainsAny(r.spot.partial, "\\\n")
}

func (r *jsonReader) top() *jsonFrame { return &r.stack[len(r.stack)-1] }

func (r *jsonReader) path() []string {
	keys := make([]string, 0, len(r.stack))
	for _, f := range r.stack[1:] {
		keys = append(keys, f.key)
	}
	return keys
}

// step reads one token at the offset at: how long it is, 0 if the text ends within it.
func (r *jsonReader) step(at int) (n int, ok bool) {
	top := r.top()
	switch c := r.text[at]; c {
	case ' ', '\t', '\r', '\n':
		return 1, true
	case '"', '\'':
		return r.str(at, c)
	case '{', '[':
		if top.state != wantValue {
			return 0, false
		}
		top.state = wantNext
		f := jsonFrame{array: c == '['}
		if f.array {
			f.key, f.state = "0", wantValue
		}
		r.stack = append(r.stack, f)
		return 1, true
	case '}', ']':
		if len(r.stack) == 1 {
			return 0, false
		}
		r.stack = r.stack[:len(r.stack)-1]
		return 1, true
	case ':':
		ok, top.state = top.state == wantColon, wantValue
		return 1, ok
	case ',':
		ok = top.state == wantNext && len(r.stack) > 1
		if top.state = wantKey; top.array {
			n, _ := strconv.Atoi(top.key)
			top.key, top.state = strconv.Itoa(n+1), wantValue
		}
		return 1, ok
	}
	end := at
	for end < len(r.text) && strings.IndexByte(" \t\r\n,:{}[]\"'", r.text[end]) < 0 {
		end++
	}
	if end == len(r.text) {
		r.spot.from, r.spot.partial = at, r.text[at:]
		return 0, top.state == wantValue
	}
	return end - at, r.token(r.text[at:end])
}

// str reads the string at the offset at.
func (r *jsonReader) str(at int, quote byte) (n int, ok bool) {
	for i := at + 1; i < len(r.text); i++ {
		switch r.text[i] {
		case '\\':
			i++
		case quote:
			return i + 1 - at, r.token(r.text[at+1 : i])
		}
	}
	r.spot.from, r.spot.quote, r.spot.partial = at, quote, r.text[at+1:]
	return 0, true
}

// token takes a whole string or word.
func (r *jsonReader) token(text string) bool {
	top := r.top()
	switch top.state {
	case wantKey:
		top.key, top.state = text, wantColon
		r.spot.set[strings.Join(r.path(), ".")] = ""
		return true
	case wantValue:
		top.state = wantNext
		r.spot.set[strings.Join(r.path(), ".")] = text
		return true
	}
	return false
}

// below returns what is set below a path, by the paths from there.
func (s jsonSpot) below(path string) given {
	g := given{leaves: map[string]string{}}
	for p, value := range s.set {
		if rest, ok := strings.CutPrefix(p, path+"."); ok {
			g.leaves[rest] = value
		}
	}
	return g
}

// rawQMP offers what may stand in a line of raw QMP, or in an action of a transaction that is JSON.
func (c *collector) rawQMP() {
	s, ok := c.enterJSON(0)
	if !ok || c.Schema == nil {
		return
	}
	if c.line.trans {
		if o := actionType(c.Schema); o != nil {
			c.jsonIn(arguments{root{object: o}, given{leaves: s.set}}, s.keys)
		}
		return
	}
	switch {
	case len(s.keys) == 0 && s.inKey:
		for _, name := range []string{"execute", "arguments", "id"} {
			if _, set := s.set[name]; !set {
				c.jsonOffer(name, ": ", "", rankOther)
			}
		}
	case len(s.keys) == 1 && (s.keys[0] == "execute" || s.keys[0] == "exec-oob"):
		for _, command := range c.Schema.Commands() {
			c.jsonOffer(command.Name, "", commandLabel(command), rankOther)
		}
	case len(s.keys) == 1 && s.keys[0] == "arguments" && !s.inKey:
		c.jsonBare("{", "")
	case len(s.keys) > 0 && s.keys[0] == "arguments":
		name := s.set["execute"] + s.set["exec-oob"]
		if command := c.Schema.Command(name); command != nil {
			c.jsonIn(arguments{root{name: name, command: command}, s.below("arguments")}, s.keys[1:])
		}
	}
}

// jsonValue offers what may stand in the JSON that is the value of the argument under way.
func (c *collector) jsonValue(a arguments) {
	w := c.line.typed
	above, _, ok := w.parts(w.raw[:w.keyEnd()])
	s, fits := c.enterJSON(w.eq + 1)
	if !ok || !fits {
		return
	}
	for path, value := range s.set {
		a.leaves[strings.Join(above, ".")+"."+path] = value
	}
	c.jsonIn(a, append(above, s.keys...))
}

// enterJSON makes what is under way in the JSON from the offset at on the part to complete.
func (c *collector) enterJSON(at int) (s jsonSpot, ok bool) {
	s, ok = jsonAt(c.line.typed.raw[at:])
	c.json, c.from, c.partial, c.quote = &s, at+s.from, s.partial, s.quote
	return s, ok
}

// jsonIn offers keys or values at a path of the arguments.
func (c *collector) jsonIn(a arguments, keys []string) {
	place, err := a.at(keys, a.known)
	switch {
	case err != nil:
	case !c.json.inKey:
		c.jsonTyped(place.Type)
		if takesText(place.Type) && len(keys) > 0 {
			c.named(a, keys, place)
		}
	default:
		for _, f := range place.Fields() {
			if f.Set {
				continue
			}
			rank, label := memberRank(f, !f.Member.Optional)
			c.jsonOffer(f.Member.Name, ": ", label, rank)
		}
		if len(keys) == 0 && a.command != nil && a.command.Open {
			for _, p := range c.deviceProperties(a) {
				if !a.set(p.Text) && a.command.Args.Member(p.Text) == nil {
					c.jsonOffer(p.Text, ": ", p.Label, rankOther)
				}
			}
		}
	}
}

// jsonTyped offers the values that a type has by itself, as JSON.
func (c *collector) jsonTyped(t *qapi.Type) {
	switch t.Kind {
	case qapi.KindEnum:
		for i := range t.Enum.Values {
			v := &t.Enum.Values[i]
			c.jsonOffer(v.Name, "", withFeatures("", v.Features), rankOther)
		}
	case qapi.KindBool:
		c.jsonBare("true", "bool")
		c.jsonBare("false", "bool")
	case qapi.KindNull:
		c.jsonBare("null", "")
	case qapi.KindObject:
		c.jsonBare("{", "object")
	case qapi.KindArray:
		c.jsonBare("[", t.Label())
	case qapi.KindAlternate:
		for _, t := range t.Alternate.Types {
			c.jsonTyped(t)
		}
	}
}

// jsonOffer offers a string, with what goes behind it if nothing stands there yet.
func (c *collector) jsonOffer(name, behind, label string, rank int) {
	if !strings.HasPrefix(name, c.partial) || strings.ContainsAny(name, "\"'\\") || !text.IsVisible(name) {
		return
	}
	quote := `"`
	if c.quote != 0 {
		quote = string(c.quote)
	}
	if c.tail(c.line.tail) != "" {
		behind = ""
	}
	c.offers = append(c.offers, offer{Candidate{quote + name + quote + behind, text.CleanLine(label), c.endsWord()}, rank})
}

// jsonString offers a string of the server's. Where more is to follow its quote stays open.
func (c *collector) jsonString(name, label string, final bool) {
	n := len(c.offers)
	c.jsonOffer(name, "", label, rankOther)
	if len(c.offers) > n && !final && c.tail(c.line.tail) == "" {
		o := &c.offers[n]
		o.Text, o.Final = o.Text[:len(o.Text)-1], false
	}
}

// jsonBare offers what stands in no quotes.
func (c *collector) jsonBare(word, label string) {
	if c.quote == 0 {
		c.add(word, label, rankOther, c.endsWord() && word != "{" && word != "[")
	}
}

// endsWord says whether the value under way is the whole JSON, so that a space may follow.
func (c *collector) endsWord() bool {
	return len(c.json.keys) == 0 && !c.json.inKey && c.line.typed.exact()
}

// jsonTail returns how much of what stands behind the cursor belongs to the string or word under way.
func (c *collector) jsonTail(rest string) string {
	n := 0
	for n < len(rest) && (rest[n] == '-' || rest[n] == '_' || rest[n] >= '0' && rest[n] <= '9' || rest[n]|0x20 >= 'a' && rest[n]|0x20 <= 'z') {
		n++
	}
	switch {
	case c.quote == 0:
		return rest[:n]
	case n < len(rest) && rest[n] == c.quote:
		return rest[:n+1]
	}
	return ""
}

// memberRank returns the place of a member among the candidates, and what stands beside it.
func memberRank(f qapi.Field, required bool) (rank int, label string) {
	rank, label = rankOther, f.Member.Type.Label()
	if required {
		rank, label = rankRequired, label+", required"
		if f.Tag {
			rank = rankTag
		}
	}
	return rank, withFeatures(label, f.Member.Features)
}

// isJSON says whether what is under way is JSON: raw QMP, key={...}, key=[...], or key:=.
func (w word) isJSON() bool { return w.bracket || w.exact() }
