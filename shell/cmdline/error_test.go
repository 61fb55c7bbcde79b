package cmdline

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func place(e *Error) string { return fmt.Sprintf("%d:%d", e.Line, e.Column) }

func TestCaret(t *testing.T) {
	tests := []struct{ name, text, at, want string }{
		{"plain", "x foo bar", "foo", "x foo bar\n  ^"},
		{"at the end", "x foo", "", "x foo\n     ^"},
		{"tab", "x\t\tfoo", "foo", "x  foo\n   ^"},
		{"wide", "日本 foo", "foo", "日本 foo\n     ^"},
		{"combining", "e\u0301 foo", "foo", "e\u0301 foo\n  ^"},
		{"controls", "\x1b[2J\u202e\u009b foo", "foo", `\x1b[2J\u202e\u009b foo` + "\n" + strings.Repeat(" ", 20) + "^"},
		{"no UTF-8", "a\xff foo", "foo", `a\xff foo` + "\n      ^"},
		{"second line", "transaction(\r\na foo\r\n)", "foo", "a foo\n  ^"},
		{"cut right", "x foo " + strings.Repeat("y", 100), "foo", "x foo " + strings.Repeat("y", 70) + "…\n  ^"},
		{"cut left", strings.Repeat("y", 100) + " foo", "foo", "…" + strings.Repeat("y", 72) + " foo\n" + strings.Repeat(" ", 74) + "^"},
		{"cut both", strings.Repeat("y", 100) + "foo" + strings.Repeat("z", 100), "foo",
			"…" + strings.Repeat("y", 38) + "foo" + strings.Repeat("z", 35) + "…\n" + strings.Repeat(" ", 39) + "^"},
		{"cut, wide", strings.Repeat("日", 50) + "foo", "foo", "…" + strings.Repeat("日", 36) + "foo\n" + strings.Repeat(" ", 73) + "^"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := len(tt.text)
			if tt.at != "" {
				at = strings.Index(tt.text, tt.at)
			}
			e := (&fault{at: at, msg: "m"}).in(tt.text)
			if got := e.Caret(0); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestCaretFitsIntoANarrowWindow(t *testing.T) {
	text := strings.Repeat("y", 100) + "foo" + strings.Repeat("z", 100)
	for columns := 1; columns < 100; columns++ {
		for _, at := range []int{0, 10, 100, 203} {
			for line := range strings.Lines((&fault{at: at}).in(text).Caret(columns)) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > max(columns, 4) {
					t.Errorf("%d columns, fault at %d: a line of %d: %s", columns, at, n, line)
				}
			}
		}
	}
	if got := (&fault{at: 100}).in(text).Caret(20); got != "…yyyyyyyyfoozzzzzz…\n         ^" {
		t.Errorf("got\n%s", got)
	}
}

func TestCaretStaysSmall(t *testing.T) {
	size := 1 << 20
	if testing.Short() || raceDetector {
		size /= 16
	}
	for _, text := range []string{
		strings.Repeat("y", size), strings.Repeat("\u0301", size), strings.Repeat("\xff", size), strings.Repeat("日", size),
	} {
		for _, at := range []int{0, 1, len(text) / 2, len(text)} {
			got := (&fault{at: at}).in(text).Caret(0)
			if n := utf8.RuneCountInString(got); n > 1500 {
				t.Errorf("%q…: %d characters", text[:4], n)
			}
		}
	}
	if got := (&Error{Text: "x", Offset: 99}).Caret(0); got != "x\n ^" {
		t.Errorf("an offset behind the text: %q", got)
	}
}
