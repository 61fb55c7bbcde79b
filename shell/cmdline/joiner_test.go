package cmdline

import (
	"strings"
	"testing"
)

func TestJoiner(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		needs []Need // behind each line
	}{
		{"plain", []string{"query-status"}, []Need{Nothing}},
		{"blank", []string{""}, []Need{Nothing}},
		{"continued", []string{`x a=1 \`, `b=2\`, ``}, []Need{NextLine, NextLine, Nothing}},
		{"continued, CRLF", []string{"x \\\r", "a=1\r"}, []Need{NextLine, Nothing}},
		{"continued word", []string{`tra\`, `nsaction(`, `)`}, []Need{NextLine, EndTransaction, Nothing}},
		{"two backslashes", []string{`x a=C:\\`}, []Need{Nothing}},
		{"backslash and space", []string{`x a=1 \ `}, []Need{Nothing}},
		{"backslash in a comment", []string{`x # \`}, []Need{Nothing}},
		{"backslash in quotes", []string{`x a="b\`, `c"`}, []Need{NextLine, Nothing}},
		{"raw", []string{`{`, `"execute": "x"`, ``, `}`}, []Need{ClosingBracket, ClosingBracket, ClosingBracket, Nothing}},
		{"brackets in strings", []string{`{"execute": "{", 'a': '['}`}, []Need{Nothing}},
		{"value", []string{`x a=[1,`, `# 2]`}, []Need{ClosingBracket, Nothing}},
		{"bracket that is text", []string{`x a=b{ c`}, []Need{Nothing}},
		{"transaction", []string{"transaction(", "# )", "a k=v", "", "b k=)", ")"},
			[]Need{EndTransaction, EndTransaction, EndTransaction, EndTransaction, EndTransaction, Nothing}},
		{"transaction in a line", []string{"transaction( a k=v )"}, []Need{Nothing}},
		{"transaction, closed behind an action", []string{"transaction( a", "b )"}, []Need{EndTransaction, Nothing}},
		{"transaction, ) in quotes", []string{"transaction(", `")"`, ")"}, []Need{EndTransaction, EndTransaction, Nothing}},
		{"transaction with JSON", []string{"transaction(", "a k={", "}", ")"}, []Need{EndTransaction, ClosingBracket, EndTransaction, Nothing}},
		{"transaction (", []string{"transaction (", ")"}, []Need{EndTransaction, Nothing}},
		{"transaction, glued", []string{"transaction(a", ")"}, []Need{EndTransaction, Nothing}},
		{"the command transaction", []string{"transaction", "( x"}, []Need{Nothing, Nothing}},
		{"transaction as a value", []string{"x a=transaction(", "x transaction("}, []Need{Nothing, Nothing}},
		{"behind .json", []string{".json transaction(", ")", ".json x a={", "}"}, []Need{EndTransaction, Nothing, ClosingBracket, Nothing}},
		{"filter", []string{`x | .a["b] {`}, []Need{Nothing}},
		{"filter, continued", []string{`x | .a \`, `| .b`}, []Need{NextLine, Nothing}},
		{"filter behind JSON", []string{`{"execute":`, `"x"} | [`}, []Need{ClosingBracket, Nothing}},
		{"filter behind a transaction", []string{"transaction(", "a | b", ") | {"}, []Need{EndTransaction, EndTransaction, Nothing}},
		{"file", []string{`x > a{`}, []Need{Nothing}},
		{"JSON behind :=", []string{`x a:=[`, `]`}, []Need{ClosingBracket, Nothing}},
		{"open quote cannot be mended", []string{`x a="b`}, []Need{Nothing}},
		{"open quote in brackets", []string{`x a={"b`}, []Need{Nothing}},
		{"crossed brackets", []string{`x a={]`}, []Need{Nothing}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var j Joiner
			for i, line := range tt.lines {
				done := j.Add(line)
				if got := j.Need(); got != tt.needs[i] || done != (got == Nothing) {
					t.Fatalf("line %d %q: need %d, done %v; want %d", i, line, got, done, tt.needs[i])
				}
				text := strings.Join(tt.lines[:i+1], "\n")
				if got := j.Text(); got != strings.TrimSuffix(text, "\r") {
					t.Errorf("text %q, want %q", got, text)
				}
				var whole Joiner
				if line != "" && whole.Add(text) != done {
					t.Errorf("%q at once: not %v", text, done)
				}
			}
			if j.Len() < len(j.Text()) {
				t.Errorf("length %d of %q", j.Len(), j.Text())
			}
		})
	}
}

// TestJoinerLooksAtEachLineOnce would take minutes if each line made the joiner start over.
func TestJoinerLooksAtEachLineOnce(t *testing.T) {
	lines := 200_000
	if testing.Short() || raceDetector {
		lines /= 20
	}
	var j Joiner
	j.Add("transaction(")
	for range lines {
		if j.Add("block-dirty-bitmap-add node=drive0 name=bitmap0") {
			t.Fatal("done too early")
		}
	}
	if !j.Add(")") {
		t.Fatal("not done at the end")
	}
	st, err := Parse(j.Text())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := st.Bind(Binding{}); err != nil || strings.Count(string(c.Arguments), `"type"`) != lines {
		t.Fatalf("%v, %d bytes", err, len(c.Arguments))
	}
}
