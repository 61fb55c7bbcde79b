package completion

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/shell/text"
)

// Insertion returns what takes the place of text[r.Start:r.End]: the whole candidate if there is one, with a space behind
// it where one may follow; else what all candidates begin with. ok is false if that is what stands there already: then it
// is time for List.
func (r Result) Insertion(text string) (insert string, ok bool) {
	stands := text[r.Start:r.End]
	switch len(r.Candidates) {
	case 0:
		return stands, false
	case 1:
		only := r.Candidates[0]
		if insert = only.Text; only.Final && !startsWithSpace(text[r.End:]) {
			insert += " "
		}
		return insert, insert != stands
	}
	if insert = r.common(); len(insert) > len(stands) && strings.HasPrefix(insert, stands) {
		return insert, true
	}
	return stands, false // quotes may have to be put before it: that needs one candidate
}

func startsWithSpace(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(r)
}

// common returns what all candidates begin with.
func (r Result) common() string {
	common := r.Candidates[0].Text
	for _, c := range r.Candidates[1:] {
		n := 0
		for n < len(common) && n < len(c.Text) && common[n] == c.Text[n] {
			n++
		}
		common = common[:n]
	}
	for !utf8.ValidString(common) && common != "" {
		common = common[:len(common)-1] // half a character
	}
	return common
}

// gap is the space between columns.
const gap = 2

// List returns the candidates as lines of at most width columns, at most maxRows of them, each with its end. Labels stand
// beside the candidates if that many rows do; else names stand in columns. A last line tells how many are left out.
func (r Result) List(width, maxRows int) string {
	if len(r.Candidates) == 0 || maxRows <= 0 || width <= 0 {
		return ""
	}
	widest := 0
	for _, c := range r.Candidates {
		widest = max(widest, text.Width(c.Text))
	}
	var b strings.Builder
	if len(r.Candidates) <= maxRows {
		for _, c := range r.Candidates {
			b.WriteString(labelled(c, min(widest, width/2), width))
		}
		return b.String()
	}
	return r.columns(width, widest, maxRows)
}

// All returns all candidates as lines of at most width columns, each with its end: names in columns.
func (r Result) All(width int) string {
	widest := 0
	for _, c := range r.Candidates {
		widest = max(widest, text.Width(c.Text))
	}
	return r.columns(max(width, 1), widest, len(r.Candidates))
}

// columns lays out names of at most widest columns each in at most maxRows lines.
func (r Result) columns(width, widest, maxRows int) string {
	var b strings.Builder
	columns := max((width+gap)/(widest+gap), 1)
	rows := (len(r.Candidates) + columns - 1) / columns
	left := 0
	if rows > maxRows {
		// The last row says what is left out; what is shown stays in the order of reading down.
		rows = maxRows - 1
		left = len(r.Candidates) - rows*columns
	}
	shown := r.Candidates[:len(r.Candidates)-left]
	for row := range rows {
		var line strings.Builder
		for i := row; i < len(shown); i += rows {
			name := shown[i].Text
			if i+rows < len(shown) {
				name = text.Pad(name, widest+gap)
			}
			line.WriteString(name)
		}
		b.WriteString(text.Cut(line.String(), width, text.Ellipsis) + "\n")
	}
	if left > 0 {
		b.WriteString(text.Cut(fmt.Sprintf("… %d more", left), width, text.Ellipsis) + "\n")
	}
	return b.String()
}

// labelled is a line with a candidate, and its label from the column behind at on.
func labelled(c Candidate, at, width int) string {
	line := c.Text
	if c.Label != "" {
		line = text.Pad(line, at+gap) + c.Label
	}
	return text.Cut(line, width, text.Ellipsis) + "\n"
}
