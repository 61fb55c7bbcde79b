package cmdline

import (
	"bytes"
	"encoding/json"
)

// node is an object under construction, or a value in it. Members keep the order in which they were typed.
type node struct {
	name  string
	value json.RawMessage // of a leaf; nil for an object with kids
	kids  []*node
	index map[string]*node // by name; only when there are many
}

// indexFrom is the number of kids from which on a map is faster than looking.
const indexFrom = 16

func (n *node) kid(name string) *node {
	if n.index != nil {
		return n.index[name]
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
	case n.index != nil:
		n.index[k.name] = k
	case len(n.kids) == indexFrom:
		n.index = make(map[string]*node, 2*indexFrom)
		for _, k := range n.kids {
			n.index[k.name] = k
		}
	}
}

// open makes n an object that can take more members. A leaf can only if its value is an object. The caller has seen that
// the value is sound.
func (n *node) open() bool {
	if n.value == nil {
		return true
	}
	if n.value[0] != '{' {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(n.value))
	if _, err := d.Token(); err != nil {
		return false
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return false
		}
		k := &node{name: name.(string)}
		if d.Decode(&k.value) != nil {
			return false
		}
		n.add(k)
	}
	n.value = nil
	return true
}

// set puts the argument w below n, with the value typed by guess.
func (n *node) set(w word) *fault {
	if w.eq < 0 {
		return notAnArgument(w)
	}
	parts, f := w.key()
	if f != nil {
		return f
	}
	at := n
	for _, p := range parts[:len(parts)-1] {
		next := at.kid(p.name)
		if next == nil {
			next = &node{name: p.name}
			at.add(next)
		} else if !next.open() {
			return bothWays(w, w.text[w.start:p.end])
		}
		at = next
	}
	last := parts[len(parts)-1]
	if old := at.kid(last.name); old != nil {
		if old.value == nil {
			return bothWays(w, w.text[w.start:last.end])
		}
		return &fault{at: w.start, msg: quoteWord(w.text[w.start:last.end]) + " is given twice", hint: "remove one of the two"}
	}
	value, f := guess(w.value())
	if f != nil {
		return f
	}
	at.add(&node{name: last.name, value: value})
	return nil
}

func bothWays(w word, key string) *fault {
	return &fault{
		at:   w.start,
		msg:  "cannot use " + quoteWord(key) + " as both a value and an object with members",
		hint: "give it either as one value or by its dotted keys",
	}
}

const bareWordHint = `a value with spaces needs quotes: key="a b"`

func notAnArgument(w word) *fault {
	f := &fault{at: w.start, msg: quoteWord(w.raw()) + " is not key=value", hint: bareWordHint}
	switch raw := w.raw(); {
	case raw == `\`:
		f.hint = "a backslash continues a line only as its last character"
	case raw == ")":
		f.hint = "this ) closes no transaction"
	}
	return f
}

// appendJSON appends n as JSON.
func (n *node) appendJSON(dst []byte) []byte {
	if n.value != nil {
		return append(dst, n.value...)
	}
	dst = append(dst, '{')
	for i, k := range n.kids {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendString(dst, k.name)
		dst = append(dst, ": "...)
		dst = k.appendJSON(dst)
	}
	return append(dst, '}')
}
