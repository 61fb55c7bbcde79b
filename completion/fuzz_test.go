package completion

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzComplete completes any text at any place: nothing panics, and the ranges are good ones.
func FuzzComplete(f *testing.F) {
	for _, p := range places {
		text, cursor := split(p.text)
		f.Add(text, cursor)
	}
	f.Add("\ufeffquery-status", 3)
	f.Add("blockdev-add \"a.b\".c='x", 16)
	f.Add("transaction( transaction( ) ) x", 28)
	f.Add("a |b\\\n> \"c", 10)
	e := testEnv(f)
	f.Fuzz(func(t *testing.T, text string, cursor int) {
		r := Complete(text, cursor, e)
		at := min(max(cursor, 0), len(text))
		if r.Start < 0 || r.Start > at || r.End < at || r.End > len(text) {
			t.Fatalf("%q at %d: range %d:%d", text, cursor, r.Start, r.End)
		}
		seen := map[string]bool{}
		for _, c := range r.Candidates {
			if c.Text == "" || seen[c.Text] || !utf8.ValidString(c.Text) || strings.ContainsAny(c.Text, "\n\r") {
				t.Errorf("%q at %d: candidate %q", text, cursor, c.Text)
			}
			seen[c.Text] = true
		}
		stands := text[r.Start:r.End]
		if insert, ok := r.Insertion(text); !ok && insert != stands {
			t.Errorf("%q at %d: inserts %q for %q and denies it", text, cursor, insert, stands)
		} else if ok && len(r.Candidates) > 1 && !strings.HasPrefix(insert, stands) {
			t.Errorf("%q at %d: %q loses what was typed, %q", text, cursor, insert, stands)
		}
		r.List(at%90, cursor%20)
		Hint(text[:at], e)
		if words := strings.Fields(text); len(words) > 0 {
			CompleteWords(words[:len(words)-1], words[len(words)-1], e)
		}
	})
}
