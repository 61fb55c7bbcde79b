package qapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// Fault says in what way a value is not what the server takes.
type Fault uint8

// The faults.
const (
	BadJSON         Fault = iota // no JSON, or JSON that QEMU's parser refuses
	WrongType                    // a string where an integer is due, and so on
	OutOfRange                   // an integer that does not fit in 64 bits
	UnknownMember                // the object takes no such member, or not with this value of its tag
	MissingMember                // a member that must be there is not
	DuplicateMember              // a member stands twice in one object
	UnknownValue                 // a string that is none of the enum's values
)

// ValueError is the first fault of a value. Errors of Check are all of this type.
type ValueError struct {
	Fault   Fault
	Path    string   // where, as QEMU writes it: "file.driver", "keys[0].type"; "" is the value itself
	Keys    []string // the same in pieces: "keys", "0", "type"
	Offset  int      // the byte of the checked text where the faulty value (or the unknown name) starts
	Want    string   // what is due: a type's label, or with BadJSON the whole problem
	Got     string   // what stands there instead, for a person: `the string "1"`
	Type    *Type    // what is due; nil for BadJSON, UnknownMember and DuplicateMember
	Near    []string // names that may have been meant, the nearest first
	Names   []string // for UnknownMember: what the object takes; for MissingMember: all that it lacks
	TagName string   // for UnknownMember: the name of the tag beside it that decides what is taken; "" where none does
	Tag     string   // and the tag's value: "driver" and "qcow2"; "" if it has none
	Cases   []string // for UnknownMember: values of the tag with which the member would be taken
	Asks    string   // for a MissingMember that is a tag, TagName: a member that is taken in the Cases of it
}

// Error gives path, problem and what may have been meant.
func (e *ValueError) Error() string {
	text := e.Problem()
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	switch {
	case e.Fault == MissingMember:
	case len(e.Cases) > maxCases:
		text += fmt.Sprintf(" (only with %d other values of %s)", len(e.Cases), e.TagName)
	case len(e.Cases) > 0:
		text += fmt.Sprintf(" (only with %s=%s)", e.TagName, strings.Join(e.Cases, "|"))
	case len(e.Near) > 0:
		text += " (did you mean " + strings.Join(e.Near, " or ") + "?)"
	}
	return text
}

// maxCases is how many values of a tag an error lists.
const maxCases = 6

// Problem says what is wrong, without the place and without advice.
func (e *ValueError) Problem() string {
	switch e.Fault {
	case OutOfRange:
		return e.Got + " does not fit in 64 bits"
	case UnknownMember:
		if e.Tag != "" {
			return fmt.Sprintf("no such member with %s=%s", e.TagName, e.Tag)
		}
		return "no such member"
	case MissingMember:
		return "missing, expected " + e.Want
	case DuplicateMember:
		return "given twice"
	case UnknownValue:
		if values, ok := e.Type.Enum.inline(maxInline); ok {
			return e.Got + " is none of " + values
		}
		return e.Got + " is none of its values"
	case BadJSON:
		return e.Want
	}
	return "expected " + e.Want + ", got " + e.Got
}

// step is one piece of a path, kept in reverse while an error is on its way up.
type step struct {
	key   string
	index int // for elements of an array; -1 for members
}

// located completes the error with the place that the steps tell, innermost first.
func (e *ValueError) located(steps []step) *ValueError {
	var path strings.Builder
	for _, s := range slices.Backward(steps) {
		if s.index >= 0 {
			e.Keys = append(e.Keys, strconv.Itoa(s.index))
			fmt.Fprintf(&path, "[%d]", s.index)
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		e.Keys = append(e.Keys, s.key)
		path.WriteString(s.key)
	}
	e.Path = path.String()
	return e
}

// maxShown is how many characters of a value an error repeats.
const maxShown = 40

// shown names the value at node i for a person.
func (c *checker) shown(i uint32) string {
	switch n := c.Nodes[i]; n.Kind {
	case jsonscan.Object:
		return "an object"
	case jsonscan.Array:
		return "an array"
	case jsonscan.String:
		return "the string " + shorten(strconv.Quote(string(c.Text(i))))
	case jsonscan.Integer, jsonscan.Fraction:
		return "the number " + shorten(string(c.Raw(i)))
	default:
		return string(c.Raw(i))
	}
}

func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	n := 0
	for at := range s {
		if n++; n > maxShown {
			return s[:at] + "…"
		}
	}
	return s
}
