package terminal

import (
	"io"
	"os"
	"testing"
	"unicode/utf8"
)

func newTestInput(t *testing.T) (*input, *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := newInput(r, func() {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.release()
		_ = r.Close()
		_ = w.Close()
	})
	return in, w
}

func readKey(t *testing.T, in *input) rune {
	t.Helper()
	p := make([]byte, 16)
	n, err := in.Read(p)
	if err != nil {
		return 0
	}
	r, _ := utf8.DecodeRune(p[:n])
	in.done(false)
	return r
}

func TestStormOfWakeUpsLocksNobodyOut(t *testing.T) {
	in, w := newTestInput(t)
	if _, err := w.WriteString("ab"); err != nil {
		t.Fatal(err)
	}
	got := ""
	for range 10 {
		in.wake()
		if r := readKey(t, in); r == runeWake {
			got += "."
		} else {
			got += string(r)
		}
	}
	if got != ".a.b......" {
		t.Errorf("got %q", got)
	}
	_ = w.Close()
	in.wake()
	for range 2 {
		if r := readKey(t, in); r != runeWake && r != 0 {
			t.Errorf("got %q", r)
		}
	}
	in.wake()
	if _, err := in.Read(make([]byte, 16)); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestWakeUpNeverSplitsARune(t *testing.T) {
	in, w := newTestInput(t)
	got := ""
	for _, b := range []byte("虚") {
		if _, err := w.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
		in.fill()
		in.wake()
		got += string(readKey(t, in))
	}
	got += string(readKey(t, in))
	if want := string(runeWake) + string(runeWake) + "虚" + string(runeWake); got != want {
		t.Errorf("got %q", got)
	}
}

func TestWakeUpWaitsForTheKeyAndForTheSearch(t *testing.T) {
	in, w := newTestInput(t)
	if _, err := w.WriteString("ab"); err != nil {
		t.Fatal(err)
	}
	in.fill()
	in.done(true) // in a search
	in.wake()
	if r := readKey(t, in); r != 'a' { // readKey ends the search
		t.Fatalf("in a search: %q", r)
	}
	if _, ok, _ := in.next(); !ok {
		t.Fatal("nothing after the search")
	}
	if r, ok, _ := in.next(); ok {
		t.Errorf("%q while a key is with readline", r)
	}
}

func TestReadNeedsRoomForARune(t *testing.T) {
	in, _ := newTestInput(t)
	if _, err := in.Read(make([]byte, 3)); err != io.ErrShortBuffer {
		t.Errorf("got %v", err)
	}
}
