package jsonscan

import (
	"math"
	"slices"
)

// Node is one value of a Tape, or the name of a member, which stands before its value.
type Node struct {
	Kind    Kind
	Escaped bool   // a string or a name that may have a backslash
	Start   uint32 // of its text in the input; a string's and a name's includes the quotes
	End     uint32
	Next    uint32 // index of the node behind this one and all that it holds
	Count   uint32 // members or elements
}

// Tape is a JSON value, checked and laid out flat in the order of the text, so that stepping over a value costs nothing.
// Node 0 is the whole value.
type Tape struct {
	Src   []byte
	Nodes []Node
}

// Lay lays out the value that s, a new Scanner, reads. buf is memory to use for the nodes, if it is large enough. The
// tape keeps the scanner's text. The error is a *SyntaxError.
func Lay(s Scanner, buf []Node) (Tape, error) {
	if len(s.src) >= math.MaxUint32/2 {
		return Tape{}, &SyntaxError{0, "the text is longer than 2 GiB"}
	}
	nodes := buf[:0]
	var open []uint32 // the containers that are open
	for kind := s.Next(); kind != None; kind = s.Next() {
		if kind == ObjectEnd || kind == ArrayEnd {
			last := len(open) - 1
			n := &nodes[open[last]]
			n.End, n.Next = uint32(s.end), uint32(len(nodes))
			open = open[:last]
			continue
		}
		at := uint32(len(nodes))
		nodes = slices.Grow(nodes, 1)[:at+1]
		n := &nodes[at] // one by one: a struct literal would be written twice
		n.Kind, n.Escaped, n.Start, n.End, n.Next, n.Count = kind, false, uint32(s.start), uint32(s.end), at+1, 0
		switch kind {
		case Name:
			n.Escaped, n.End = s.escaped, uint32(s.nameEnd)
			continue
		case String:
			n.Escaped = s.escaped
		}
		if len(open) > 0 {
			nodes[open[len(open)-1]].Count++
		}
		if kind == Object || kind == Array {
			open = append(open, at)
		}
	}
	return Tape{s.src, nodes}, s.Err()
}

// Text returns the characters of the string or name at node i: a slice of the input where it has no escapes.
func (t *Tape) Text(i uint32) []byte {
	n := t.Nodes[i]
	if !n.Escaped {
		return t.Src[n.Start+1 : n.End-1]
	}
	return AppendText(nil, t.Src[n.Start:n.End])
}

// Raw returns the text of node i as it is written.
func (t *Tape) Raw(i uint32) []byte { return t.Src[t.Nodes[i].Start:t.Nodes[i].End:t.Nodes[i].End] }

// Members iterates over the nodes of names and values of the object at i.
func (t *Tape) Members(i uint32) func(yield func(name, value uint32) bool) {
	return func(yield func(name, value uint32) bool) {
		for at := i + 1; at < t.Nodes[i].Next; {
			name, value := at, at+1
			if !yield(name, value) {
				return
			}
			at = t.Nodes[value].Next
		}
	}
}

// Elements iterates over the nodes of the array at i, with their places.
func (t *Tape) Elements(i uint32) func(yield func(n int, value uint32) bool) {
	return func(yield func(n int, value uint32) bool) {
		n := 0
		for at := i + 1; at < t.Nodes[i].Next; at = t.Nodes[at].Next {
			if !yield(n, at) {
				return
			}
			n++
		}
	}
}
