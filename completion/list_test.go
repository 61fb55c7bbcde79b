package completion

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/shell/text"
)

func TestList_LabelsStandBesideTheCandidates(t *testing.T) {
	r := Result{Candidates: []Candidate{{Text: "name=", Label: "str, required"}, {Text: "granularity=", Label: "int"}, {Text: "日本=", Label: "str"}, {Text: "x"}}}
	want := "name=         str, required\ngranularity=  int\n日本=         str\nx\n"
	if got := r.List(40, 10); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	want = "name=       str, re…\ngranularity= int\n日本=       str\nx\n"
	if got := r.List(20, 10); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestList_ManyStandInColumnsAndTheRestIsCounted(t *testing.T) {
	var r Result
	for i := range 30 {
		r.Candidates = append(r.Candidates, Candidate{Text: fmt.Sprintf("name%02d", i), Label: "str"})
	}
	want := "name00  name04  name08\nname01  name05  name09\nname02  name06  name10\nname03  name07  name11\n… 18 more\n"
	if got := r.List(24, 5); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := r.List(80, 5); strings.Contains(got, "more") || strings.Count(got, "name") != 30 {
		t.Errorf("got\n%s", got)
	}
	if got := r.List(24, 1); got != "… 30 more\n" {
		t.Errorf("one row: %q", got)
	}
	if got := (Result{}).List(80, 5); got != "" {
		t.Errorf("nothing: %q", got)
	}
}

func TestList_KeepsToWidthAndRows(t *testing.T) {
	e := testEnv(t)
	for _, p := range places {
		text, cursor := split(p.text)
		r := Complete(text, cursor, e)
		for _, size := range [][2]int{{80, 16}, {40, 10}, {7, 3}, {1, 1}, {0, 0}} {
			rows := strings.Split(strings.TrimSuffix(r.List(size[0], size[1]), "\n"), "\n")
			if len(rows) > max(size[1], 1) {
				t.Errorf("%s at %v: %d rows", p.text, size, len(rows))
			}
			for _, row := range rows {
				if n := columns(row); n > size[0] {
					t.Errorf("%s at %v: a row of %d columns: %q", p.text, size, n, row)
				}
			}
		}
	}
}

func columns(row string) int { return text.Width(row) }

func TestInsertion_StopsAtTheEndOfACharacter(t *testing.T) {
	r := Result{End: 1, Candidates: []Candidate{{Text: "aé"}, {Text: "aè"}}} // they differ in the second byte
	if insert, ok := r.Insertion("a"); ok || insert != "a" {
		t.Errorf("got %q %v", insert, ok)
	}
}
