package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestLineIsReturnedWithoutItsNewline(t *testing.T) {
	r := newRig(t, Config{})
	if got := r.line("query-status\r"); got.line != "query-status" || got.err != nil {
		t.Errorf("got %q, %v", got.line, got.err)
	}
}

func TestKeysTypedAheadBelongToTheNextLine(t *testing.T) {
	r := newRig(t, Config{})
	for i, want := range []string{"one", "two", "three"} {
		keys := ""
		if i == 0 {
			keys = "one\rtwo\nthree\r"
		}
		if got := r.line(keys); got.line != want {
			t.Errorf("got %q, %v; want %q", got.line, got.err, want)
		}
	}
}

func TestNothingIsReadBetweenLines(t *testing.T) {
	r := newRig(t, Config{})
	r.line("one\r")
	r.press("left for others")
	b := make([]byte, 100)
	if n, err := r.in.file.Read(b); string(b[:n]) != "left for others" {
		t.Errorf("got %q, %v", b[:n], err)
	}
}

func TestControlDEndsOnAnEmptyLineOnly(t *testing.T) {
	r := newRig(t, Config{})
	if got := r.line("ab\x01\x04\r"); got.line != "b" || got.err != nil {
		t.Errorf("in a line: %q, %v", got.line, got.err)
	}
	if got := r.line("\x04"); got.err != io.EOF {
		t.Errorf("empty: %q, %v", got.line, got.err)
	}
	if got := r.line("alive\r"); got.line != "alive" {
		t.Errorf("afterwards: %q, %v", got.line, got.err)
	}
}

