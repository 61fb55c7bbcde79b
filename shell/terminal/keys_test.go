package terminal

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func decode(chunks ...string) []key {
	var d decoder
	for _, c := range chunks {
		d.feed([]byte(c))
	}
	return d.keys
}

func TestKeysAreTranslated(t *testing.T) {
	for _, c := range []struct {
		name, bytes string
		want        []rune
	}{
		{"text", "aé€😀", []rune("aé€😀")},
		{"Home of tmux", "\x1b[1~", []rune{ctrlA}},
		{"Home of rxvt", "\x1b[7~", []rune{ctrlA}},
		{"Home of xterm", "\x1b[H", []rune{ctrlA}},
		{"Home in application mode", "\x1bOH", []rune{ctrlA}},
		{"End of tmux", "\x1b[4~", []rune{ctrlE}},
		{"End of rxvt", "\x1b[8~", []rune{ctrlE}},
		{"End of xterm", "\x1b[F", []rune{ctrlE}},
		{"Left Right Up Down", "\x1b[D\x1b[C\x1b[A\x1b[B", []rune{ctrlB, ctrlF, ctrlP, ctrlN}},
		{"the same in application mode", "\x1bOD\x1bOC\x1bOA\x1bOB", []rune{ctrlB, ctrlF, ctrlP, ctrlN}},
		{"Control-Left and -Right", "\x1b[1;5D\x1b[1;5C", []rune{runeWordLeft, runeWordRight}},
		{"Alt-Left and -Right", "\x1b[1;3D\x1b[1;3C", []rune{runeWordLeft, runeWordRight}},
		{"Shift-Left", "\x1b[1;2D", []rune{ctrlB}},
		{"Delete", "\x1b[3~", []rune{runeDelete}},
		{"Control-Delete", "\x1b[3;5~", []rune{runeWordDelete}},
		{"Meta", "\x1bb\x1bf\x1bd\x1b\x7f\x1b\x08", []rune{runeWordLeft, runeWordRight, runeWordDelete, runeWordBack, runeWordBack}},
		{"unbound Meta", "\x1bxy", []rune("y")},
		{"Escape and Enter", "\x1b\r", []rune{'\r'}},
		{"Escape and Ctrl-C", "\x1b\x03", []rune{ctrlC}},
		{"Escape twice", "\x1b\x1b[D", []rune{ctrlB}},
		{"C-w and C-z", "\x17\x1a", []rune{runeWordRubout, runeSuspend}},
		{"unbound controls, NUL and C-t", "a\x00\x0f\x11\x14\x16\x18\x1c\x1d\x1e\x1fb", []rune{'a', runeUndo, 'b'}},
		{"Tab", "a\tb", []rune{'a', runeComplete, 'b'}},
		{"other keys", "a\x1b[2~\x1b[5~\x1b[15~\x1bOP\x1b[[Ab\x1b[I\x1b[1;2R\x1b[97;5u", []rune("ab")},
		{"an endless sequence", "a\x1b[" + strings.Repeat("1;", 5000) + "Db", []rune{'a', ctrlB, 'b'}},
		{"a sequence that is cut off", "\x1b[1\x03", []rune{ctrlC}},
		{"another one", "\x1b[1é", []rune{'é'}},
		{"bytes that are not UTF-8", "a\xffb\xe2\x82c\xc3\x1b[D", []rune{'a', utf8.RuneError, 'b', utf8.RuneError, utf8.RuneError, 'c', utf8.RuneError, ctrlB}},
		{"C1 and private runes", "a\u0080\u009b" + string(runeWake) + string(runePaste) + "b", []rune("a\ufffd\ufffdb")},
		{"a stray end of paste", "a\x1b[201~b", []rune("ab")},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []rune
			for _, k := range decode(c.bytes) {
				got = append(got, k.r)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q gives %q, want %q", c.bytes, got, c.want)
			}
		})
	}
}

func TestPasteIsOneKey(t *testing.T) {
	const text = "a\r{\"b\": 1}\r\x03\x1b[20\x1b[201\x1b[A\tc\r"
	got := decode("x\x1b[200~" + text + "\x1b[201~y")
	want := []key{{r: 'x'}, {r: runePaste, paste: text}, {r: 'y'}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPasteThatIsTooLongIsCut(t *testing.T) {
	got := decode("\x1b[200~"+strings.Repeat("x", maxPaste), "yyy\x1b[201~z")
	if len(got) != 2 || len(got[0].paste) != maxPaste || got[0].lost != 3 || got[1].r != 'z' {
		t.Errorf("%d keys, %d bytes kept, %d lost", len(got), len(got[0].paste), got[0].lost)
	}
}

// FuzzKeys cuts the input in two ways and checks that the cuts do not matter,
// and what may come out at all.
func FuzzKeys(f *testing.F) {
	for _, s := range []string{
		"abc\x1b[1~\x1b[1;5D\x17\x1b[3~é€😀\r", "\x1b[200~a\rb\tc\x1b[201~\r", "\x1b[200~\x1b[201\x1b[201~",
		"\x1b[[A\x1bOH\x1b\x1b[D", "\xff\xe2\x82\x1b", "\x1b[200~" + strings.Repeat("ü", 50), string(runePaste),
	} {
		f.Add([]byte(s), uint64(0x9e3779b97f4a7c15))
	}
	f.Fuzz(func(t *testing.T, data []byte, cuts uint64) {
		whole := decode(string(data))
		var d decoder
		for rest := data; len(rest) > 0; {
			n := min(int(cuts%7)+1, len(rest))
			cuts = cuts>>3 | cuts<<61
			d.feed(rest[:n])
			rest = rest[n:]
		}
		if !slices.Equal(d.keys, whole) {
			t.Fatalf("in pieces: %+v, whole: %+v", d.keys, whole)
		}
		for _, k := range whole {
			if k.r == 0 || k.r == escape || k.r == ctrlT || k.r == tab || k.r >= 0x7f+1 && k.r < 0xa0 {
				t.Fatalf("key %q", k.r)
			}
			if k.r == runeWake || k.r == runeNewline || k.r == runeTab {
				t.Fatalf("somebody typed the private rune %x", k.r)
			}
			for _, r := range fromLine(string(toLine(k.paste))) {
				if isControl(r) && r != '\n' && r != '\t' || r >= runeWake {
					t.Fatalf("a paste brings %q", r)
				}
			}
		}
	})
}
