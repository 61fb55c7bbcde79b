package cmdline

import (
	"strconv"
	"strings"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// node is an argument, a member or an element as it was typed: a leaf with a value, or what has members below it. Kids
// keep the order in which they were typed.
type node struct {
	name  string
	at    int    // where the word that it comes from starts, in bytes
	leaf  *value // nil for what has kids
	kids  []*node
	list  bool             // an array whatever the schema says: the kids are its elements
	index map[string]*node // by name; only when there are many
}

// indexFrom is the number of kids from which on a map is faster than looking.
const indexFrom = 16

func (n *node) kid(name string) *node {
	switch {
	case n.index != nil:
		return n.index[name]
	case n.list:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.kids) {
			return n.kids[i]
		}
		return nil
	}
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

func (n *node) add(k *node) {
	n.kids = append(n.kids, k)
	switch {
	case n.list:
	case n.index != nil:
		n.index[k.name] = k
	case len(n.kids) == indexFrom:
		n.index = make(map[string]*node, 2*indexFrom)
		for _, k := range n.kids {
			n.index[k.name] = k
		}
	}
}

// elements returns n's kids in the order of their numbers. ok is false if they are not all the numbers from 0 on.
func (n *node) elements() (elements []*node, ok bool) {
	if n.list {
		return n.kids, true
	}
	elements = make([]*node, len(n.kids))
	for _, k := range n.kids {
		i, err := strconv.Atoi(k.name)
		if err != nil || !isIndex(k.name) || i >= len(n.kids) {
			return nil, false
		}
		elements[i] = k
	}
	return elements, true
}

// open makes n something that can take more members. A leaf can only if its value is an object.
func (n *node) open() (bool, *fault) {
	if n.leaf == nil {
		return true, nil
	}
	v := n.leaf
	if v.form != bracketed && v.form != exactJSON {
		return false, nil
	}
	raw, f := parseLiteral(v.text)
	switch {
	case f != nil && v.form == bracketed && plainBrackets(v.text):
		return false, nil
	case f != nil:
		f.at += v.at
		return false, v.looksBroken(f)
	case raw[0] != '{':
		return false, nil
	}
	t, err := jsonscan.Lay(jsonscan.New(raw), nil)
	if err != nil {
		return false, nil
	}
	n.leaf = nil
	n.unfold(&t, 0, v.at, string(raw) == v.text)
	return true, nil
}

// unfold adds the members of the object at node i. at is where its text stands; it stands there as it is if typed is true.
func (n *node) unfold(t *jsonscan.Tape, i uint32, at int, typed bool) {
	for name, item := range t.Members(i) {
		k := &node{name: string(t.Text(name)), at: at}
		n.add(k)
		if t.Nodes[item].Kind == jsonscan.Object {
			k.unfold(t, item, at, typed)
			continue
		}
		k.leaf = &value{form: exactJSON, text: string(t.Raw(item)), at: at}
		if typed {
			k.leaf.at += int(t.Nodes[item].Start)
		}
	}
}

// set puts the argument w below n, with its value as typed. The word has a =.
func (n *node) set(w word, p *parser) *fault {
	parts, f := w.key()
	if f != nil {
		return f
	}
	at := n
	for _, part := range parts[:len(parts)-1] {
		next := at.kid(part.Name)
		if next == nil {
			next = &node{name: part.Name, at: w.start}
			at.add(next)
		} else if ok, f := next.open(); f != nil {
			return f
		} else if !ok {
			return bothWays(w, w.text[w.start:w.start+part.End])
		}
		at = next
	}
	last := parts[len(parts)-1]
	if old := at.kid(last.Name); old != nil {
		if old.leaf == nil {
			return bothWays(w, w.text[w.start:w.start+last.End])
		}
		if p.verbatim && strings.Contains(old.leaf.text, ":") && strings.Contains(w.raw(), ":") && !strings.ContainsAny(old.leaf.text+w.raw(), `"'`) {
			return tookQuotes(w, w.start) // file={"a":"b","c":"d"}, whose braces bash has expanded
		}
		return &fault{at: w.start, msg: quoteWord(w.text[w.start:w.start+last.End]) + " is given twice", hint: "remove one of the two"}
	}
	v, f := w.value(p)
	if f != nil {
		return f
	}
	at.add(&node{name: last.Name, at: w.start, leaf: &v})
	return nil
}

func bothWays(w word, key string) *fault {
	return &fault{
		at:   w.start,
		msg:  "cannot use " + quoteWord(key) + " as both a value and an object with members",
		hint: "give it either as one value or by its dotted keys",
	}
}

// needsSchema says whether a schema could change what n's kids mean.
func (n *node) needsSchema() bool {
	for _, k := range n.kids {
		if isIndex(k.name) && !n.list || k.leaf == nil && k.needsSchema() || k.leaf != nil && k.leaf.needsSchema() {
			return true
		}
	}
	return false
}

func (v *value) needsSchema() bool {
	switch v.form {
	case plainWord:
		return !surelyText(v.text)
	case bracketed:
		return true
	case sourced:
		return !v.exact
	}
	return false
}

// isIndex says whether a key is the number of an element, as one writes it.
func isIndex(name string) bool {
	if name == "" || len(name) > 9 || name[0] == '0' && len(name) > 1 {
		return false
	}
	_, err := strconv.ParseUint(name, 10, 32)
	return err == nil
}
