package qapi

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Role says what a piece of text is, so that a caller may colour it.
type Role uint8

// The roles.
const (
	Plain    Role = iota
	Heading       // "arguments", "returns"
	NameText      // the name of a command, event, member or value
	TypeText      // a type's label
	Note          // "optional", "deprecated", ...
)

// Segment is a piece of a line in one role.
type Segment struct {
	Role Role
	Text string
}

// Line is one line of text without its end.
type Line []Segment

// String returns the line's text.
func (l Line) String() string {
	var text strings.Builder
	for _, s := range l {
		text.WriteString(s.Text)
	}
	return text.String()
}

// Text returns the description for people, wrapped at width columns (0: not at all), each line with its end.
func (d *Description) Text(width int) string {
	var text strings.Builder
	for _, l := range d.Lines(width) {
		text.WriteString(l.String())
		text.WriteByte('\n')
	}
	return text.String()
}

// Lines returns the description for people in lines of at most width columns where words allow it; 0 means no limit.
func (d *Description) Lines(width int) []Line {
	p := &page{width: width}
	p.words(0, 4, Segment{NameText, d.Name}, Segment{Plain, strings.TrimPrefix(d.Signature, d.Name)})
	p.words(0, 2, Segment{Note, d.notes()})
	switch d.Kind {
	case "command":
		p.section("arguments", "none", d.Shape, false)
		returns := Shape{}
		if d.Returns != nil {
			returns = *d.Returns
		}
		p.path = "returns"
		p.section("returns", "nothing", returns, true)
	case "event":
		p.section("data", "none", d.Shape, false)
	default:
		p.section("type", "", d.Shape, true)
	}
	if p.more != "" {
		p.words(0, 2, Segment{Note, "… has members of its own: describe " + d.Name + " " + p.more})
	}
	return p.lines
}

func (d *Description) notes() string {
	notes := []string{d.Kind}
	if d.Optional {
		notes = append(notes, "optional")
	}
	if d.OOB {
		notes = append(notes, "may run out of band")
	}
	if d.Open {
		notes = append(notes, "takes more arguments than listed")
	}
	return strings.Join(append(notes, d.Features...), ", ")
}

// page gathers lines.
type page struct {
	width int
	lines []Line
	path  string // to the members being written, in words as Describe takes them
	more  string // the path of the first one that is not written out
}

// section adds a heading and what belongs under it; with label, the type's label behind the heading.
func (p *page) section(heading, none string, s Shape, label bool) {
	head := []Segment{{Heading, heading + ":"}}
	switch {
	case s.Type == "" || !label && len(s.Members) == 0 && len(s.Branches) == 0:
		head = append(head, Segment{Plain, " " + none})
	case label:
		head = append(head, Segment{TypeText, " " + s.Type}, Segment{Note, p.rest(s)})
	}
	p.words(0, 2, head...)
	p.shape(2, s)
}

// shape adds values, members and branches, indented by in columns.
func (p *page) shape(in int, s Shape) {
	p.values(in, s)
	p.members(in, s.Members)
	p.branches(in, s.Tag, s.Branches)
}

// rest is what follows the label of a type whose members are not written out; it remembers the first of them.
func (p *page) rest(s Shape) string {
	if !s.More {
		return ""
	}
	if p.more == "" {
		p.more = p.path
	}
	if s.Tag != "" {
		return " … by " + s.Tag
	}
	return " …"
}

func (p *page) values(in int, s Shape) {
	noted := slices.ContainsFunc(s.Values, func(v ValueInfo) bool { return len(v.Features) > 0 })
	if len(s.Values) == 0 || strings.Contains(s.Type, "enum ") && !noted {
		return
	}
	segments := []Segment{{Note, "one of"}}
	for i, v := range s.Values {
		text := " " + v.Name
		if len(v.Features) > 0 {
			text += " (" + strings.Join(v.Features, ", ") + ")"
		}
		if i < len(s.Values)-1 {
			text += ","
		}
		segments = append(segments, Segment{NameText, text})
	}
	p.words(in, in+2, segments...)
}

// maxColumn is how wide the column of names may grow.
const maxColumn = 28

func (p *page) members(in int, list []MemberInfo) {
	column := 0
	for _, m := range list {
		column = max(column, min(utf8.RuneCountInString(m.Name), maxColumn))
	}
	above := p.path
	for _, m := range list {
		p.step(above, ".", m.Name)
		pad := strings.Repeat(" ", max(column-utf8.RuneCountInString(m.Name), 0)+2)
		p.words(in, in+4, Segment{NameText, m.Name}, Segment{Plain, pad}, Segment{TypeText, m.Type},
			Segment{Note, p.rest(m.Shape) + m.notes()})
		p.shape(in+4, m.Shape)
	}
	p.path = above
}

// step leads the path from above to word.
func (p *page) step(above, separator, word string) {
	last := above[strings.LastIndexByte(above, ' ')+1:]
	switch {
	case above == "":
		p.path = word
	case strings.Contains(last, "="):
		p.path = above + " " + word
	default:
		p.path = above + separator + word
	}
}

func (m MemberInfo) notes() string {
	var text string
	if m.Optional {
		text += ", optional"
	}
	if m.Default != nil {
		text += ", default " + string(m.Default)
	}
	for _, f := range m.Features {
		text += ", " + f
	}
	return text
}

func (p *page) branches(in int, tag string, list []BranchInfo) {
	above := p.path
	for _, b := range list {
		p.step(above, " ", tag+"="+b.Cases[0])
		segments := []Segment{{Heading, "with " + tag + "=" + strings.Join(b.Cases, ", ") + ":"}}
		if len(b.Members) == 0 && len(b.Branches) == 0 {
			segments = append(segments, Segment{Plain, " nothing more"})
		}
		p.words(in, in+2, segments...)
		p.members(in+2, b.Members)
		p.branches(in+2, b.Tag, b.Branches)
	}
	p.path = above
}

// words adds a line made of segments, indented by in columns, and breaks it between words where it grows too wide;
// further lines are indented by hang columns.
func (p *page) words(in, hang int, segments ...Segment) {
	line, column := Line{{Plain, strings.Repeat(" ", in)}}, in
	for _, s := range segments {
		for word := range strings.SplitAfterSeq(s.Text, " ") {
			n := utf8.RuneCountInString(strings.TrimRight(word, " "))
			if p.width > 0 && column+n > p.width && column > hang {
				p.lines = append(p.lines, trimmed(line))
				line, column = Line{{Plain, strings.Repeat(" ", hang)}}, hang
			}
			line = append(line, Segment{s.Role, word})
			column += utf8.RuneCountInString(word)
		}
	}
	p.lines = append(p.lines, trimmed(line))
}

// trimmed joins neighbours of one role and drops blanks at the end.
func trimmed(line Line) Line {
	var out Line
	for _, s := range line {
		if n := len(out); n > 0 && out[n-1].Role == s.Role {
			out[n-1].Text += s.Text
		} else if s.Text != "" {
			out = append(out, s)
		}
	}
	for len(out) > 0 {
		last := &out[len(out)-1]
		if last.Text = strings.TrimRight(last.Text, " "); last.Text != "" {
			break
		}
		out = out[:len(out)-1]
	}
	return out
}
