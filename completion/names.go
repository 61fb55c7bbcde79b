package completion

import (
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// commands offers the names of commands. run says that they are to be run: then transaction opens its bracket.
func (c *collector) commands(run bool) {
	if c.Schema == nil {
		return
	}
	for _, command := range c.Schema.Commands() {
		switch {
		case !strings.HasPrefix(command.Name, c.partial) && command.Name != "transaction":
		case run && command.Name == "transaction":
			c.add("transaction(", "actions, one a line, up to a )", rankOther, true)
		default:
			c.add(command.Name, commandLabel(command), rankOther, true)
		}
	}
}

// commandLabel names the arguments that a command must have.
func commandLabel(command *qapi.Command) string {
	var required []string
	optional := len(command.Args.Branches) > 0 || command.Open
	for i := range command.Args.Members {
		if m := &command.Args.Members[i]; m.Optional {
			optional = true
		} else {
			required = append(required, m.Name+"=")
		}
	}
	if optional {
		required = append(required, "…")
	}
	return withFeatures(strings.Join(required, " "), command.Features)
}

// withFeatures puts behind a label what users should know before they use a thing.
func withFeatures(label string, features []string) string {
	for _, f := range features {
		if f != "deprecated" && f != "unstable" {
			continue
		}
		if label != "" {
			label += ", "
		}
		label += f
	}
	return label
}

// words offers the shell's own words, without those that begin with besides, unless that has been typed.
func (c *collector) words(besides string) {
	for _, w := range c.Words {
		if besides == "" || c.partial != "" || !strings.HasPrefix(w.Name, besides) {
			c.add(w.Name, w.Does, rankOther, true)
		}
	}
}

// events offers the names of events behind prefix.
func (c *collector) events(prefix string) {
	if c.Schema == nil {
		return
	}
	for _, e := range c.Schema.Events() {
		if strings.HasPrefix(prefix+e.Name, c.partial) {
			c.add(prefix+e.Name, withFeatures(dataLabel(e.Data), e.Features), rankOther, true)
		}
	}
}

func dataLabel(o *qapi.Object) string {
	names := make([]string, len(o.Members))
	for i := range o.Members {
		names[i] = o.Members[i].Name
	}
	return strings.Join(names, " ")
}

// takes says whether the dot word of the line takes t.
func (c *collector) takes(t Takes) bool {
	w := c.dotWord()
	return w != nil && w.Takes&t != 0
}

func (c *collector) dotWord() *Word {
	i := slices.IndexFunc(c.Words, func(w Word) bool { return w.Name == c.line.dot })
	if i < 0 {
		return nil
	}
	return &c.Words[i]
}

// behindDot offers what may stand behind one of the shell's words.
func (c *collector) behindDot() {
	if c.dotWord() == nil || c.line.ended || !c.value(0) {
		return
	}
	if event := c.event(); event != nil && c.takes(TakesData) {
		c.keysOf(c.argumentsOf(root{object: event.Data}))
		return
	}
	if c.takes(TakesCommands) && len(c.line.words) > 0 {
		c.described()
		return
	}
	for _, choice := range c.dotWord().Choices {
		c.add(choice, "", rankOther, true)
	}
	if c.takes(TakesCommands) {
		c.commands(false)
	}
	if c.takes(TakesEvents) {
		prefix := ""
		if strings.HasPrefix(c.partial, "!") {
			prefix = "!"
		}
		c.events(prefix)
	}
	if c.takes(TakesDevices) && c.partial != "" { // there are hundreds
		c.values(Query{Kind: DeviceTypes})
	}
	if c.takes(TakesWords) {
		c.words("")
	}
	if c.takes(TakesFiles) {
		c.files()
	}
}

// described offers what leads further into the command or event that is named: members, and values of tags (see
// qapi.Schema.Describe).
func (c *collector) described() {
	var r root
	if event := c.event(); event != nil {
		r.object = event.Data
	} else if c.Schema != nil {
		if r.command = c.Schema.Command(c.line.words[0].raw); r.command == nil {
			c.describedDevice()
			return
		}
	} else {
		return
	}
	a := c.argumentsOf(r)
	if c.line.typed.eq >= 0 {
		c.valueOf(a)
		return
	}
	var above []string
	for _, w := range c.line.words[1:] {
		if parts, _, ok := w.parts(w.raw); ok && w.eq < 0 {
			above = append(above, parts...)
		}
	}
	parts, last, ok := c.line.typed.parts(c.line.typed.raw)
	if !ok || len(above) > maxParts {
		return
	}
	above = append(above, parts[:len(parts)-1]...)
	place, err := a.at(above, a.known)
	if err != nil {
		return
	}
	c.from, c.partial = last, c.line.typed.raw[last:]
	for _, f := range place.Fields() {
		if label := f.Member.Type.Label(); f.Tag && !f.Set {
			c.add(f.Member.Name+"=", label, rankTag, false)
		} else if !f.Set {
			c.add(f.Member.Name, label, rankOther, true)
		}
	}
}

// describedDevice offers the properties of the device type that is named.
func (c *collector) describedDevice() {
	if c.takes(TakesDevices) && len(c.line.words) == 1 {
		name := c.line.words[0].raw
		if c.DeviceType != nil {
			name = c.DeviceType(name)
		}
		c.values(Query{Properties, name})
	}
}

// event returns the event that the line's first word names, nil if it names none.
func (c *collector) event() *qapi.Event {
	if c.Schema == nil || len(c.line.words) == 0 {
		return nil
	}
	w := c.line.words[0]
	return c.Schema.Event(w.text(w.raw))
}

// files offers paths.
func (c *collector) files() {
	if c.Files == nil {
		return
	}
	for _, f := range c.Files(c.partial) {
		c.addValue(f.Text, f.Label, f.Final)
	}
}

// actions offers what may stand in a transaction.
func (c *collector) actions() {
	if c.Schema == nil {
		return
	}
	if o := actionType(c.Schema); o != nil {
		for _, v := range o.Branches {
			label := ""
			if data := actionData(o, v.Case); data != nil {
				label = dataLabel(data)
			}
			c.add(v.Case, label, rankOther, true)
		}
	}
	c.add(")", "the end of the transaction", rankLast, true)
}

// actionType returns the type of a transaction's actions, nil if the server has none.
func actionType(s *qapi.Schema) *qapi.Object {
	command := s.Command("transaction")
	if command == nil {
		return nil
	}
	m := command.Args.Member("actions")
	if m == nil || m.Type.Kind != qapi.KindArray || m.Type.Elem.Kind != qapi.KindObject || m.Type.Elem.Object.Tag == "" {
		return nil
	}
	return m.Type.Elem.Object
}

// actionData returns the arguments of an action, nil if it has none.
func actionData(o *qapi.Object, action string) *qapi.Object {
	branch := o.Branch(action)
	if branch == nil {
		return nil
	}
	if m := branch.Member("data"); m != nil && m.Type.Kind == qapi.KindObject {
		return m.Type.Object
	}
	return nil
}

// root is what the arguments of a line belong to: a command, an action or an event.
type root struct {
	name    string // of the command or action; empty for an event
	command *qapi.Command
	object  *qapi.Object
}

func (r root) at(keys []string, known qapi.Known) (qapi.Place, error) {
	if r.command != nil {
		return r.command.At(keys, known)
	}
	return r.object.At(keys, known)
}

// root returns what the line's arguments belong to.
func (c *collector) root() (r root, ok bool) {
	name := c.line.name()
	if c.Schema == nil || name == "" {
		return root{}, false
	}
	r.name = name
	if c.line.trans {
		if o := actionType(c.Schema); o != nil {
			r.object = actionData(o, name)
		}
		return r, r.object != nil
	}
	r.command = c.Schema.Command(name)
	return r, r.command != nil
}

// given is what a line's arguments set already, without the word under way.
type given struct {
	leaves map[string]string   // values without quotes, by their keys joined by dots
	inner  map[string][]string // for keys with others below: the next parts, in their order, some twice
}

func givenBy(words []word) given {
	g := given{leaves: make(map[string]string, len(words))}
	for _, w := range words {
		if w.role != cmdline.Argument || w.eq <= 0 {
			continue
		}
		key := w.raw[:w.keyEnd()]
		parts, _, ok := w.parts(key)
		if !ok {
			continue
		}
		if len(parts) > 1 && g.inner == nil {
			g.inner = map[string][]string{}
		}
		path := parts[0]
		for _, p := range parts[1:] {
			g.inner[path] = append(g.inner[path], p)
			path += "." + p
		}
		if len(w.raw) < maxValue {
			g.leaves[path] = w.text(w.raw[w.eq+1:])
		} else {
			g.leaves[path] = ""
		}
	}
	return g
}

// maxValue is the size from which on a word's value could not name anything.
const maxValue = 1 << 12

func (g given) known(path string) (value string, set bool) {
	value, set = g.leaves[path]
	return value, set
}

func (g given) set(path string) bool {
	_, set := g.leaves[path]
	return set
}
