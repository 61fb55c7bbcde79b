package text

import (
	"bytes"
	"fmt"
	"testing"
)

func TestWriter_CleansWhatNobodyPainted(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	red := NewStyle("\x1b[31m", "\x1b[0m")
	guests := "\x1b]52;c;eA==\x07 \x1b[31m\u202e\x9b\r\nnext\n"
	if n, err := fmt.Fprint(w, guests); n != len(guests) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	const clean = `\x1b]52;c;eA==\x07 \x1b[31m\u202e\x9b` + "\nnext\n"
	if out.String() != clean {
		t.Errorf("got %q", out.String())
	}
	out.Reset()
	if err := w.Print(Join(" ", red.Paint(PlainLine(guests)), Plain("x\n"))); err != nil {
		t.Error(err)
	}
	if want := "\x1b[31m" + CleanLine(guests) + "\x1b[0m x\n"; out.String() != want {
		t.Errorf("painted: got %q, want %q", out.String(), want)
	}
	out.Reset()
	fmt.Fprintln(w, red.Paint(Plain("x"))) // forgotten that it is painted: to be seen, and harmless
	if want := `\x1b[31mx\x1b[0m` + "\n"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
}

func TestStyle_IsColourOnly(t *testing.T) {
	for _, bad := range []string{"", "\x1b[2J", "\x1b]0;x\x07", "\x1b[31m\x1b[2J", "x\x1b[31m", "\x1b[?25lm"} {
		if got := NewStyle(bad, "\x1b[0m").Paint(Plain("x")).String(); got != "x" {
			t.Errorf("%q: %q", bad, got)
		}
		if got := NewStyle("\x1b[1m", bad).Paint(Plain("x")).String(); got != "x" {
			t.Errorf("%q: %q", bad, got)
		}
	}
	bold := NewStyle("\x1b[1m", "\x1b[22m")
	if got := bold.Paint(PlainJSON([]byte("\"a\u200b\""))).String(); got != "\x1b[1m\"a\\u200b\"\x1b[22m" {
		t.Errorf("got %q", got)
	}
	if got := bold.Paint(Painted{}).String(); got != "" {
		t.Errorf("nothing, painted: %q", got)
	}
}
