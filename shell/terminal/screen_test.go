package terminal

import (
	"io"
	"testing"

	"github.com/creack/pty"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

func TestWidthIsThatOfTheTerminalOrEighty(t *testing.T) {
	tty, second := qmptest.NewTerminal(t).End, qmptest.NewTerminal(t).End
	if err := pty.Setsize(tty, &pty.Winsize{}); err != nil { // as one that tells nothing
		t.Fatal(err)
	}
	if err := pty.Setsize(second, &pty.Winsize{Rows: 5, Cols: 33}); err != nil {
		t.Fatal(err)
	}
	onTTY, piped := newScreen(tty, second), newScreen(io.Discard, tty)
	if got := piped.measure(); got != 80 {
		t.Errorf("a terminal that tells nothing has %d columns", got)
	}
	if got := onTTY.measure(); got != 33 {
		t.Errorf("output tells nothing, and the width is %d instead of the input's", got)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 10, Cols: 40}); err != nil {
		t.Fatal(err)
	}
	if a, b := onTTY.measure(), piped.measure(); a != 40 || b != 40 {
		t.Errorf("%d and %d columns, not 40", a, b)
	}
}

func TestCursorIsPlacedByRowsAndColumns(t *testing.T) {
	for _, c := range []struct {
		cols, prompt int
		line         string
		pos          int
		want         string
	}{
		{20, 5, "abc", 3, ""},
		{20, 5, "abc", 1, "\r\x1b[6C"},
		{20, 0, "abc", 0, "\r"},
		{20, 5, "0123456789012345", 2, "\r\x1b[1A\x1b[7C"},
		{20, 5, "0123456789012345", 15, "\r"},               // the first column of the second row
		{20, 5, "012345678901234", 14, "\r\x1b[1A\x1b[19C"}, // a full row
		{20, 5, "虚拟机", 1, "\r\x1b[7C"},
		{8, 5, "虚拟机", 2, "\r\x1b[2C"}, // a wide character does not fit into the last column
	} {
		s := newScreen(io.Discard, noFile{})
		s.cols = c.cols
		s.setPrompt(c.prompt)
		line := []rune(c.line)
		s.place(line, c.pos)
		if string(s.cursor) != c.want {
			t.Errorf("%q, cursor at %d: %q, want %q", c.line, c.pos, s.cursor, c.want)
		}
	}
}

type noFile struct{}

func (noFile) Fd() uintptr { return ^uintptr(0) }
