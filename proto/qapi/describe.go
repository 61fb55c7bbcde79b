package qapi

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Description is what the schema says of one command, event, member or type, for people (Lines, Text) and as data
// (json.Marshal).
type Description struct {
	Name      string   `json:"name"`                // "blockdev-add", or with a path: "blockdev-add file"
	Kind      string   `json:"kind"`                // "command", "event", "member", "result" or "type"
	Signature string   `json:"signature,omitempty"` // of a command or an event in one line
	OOB       bool     `json:"allow-oob,omitempty"`
	Open      bool     `json:"open,omitempty"` // see Command.Open
	Optional  bool     `json:"optional,omitempty"`
	Features  []string `json:"features,omitempty"`
	Shape
	Returns *Shape `json:"returns,omitempty"`

	result *Type // what Returns shows
}

// Shape is a type written out. For a command and an event it is that of arguments and data.
type Shape struct {
	Type     string       `json:"type"` // see Type.Label
	Values   []ValueInfo  `json:"values,omitempty"`
	Members  []MemberInfo `json:"members,omitempty"` // of the object, of an array's elements, of an alternate's object
	Tag      string       `json:"tag,omitempty"`
	Branches []BranchInfo `json:"branches,omitempty"`
	More     bool         `json:"more,omitempty"` // members and branches are not written out here; describe it by its path
}

// ValueInfo is one value of an enum.
type ValueInfo struct {
	Name     string   `json:"name"`
	Features []string `json:"features,omitempty"`
}

// MemberInfo is one member of an object.
type MemberInfo struct {
	Name     string          `json:"name"`
	Optional bool            `json:"optional,omitempty"`
	Default  json.RawMessage `json:"default,omitempty"`
	Features []string        `json:"features,omitempty"`
	Shape
}

// BranchInfo is what comes in addition with some values of the tag.
type BranchInfo struct {
	Cases   []string     `json:"cases"`
	Members []MemberInfo `json:"members,omitempty"`
	// A branch may have a tag itself.
	Tag      string       `json:"tag,omitempty"`
	Branches []BranchInfo `json:"branches,omitempty"`
}

// NameError says that the schema has nothing of that name.
type NameError struct {
	Name string
	Near []string
}

func (e *NameError) Error() string {
	text := fmt.Sprintf("no command or event %q", e.Name)
	if len(e.Near) > 0 {
		text += " (did you mean " + strings.Join(e.Near, " or ") + "?)"
	}
	return text
}

// Entry is one line of a list of names.
type Entry struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"` // "command" or "event"
	Features []string `json:"features,omitempty"`
}

// List returns commands and events whose names match one of the patterns (path.Match), without patterns all: commands
// first, each sorted by name. The error is path.ErrBadPattern.
func (s *Schema) List(patterns ...string) ([]Entry, error) {
	var list []Entry
	for _, c := range s.commands {
		list = append(list, Entry{c.Name, "command", c.Features})
	}
	for _, e := range s.events {
		list = append(list, Entry{e.Name, "event", e.Features})
	}
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(list, func(e Entry) bool {
		return len(patterns) > 0 && !slices.ContainsFunc(patterns, func(pattern string) bool {
			ok, _ := path.Match(pattern, e.Name)
			return ok
		})
	}), nil
}

// Describe tells of the command or event of that name, or of a type for schemas that show types' names. Further words
// lead inside: keys of members, also joined by dots ("file.filename"), tag=value to select a branch ("driver=qcow2"), and
// "returns" for the result of a command that has no argument of that name. The error is a *NameError or a *PathError.
func (s *Schema) Describe(name string, words ...string) (*Description, error) {
	d := &Description{Name: name}
	var root *Type
	if c := s.Command(name); c != nil {
		d.Kind, d.OOB, d.Open, d.Features = "command", c.OOB, c.Open, c.Features
		d.Signature = c.Signature()
		root = &Type{Kind: KindObject, Object: c.Args}
		if !isNothing(c.Returns) {
			returns := shape(c.Returns, nil, nil, 0)
			d.Returns, d.result = &returns, c.Returns
		}
	} else if e := s.Event(name); e != nil {
		d.Kind, d.Features = "event", e.Features
		d.Signature = e.Signature()
		root = &Type{Kind: KindObject, Object: e.Data}
	} else if t := s.Type(name); t != nil {
		d.Kind, d.Features, d.Signature = "type", t.Features, name
		root = t
	} else {
		return nil, &NameError{name, append(s.NearestCommand(name), s.NearestEvent(name)...)}
	}
	if len(words) == 0 {
		d.Shape = shape(root, nil, nil, 0)
		return d, nil
	}
	return d.inside(root, words)
}

