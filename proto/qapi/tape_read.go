package qapi

import "unicode/utf8"

// text returns the characters of the string at node i: a slice of the input where it has no escapes.
func (t *tape) text(i uint32) []byte {
	n := t.nodes[i]
	inside := t.src[n.start+1 : n.end-1]
	if !n.escaped {
		return inside
	}
	plain := make([]byte, 0, len(inside))
	for len(inside) > 0 {
		r, size, _ := decode(inside)
		plain = utf8.AppendRune(plain, r)
		inside = inside[size:]
	}
	return plain
}

// raw returns the text of node i as it is written.
func (t *tape) raw(i uint32) []byte { return t.src[t.nodes[i].start:t.nodes[i].end] }

// members iterates over the nodes of names and values of the object at i.
func (t *tape) members(i uint32) func(yield func(key, value uint32) bool) {
	return func(yield func(key, value uint32) bool) {
		for at := i + 1; at < t.nodes[i].next; {
			key, value := at, at+1
			if !yield(key, value) {
				return
			}
			at = t.nodes[value].next
		}
	}
}

// elements iterates over the nodes of the array at i, with their places.
func (t *tape) elements(i uint32) func(yield func(n int, value uint32) bool) {
	return func(yield func(n int, value uint32) bool) {
		n := 0
		for at := i + 1; at < t.nodes[i].next; at = t.nodes[at].next {
			if !yield(n, at) {
				return
			}
			n++
		}
	}
}