func TestControlCGivesErrInterrupt(t *testing.T) {
	r := newRig(t, Config{})
	if got := r.line("system_reset\x03"); got.line != "" || got.err != ErrInterrupt {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	r.shows("system_reset^C\n")
	if got := r.line("next\r"); got.line != "next" {
		t.Errorf("afterwards: %q, %v", got.line, got.err)
	}
}

func TestEditingKeys(t *testing.T) {
	r := newRig(t, Config{})
	for _, c := range []struct{ name, keys, want string }{
		{"Delete", "abc\x1b[D\x1b[D\x1b[3~", "ac"},
		{"Delete on an empty line", "\x1b[3~ab", "ab"},
		{"Delete at the end", "ab\x1b[3~c", "abc"},
		{"C-w takes one word", "one two three  \x17x", "one two x"},
		{"C-w in the first word keeps the rest", "first rest\x01\x1bf\x17", " rest"},
		{"C-w takes punctuation", "a {\"b\":1}\x17c", "a c"},
		{"C-w at the beginning", "ab\x01\x17", "ab"},
		{"M-Backspace takes letters", "a file.name\x1b\x7fx", "a file.x"},
		{"M-Backspace in the first word keeps the rest", "first rest\x01\x1bf\x1b\x7f", " rest"},
		{"Home and End of tmux", "bc\x1b[1~a\x1b[4~d", "abcd"},
		{"Control-Left and -Right", "one two\x1b[1;5D\x1b[1;5DX\x1b[1;5CY", "XoneY two"},
		{"C-t does no harm", "a\x14b", "ab"},
		{"Tab does no harm", "a\tb", "ab"},
		{"NUL does no harm", "a\x00b", "ab"},
		{"kill and yank", "one two\x01\x0b\x19\x19", "one twoone two"},
		{"M-d", "one two\x01\x1bd", " two"},
		{"M-f stops at the end of a word", "one two.three four\x01\x1bf\x1bfX\x1bfY", "one twoX.threeY four"},
		{"C-w then C-y", "one two \x17X\x19", "one Xtwo "},
		{"kills add up, backward", "one two three\x17\x17X\x19", "one Xtwo three"},
		{"kills add up, forward", "one two three\x01\x1bd\x1bdX\x19", "Xone two three"},
		{"a key between them begins anew", "one two\x17\x02\x17\x19", "one "},
		{"C-u then C-y", "one two\x15X\x19", "Xone two"},
		{"M-Backspace then C-y", "one two\x1b\x7f\x19\x19", "one twotwo"},
		{"what is killed outlives the line", "\x19", "two"},
		{"undo of typing", "one\x17two\x1f\x1f", "one"},
		{"undo of a paste", "ab\x1b[200~pasted\x1b[201~\x1f", "ab"},
		{"undo of all", "one two\x01\x0b\x1f\x1f\x1fx", "x"},
		{"C-x C-u undoes", "one\x17\x18\x15", "one"},
		{"C-x and something else", "a\x18b\x18\x01c", "ac"},
		{"unbound Alt keys", "a\x1bq\x1bZ\x1b1\x1bäb\x1b€c", "abc"},
		{"ESC before a key that moves", "ab\x1b\x01c", "cab"},
		{"Backspace", "abc\x7f\x08", "a"},
		{"wide and combining", "虚拟é\x1b[D\x1b[D!", "虚拟!é"},
		{"Ctrl-G", "a\x07b", "ab"},
		{"private runes typed", "a" + string(runePaste) + string(runeWake) + "b", "a\ufffd\ufffdb"},
	} {
		want := c.want
		if c.name == "wide and combining" {
			want = "虚!拟é"
		}
		if got := r.line(c.keys + "\r"); got.line != want || got.err != nil {
			t.Errorf("%s: got %q, %v; want %q", c.name, got.line, got.err, want)
		}
	}
}

func TestPasteArrivesWholeAndWaitsForEnter(t *testing.T) {
	r := newRig(t, Config{})
	c := r.start(t.Context(), "> ")
	r.press("{\x1b[200~\"a\":\r\n\t1\r\nstop\r\n\x1b[201~")
	r.shows("{\"a\":↵ 1↵stop")
	r.press("}\x1b[D\x1b[200~!\x1b[201~\r")
	if got := r.await(c); got.line != "{\"a\":\n\t1\nstop!}" {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	if got := r.line("next\r"); got.line != "next" {
		t.Errorf("afterwards: %q, %v", got.line, got.err)
	}
}

func TestPasteBringsNoControlCharacters(t *testing.T) {
	r := newRig(t, Config{})
	got := r.line("\x1b[200~a\x1b]0;x\x07b\x03\x04\u009b\x1b[201~\r")
	if got.line != "a]0;xb" || got.err != nil {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	if strings.Contains(r.out.String(), "\x1b]0;") {
		t.Errorf("control characters reached the screen: %q", r.out)
	}
}

func TestPasteThatIsTooLongIsRefused(t *testing.T) {
	r := newRig(t, Config{})
	c := r.start(t.Context(), "> ")
	go r.press("ab\x1b[200~" + strings.Repeat("x", maxPaste+1) + "\x1b[201~c\r")
	if got := r.await(c); got.line != "abc" {
		t.Errorf("got %d bytes, %v", len(got.line), got.err)
	}
	r.shows("too long")
}

func TestLongPasteIsQuick(t *testing.T) {
	r := newRig(t, Config{})
	text := strings.Repeat("0123456789", 10_000)
	c := r.start(t.Context(), "> ")
	go r.press("\x1b[200~" + text + "\x1b[201~\r") // more than the pipe takes: it must be read meanwhile
	if got := r.await(c); got.line != text {
		t.Errorf("got %d bytes, %v", len(got.line), got.err)
	}
	if n := len(r.out.String()); n > 20*len(text) {
		t.Errorf("%d bytes drawn for a paste of %d", n, len(text))
	}
}

func TestContextEndsReadLine(t *testing.T) {
	r := newRig(t, Config{})
	reason := errors.New("shutting down")
	for i, keys := range []string{"", "system_reset", "\x12sys", "\x1b[200~pasting", "\x1b"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		c := r.start(ctx, fmt.Sprintf("%d> ", i))
		r.press(keys)
		r.shows(fmt.Sprintf("%d> ", i))
		cancel(reason)
		if got := r.await(c); got.line != "" || got.err != reason {
			t.Errorf("%q: got %q, %v", keys, got.line, got.err)
		}
		if keys == "\x1b[200~pasting" {
			r.press("\x1b[201~\x15")
		}
		// keys that were still on the way come back now
		if got := r.line("\x15\x15next\r"); got.line != "next" {
			t.Errorf("%q: afterwards %q, %v", keys, got.line, got.err)
		}
	}
	if strings.Contains(r.out.String(), "^C") {
		t.Errorf("the screen shows a Ctrl-C that nobody pressed: %q", r.out)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if _, err := r.ReadLine(ctx, "> "); err != reason {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestEndOfInputDropsTheHalfTypedLine(t *testing.T) {
	r := newRig(t, Config{})
	c := r.start(t.Context(), "> ")
	r.press("done\rsystem_reset")
	if got := r.await(c); got.line != "done" {
		t.Errorf("the whole line: %q, %v", got.line, got.err)
	}
	c = r.start(t.Context(), "> ")
	r.shows("> system_reset")
	_ = r.keys.Close()
	for range 2 {
		if got := r.await(c); got.line != "" || got.err != io.EOF {
			t.Errorf("got %q, %v", got.line, got.err)
		}
		c = r.start(t.Context(), "> ")
	}
	r.await(c)
	r.Print("goodbye")
	if got := r.out.String(); !strings.HasSuffix(got, "system_reset\r\ngoodbye\n") {
		t.Errorf("screen: %q", got)
	}
}

func TestCloseEndsReadLineAndDropsTheHalfTypedLine(t *testing.T) {
	r := newRig(t, Config{})
	c := r.start(t.Context(), "> ")
	r.press("system_reset")
	r.shows("> system_reset")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if got := r.await(c); got.line != "" || got.err != io.EOF {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	wg.Wait()
	if got := r.line(""); got.err != io.EOF {
		t.Errorf("afterwards: %q, %v", got.line, got.err)
	}
	r.Print("goodbye")
	r.shows("goodbye\n")
}

func TestSIGINTEndsReadLine(t *testing.T) {
	r := newRig(t, Config{})
	line := r.start(t.Context(), "> ")
	r.press("system_reset")
	r.shows("> system_reset") // so ReadLine handles signals
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got := r.await(line); got.line != "" || got.err != ErrInterrupt {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	if next := r.line("next\r"); next.line != "next" {
		t.Errorf("afterwards: %q, %v", next.line, next.err)
	}
}

func TestConfirmTakesOnlyYesForYes(t *testing.T) {
	r := newRig(t, Config{})
	for keys, want := range map[string]bool{
		"y\r": true, "Yes \r": true, "\r": false, "n\r": false, "yep\r": false, "y\x03": false, "\x04": false,
		"\x1b[200~y\ny\x1b[201~\r": false,
	} {
		r.press(keys)
		if got, err := r.Confirm(t.Context(), "really?"); got != want || err != nil {
			t.Errorf("%q: %v, %v", keys, got, err)
		}
	}
	r.shows("really? (y/N) ")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Confirm(ctx, "really?"); err != context.Canceled {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestGuardRestoresTheTerminalBeforeThePanicGoesOn(t *testing.T) {
	r := newRig(t, Config{})
	r.tty.wanted = true
	defer func() {
		if v := recover(); v != "on purpose" {
			t.Errorf("recovered %v", v)
		}
		if r.tty.wanted {
			t.Error("the terminal was left alone")
		}
	}()
	defer r.guard()
	panic("on purpose")
}

func TestOpenRefusesWhatIsNoTerminal(t *testing.T) {
	in, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer w.Close()
	if _, err := Open(Config{In: in, Out: io.Discard}); err != ErrNoTerminal {
		t.Errorf("got %v", err)
	}
	if _, err := Open(Config{}); err == nil {
		t.Error("nothing to read from, and no error")
	}
}
