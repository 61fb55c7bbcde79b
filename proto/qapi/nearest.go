package qapi

import (
	"slices"
	"strings"
)

// maxNear is how many names Nearest offers.
const maxNear = 3

// maxName is the length from which a name is compared as it is only: nobody mistypes that much.
const maxName = 64

// NearestCommand returns the commands that may have been meant by name, the nearest first; none if nothing is near.
func (s *Schema) NearestCommand(name string) []string {
	names := make([]string, len(s.commands))
	for i, c := range s.commands {
		names[i] = c.Name
	}
	return Nearest(name, names)
}

// NearestEvent returns the events that may have been meant by name, the nearest first; none if nothing is near.
func (s *Schema) NearestEvent(name string) []string {
	names := make([]string, len(s.events))
	for i, e := range s.events {
		names[i] = e.Name
	}
	return Nearest(name, names)
}

// Nearest returns at most three of the names among that may have been meant by name, the nearest first. Near is a name
// of which name is the beginning, one that differs only in case or in '_' for '-', one a few slips away (a letter too
// many, too few, wrong, or two exchanged; a third of the letters at most), or one that has the same words in it.
func Nearest(name string, among []string) []string {
	if name == "" || len(name) > maxName {
		return nil
	}
	type scored struct {
		name  string
		score int
		more  int // how much longer or shorter it is
	}
	var near []scored
	folded := fold(name)
	limit := min((len(name)+3)/4, 4)
	var d distance
	for _, other := range among {
		if other == name || len(other) > 2*maxName {
			continue
		}
		if score, ok := d.score(folded, fold(other), limit); ok {
			near = append(near, scored{other, score, max(len(other)-len(name), len(name)-len(other))})
		}
	}
	if len(near) == 0 {
		return nil
	}
	slices.SortFunc(near, func(a, b scored) int {
		if a.score != b.score {
			return a.score - b.score
		}
		if a.more != b.more {
			return a.more - b.more
		}
		return strings.Compare(a.name, b.name)
	})
	// Beside a name that is one slip away, one that is two away is noise.
	best := near[0].score
	var names []string
	for _, n := range near {
		if len(names) < maxNear && n.score < best+10 && !slices.Contains(names, n.name) {
			names = append(names, n.name)
		}
	}
	return names
}

// fold makes spellings equal that people confuse. Names of QAPI are ASCII; other bytes stay as they are.
func fold(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r == '_' || 'A' <= r && r <= 'Z' }) {
		return name
	}
	folded := []byte(name)
	for i, c := range folded {
		switch {
		case c == '_':
			folded[i] = '-'
		case 'A' <= c && c <= 'Z':
			folded[i] = c | 0x20
		}
	}
	return string(folded)
}

// distance measures how far two names are apart; it keeps its rows.
type distance struct {
	rows [3][2*maxName + 1]int
}

// score is 0 for equal names and grows by 10 with each slip. ok is false for names that are not near.
func (d *distance) score(name, other string, limit int) (score int, ok bool) {
	switch {
	case name == other:
		return 0, true
	case len(name) >= 2 && strings.HasPrefix(other, name):
		return 6 + 2*min(len(other)-len(name), 10), true
	case len(other) >= 3 && strings.HasPrefix(name, other) && len(name)-len(other) <= limit+1:
		return 10 * min(len(name)-len(other), 2), true
	}
	slips := limit + 1
	if len(other)-len(name) <= limit && len(name)-len(other) <= limit {
		slips = d.slips(name, other)
	}
	switch {
	case slips <= limit && slips < len(name):
		return 10 * slips, true
	case len(name) >= 4 && strings.Contains(other, name), sameWords(name, other):
		return 10 * (limit + 1), true
	case len(name) >= 5 && len(other) > len(name) && d.slips(name, other[:len(name)+1]) <= 2 && d.slips(name, other[:len(name)]) <= 2:
		// The beginning of a longer name, with one slip in it: at the end, that is two.
		return 10 * (limit + 2), true
	}
	return 0, false
}

// slips counts single letters too many, too few or wrong, and neighbours exchanged (optimal string alignment).
func (d *distance) slips(a, b string) int {
	before, above, row := d.rows[0][:len(b)+1], d.rows[1][:len(b)+1], d.rows[2][:len(b)+1]
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			n := min(above[j]+1, row[j-1]+1, above[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, before[j-2]+1)
			}
			row[j] = n
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}

// sameWords reports whether every word of name, which has two at least, is a word of other: add-blockdev, blockdev-add.
func sameWords(name, other string) bool {
	if !strings.Contains(name, "-") {
		return false
	}
	words := strings.Split(other, "-")
	for word := range strings.SplitSeq(name, "-") {
		if word == "" || !slices.Contains(words, word) {
			return false
		}
	}
	return true
}
