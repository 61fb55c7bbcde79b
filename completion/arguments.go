package completion

import (
	"slices"
	"strconv"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// arguments are what may stand behind a name: of what, and what stands there already.
type arguments struct {
	root
	given
}

func (c *collector) argumentsOf(r root) arguments { return arguments{r, givenBy(c.line.words)} }

// arguments offers an argument's key or value for the word under way.
func (c *collector) arguments() {
	r, ok := c.root()
	if !ok {
		c.source()
		return
	}
	a := c.argumentsOf(r)
	switch {
	case c.line.typed.eq < 0:
		c.keysOf(a)
	case c.source():
	case c.line.typed.isJSON():
		c.jsonValue(a)
	default:
		c.valueOf(a)
	}
}

// source offers places to take a value from, where one has begun to name one.
func (c *collector) source() bool {
	w := c.line.typed
	if w.eq < 0 || !strings.HasPrefix(w.raw[w.eq+1:], "@") {
		return false
	}
	const file = "@file:"
	if strings.HasPrefix(w.raw[w.eq+1:], file) {
		if c.value(w.eq + 1 + len(file)) {
			c.files()
		}
		return true
	}
	if c.value(w.eq + 1) {
		c.add(file, "the value is in a file", rankOther, false)
		c.add("@env:", "the value is in a variable of the environment", rankOther, false)
		c.add("@prompt", "the value is asked for, and typed unseen", rankOther, true)
	}
	return true
}

// keysOf offers the next part of the key under way.
func (c *collector) keysOf(a arguments) {
	parts, last, ok := c.line.typed.parts(c.line.typed.raw)
	if !ok {
		return
	}
	c.from, c.partial, c.quote, c.inKey = last, c.line.typed.raw[last:], 0, true
	above := parts[:len(parts)-1]
	place, err := a.at(above, a.known)
	if err != nil || a.set(strings.Join(above, ".")) && len(above) > 0 {
		return
	}
	for _, f := range place.Fields() {
		if !f.Set && strings.HasPrefix(f.Member.Name, c.partial) {
			c.key(a, above, f)
		}
	}
	if place.Elem != nil {
		c.indexes(a, above, place)
	}
	if len(above) == 0 && a.command != nil && a.command.Open {
		c.properties(a)
	}
}

// key offers a member in the ways in which it can go on. Where something below it is given already, that is the way, as
// long as there is more to give.
func (c *collector) key(a arguments, above []string, f qapi.Field) {
	m, name := f.Member, cmdline.QuoteKey(f.Member.Name)
	begun, required := a.inner[f.Path] != nil, !m.Optional
	if begun {
		below := a.missingBelow(above, m.Name)
		if !below.some {
			return
		}
		required = len(below.required) > 0
	}
	rank, label := memberRank(f, required)
	if begun {
		c.add(name+".", label, rank, false)
		return
	}
	c.ways(name, m.Type, label, rank)
}

// ways offers a key's part with a dot behind it if members or elements may be set below it, and with a = if it may have
// a value of its own.
func (c *collector) ways(name string, t *qapi.Type, label string, rank int) {
	below, value := goesOn(t)
	if below {
		c.add(name+".", label, rank, false)
	}
	if value {
		c.add(name+"=", label, rank, false)
	}
	if !below && !value {
		c.add(name+"={}", label, rank, true)
	}
}

// goesOn says whether a value of type t may be given by dotted keys, and by one word.
func goesOn(t *qapi.Type) (below, value bool) {
	switch t.Kind {
	case qapi.KindObject:
		return !t.Object.Empty(), false
	case qapi.KindArray:
		return true, false
	case qapi.KindAlternate:
		for _, t := range t.Alternate.Types {
			b, v := goesOn(t)
			below, value = below || b, value || v
		}
		return below, value
	}
	return false, true
}

// indexes offers the elements of an array that are there, where more may be set in them, and the next one.
func (c *collector) indexes(a arguments, above []string, place qapi.Place) {
	below, _ := goesOn(place.Elem)
	taken := a.inner[place.Path]
	next := 0
	for slices.Contains(taken, strconv.Itoa(next)) && next < maxIndexes {
		name := strconv.Itoa(next)
		if below && !a.set(place.Path+"."+name) && a.missingBelow(above, name).some {
			c.add(name+".", place.Elem.Label(), rankOther, false)
		}
		next++
	}
	c.ways(strconv.Itoa(next), place.Elem, place.Elem.Label()+", the next one", rankOther)
}

// maxIndexes bounds how many elements are offered; finding them takes the square of it.
const maxIndexes = 64

// properties offers what the schema does not list: the properties of the device that is to be added.
func (c *collector) properties(a arguments) {
	for _, p := range c.deviceProperties(a) {
		if !a.set(p.Text) && a.command.Args.Member(p.Text) == nil {
			c.add(cmdline.QuoteKey(p.Text)+"=", p.Label, rankOther, false)
		}
	}
}

// deviceProperties returns the properties of the device that is to be added.
func (c *collector) deviceProperties(a arguments) []Value {
	driver := a.leaves["driver"]
	switch {
	case driver == "":
		return nil
	case c.DeviceType != nil:
		driver = c.DeviceType(driver)
	default:
		driver = cmdline.DeviceType(driver, c.Schema)
	}
	return c.live(Query{Properties, driver})
}

// live asks for values of the server, or for what is known of its devices.
func (c *collector) live(q Query) []Value {
	from := c.Live
	if q.Kind == DeviceTypes || q.Kind == Properties {
		from = c.Devices
	}
	if from == nil {
		return nil
	}
	list, known := from.Values(q)
	c.pending = c.pending || !known
	return list
}

// valueOf offers values for the argument under way.
func (c *collector) valueOf(a arguments) {
	w := c.line.typed
	keys, _, ok := w.parts(w.raw[:w.keyEnd()])
	if !ok || !c.value(w.eq+1) {
		return
	}
	place, err := a.at(keys, a.known)
	if err != nil {
		return
	}
	c.typed(place.Type)
	if takesText(place.Type) {
		c.named(a, keys, place)
	}
}

// typed offers the values that a type has by itself. What is in quotes is text and no boolean.
func (c *collector) typed(t *qapi.Type) {
	if c.json != nil {
		c.jsonTyped(t)
		return
	}
	switch t.Kind {
	case qapi.KindEnum:
		for i := range t.Enum.Values {
			v := &t.Enum.Values[i]
			c.addValue(v.Name, withFeatures("", v.Features), true)
		}
	case qapi.KindBool:
		c.booleans()
	case qapi.KindAlternate:
		for _, t := range t.Alternate.Types {
			c.typed(t)
		}
	}
}

func (c *collector) booleans() {
	if c.quote != 0 {
		return
	}
	all := []string{"on", "off"}
	if c.partial != "" && c.partial != "o" {
		all = append(all, "true", "false", "yes", "no")
	}
	for _, v := range all {
		c.add(v, "bool", rankOther, true)
	}
}

// takesText says whether a value of type t may be a string of any text.
func takesText(t *qapi.Type) bool {
	switch t.Kind {
	case qapi.KindString, qapi.KindAny:
		return true
	case qapi.KindAlternate:
		return slices.ContainsFunc(t.Alternate.Types, takesText)
	}
	return false
}
