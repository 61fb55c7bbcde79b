package terminal

import "testing"

func TestLineKeepsNewlinesAndTabs(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\r\nc\rd\te": "a\nb\nc\nd\te",
		"↵ stays ↵":       "↵ stays ↵",
		"\x1b[31mred\x07\x7f\u009b" + string(runeNewline) + string(runeWake): "[31mred",
		"a\xffb": "a\ufffdb",
	} {
		if got := fromLine(string(toLine(in))); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	for _, r := range toLine("a\nb\tc") {
		if s := shown(r); s != 'a' && s != '↵' && s != 'b' && s != ' ' && s != 'c' {
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
		{"\x1b[1;32m(vm1)\x1b[0m ", 80, "\x1b[1;32m(vm1)\x1b[0m ", 6},
		{"\x1b]0;title\x07a\nb\x1b[2Jc\x1b", 80, "]0;titleab[2Jc", 14},
		{"", 80, "", 0},
		{"(a-virtual-machine-with-a-long-name) ", 40, "(a-virtual-machine-with-a-lo… ", 30},
		{"\x1b[1m(a-virtual-machine-with-a-long-name)\x1b[0m ", 40, "\x1b[1m(a-virtual-machine-with-a-lo…\x1b[0m ", 30},
		{"(虚拟机虚拟机虚拟机) ", 20, "(虚拟机虚拟机… ", 15},
	} {
		got, width := fitPrompt(c.prompt, c.cols)
		if got != c.want || width != c.width {
			t.Errorf("%q on %d columns: %q, %d wide; want %q, %d", c.prompt, c.cols, got, width, c.want, c.width)
		}
	}
}