// inside follows words from root and describes what is there.
func (d *Description) inside(root *Type, words []string) (*Description, error) {
	tags := map[string]string{}
	known := func(path string) (string, bool) { value, ok := tags[path]; return value, ok }
	at := place("", root, nil, known)
	if first, rest, more := strings.Cut(words[0], "."); first == "returns" && d.Returns != nil && root.Object.Member(first) == nil {
		at = place("", d.result, nil, known)
		d.Kind, d.Name, d.Returns = "result", d.Name+" returns", nil
		if words = words[1:]; more {
			words = append([]string{rest}, words...)
		}
	}
	for _, word := range words {
		d.Name += " " + word
		if tag, value, ok := strings.Cut(word, "="); ok {
			if at.Object == nil && at.Elem != nil {
				at = place(at.join("0"), at.Elem, nil, known)
			}
			if !strings.HasPrefix(tag, at.Path+".") {
				tag = at.join(tag)
			}
			tags[tag] = value
			continue
		}
		for key := range strings.SplitSeq(word, ".") {
			next, err := at.loose(key, tags)
			if err != nil {
				return nil, err
			}
			at = next
		}
	}
	if at.Member != nil {
		d.Kind, d.Optional, d.Features = "member", at.Member.Optional, at.Member.Features
	}
	d.Shape = shape(at.Type, at.tags, nil, 0)
	d.Signature = ""
	if at.Path == "" && d.Kind != "result" && root.Kind == KindObject {
		d.Signature = signature(d.Name, root.Object, at.tags)
		return d, nil
	}
	d.OOB, d.Open, d.Returns = false, false, nil
	return d, nil
}

// loose steps to a member as Place.step does, but finds one of any branch while the tag is open, and an element's
// member without the element's number.
func (p Place) loose(key string, tags map[string]string) (Place, error) {
	if p.Object == nil && p.Elem != nil && !isIndex(key) {
		p = place(p.join("0"), p.Elem, nil, p.known)
	}
	next, err := p.step(key)
	if err == nil {
		return next, nil
	}
	if p.Object != nil && p.Object.Tag != "" {
		if cases := p.Object.Cases(key); len(cases) > 0 {
			if _, set := p.tags(p.Object.Tag); !set {
				tags[p.join(p.Object.Tag)] = cases[0]
				return p.loose(key, tags)
			}
		}
	}
	return p, err
}

func isNothing(t *Type) bool { return t.Kind == KindObject && t.Object.Empty() }

// Signature writes the command in one line: mandatory arguments, then optional ones in brackets.
func (c *Command) Signature() string {
	text := signature(c.Name, c.Args, nil)
	if c.Open {
		text += " [key=value ...]"
	}
	return text
}

// Signature writes the event and its data in one line.
func (e *Event) Signature() string { return signature(e.Name, e.Data, nil) }

// signature writes the members of o behind name. Tags that are known are left out: they stand in the name.
func signature(name string, o *Object, tags Tags) string {
	var text strings.Builder
	text.WriteString(name)
	fixed := fixedTags(o, tags)
	for _, m := range o.Valid(tags) {
		if slices.Contains(fixed, m) {
			continue
		}
		item := m.Name + "=" + strings.ReplaceAll(m.Type.Label(), "enum ", "")
		if m.Optional {
			item = "[" + item + "]"
		}
		text.WriteString(" " + item)
	}
	if tag := o.openTag(tags); tag != nil {
		text.WriteString(" (more by " + tag.Name + ")")
	}
	return text.String()
}

// fixedTags returns the tags of o and its branches whose values are known.
func fixedTags(o *Object, tags Tags) []*Member {
	var fixed []*Member
	for layer := range o.layers(tags) {
		if layer.Tag == "" || tags == nil {
			break
		}
		if _, known := tags(layer.Tag); known {
			fixed = append(fixed, layer.Member(layer.Tag))
		}
	}
	return fixed
}
