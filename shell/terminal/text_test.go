package terminal

import (
	"testing"
	"unicode"

	"github.com/chzyer/readline"

	"github.com/qmpsh/qmpsh/shell/text"
)

func TestLineKeepsNewlinesAndTabs(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\r\nc\rd\te":           "a\nb\nc\nd\te",
		"↵ stays ↵":                 "↵ stays ↵",
		"\x1b[31mred\x07\x7f\u009b": "[31mred",
		"\u00a0\u200b\u202e\ufeff\u2028\U000e0041\U0001d173":  "\u00a0\u200b\u202e\ufeff\u2028\U000e0041\U0001d173",
		string(runeNewline) + string(runeWake) + "\U0010fffe": "\ufffd\ufffd\ufffd", // nobody types those
		"a\xffb": "a\ufffdb",
	} {
		if got := fromLine(string(toLine(in))); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		for _, in := range toLine(string(r)) {
			if s := (&screen{}).shown(in); !text.Visible(s) {
				t.Fatalf("%U is shown as %U", r, s)
			}
			if n := (readline.Runes{}).Width(in); in >= runeWake && n != 1 {
				t.Fatalf("%U takes %d columns for readline", r, n)
			}
		}
	}
	for _, r := range toLine("a\nb\tc") {
		if s := (&screen{}).shown(r); s != 'a' && s != '↵' && s != 'b' && s != ' ' && s != 'c' {
			t.Errorf("%x is shown as %q", r, s)
		}
	}
}

func TestPromptFitsAndIsMeasured(t *testing.T) {
	for _, c := range []struct {
		prompt string
		cols   int
		want   string
		width  int
	}{
		{"(vm1 paused) ", 80, "(vm1 paused) ", 13},
		{"\x1b]0;title\x07a\nb\u200b\x1b[2Jc", 80, `\x1b]0;title\x07a\nb\u200b\x1b[2Jc`, 34},
		{"", 80, "", 0},
		{"(a-virtual-machine-with-a-long-name) ", 40, "(a-virtual-machine-with-a-lo… ", 30},
		{"(虚拟机虚拟机虚拟机) ", 20, "(虚拟机虚拟机… ", 15},
	} {
		got, width := fitPrompt(c.prompt, c.cols, "…")
		if got != c.want || width != c.width {
			t.Errorf("%q on %d columns: %q, %d wide; want %q, %d", c.prompt, c.cols, got, width, c.want, c.width)
		}
	}
}
