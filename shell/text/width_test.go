package text

import (
	"strings"
	"testing"
	"unicode"
)

func TestWidth(t *testing.T) {
	for _, tt := range []struct {
		s    string
		want int
	}{
		{"", 0}, {"abc", 3}, {"日本", 4}, {"e\u0301", 1}, {"한", 2}, {"\u1112\u1161\u11ab", 2}, {"😀🚀", 4},
		{"ｆｕｌｌ", 8}, {"ﾊﾝｶｸ", 4}, {"→…↵", 3}, {"אב", 2}, {"🀄", 2}, {"🫠", 2},
	} {
		if got := Width(tt.s); got != tt.want {
			t.Errorf("%q: %d columns, want %d", tt.s, got, tt.want)
		}
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if n := Columns(r); n < 0 || n > 2 || n == 2 && unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) && r < 0xff00 {
			t.Fatalf("%U: %d columns", r, n)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		s     string
		limit int
		mark  string
		want  string
	}{
		{"abcdef", 6, "…", "abcdef"}, {"abcdef", 5, "…", "abcd…"}, {"abcdef", 5, "...", "ab..."}, {"日本語", 5, "…", "日本…"},
		{"日本語", 4, "…", "日…"}, {"abc", 2, "...", ""}, {"abc", 0, "…", ""}, {"e\u0301e\u0301", 2, "…", "e\u0301e\u0301"},
		{"abcdef", 3, "", "abc"},
	} {
		if got := Cut(tt.s, tt.limit, tt.mark); got != tt.want {
			t.Errorf("Cut(%q, %d, %q) = %q, want %q", tt.s, tt.limit, tt.mark, got, tt.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		s           string
		limit, hang int
		want        string
	}{
		{"one two three", 0, 0, "one two three"},
		{"one two three", 20, 0, "one two three"},
		{"one two three", 8, 0, "one two\nthree"},
		{"one two three\n", 7, 2, "one two\n  three\n"},
		{"  a bb ccc dddd", 8, 2, "  a bb\n    ccc\n    dddd"},
		{"x\n\nsupercalifragilistic y", 10, 0, "x\n\nsupercalifragilistic\ny"},
		{"日本 日本 日本", 9, 0, "日本 日本\n日本"},
		{"a  b", 3, 0, "a\nb"},
	} {
		got := Wrap(tt.s, tt.limit, tt.hang)
		if got != tt.want {
			t.Errorf("Wrap(%q, %d, %d) = %q, want %q", tt.s, tt.limit, tt.hang, got, tt.want)
		}
		if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(tt.s), " ") {
			t.Errorf("Wrap(%q) lost words: %q", tt.s, got)
		}
	}
}
