package cmdline

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// seeds are lines of every kind; more that fuzzing found interesting are in testdata/fuzz.
func seeds(f *testing.F) {
	for _, s := range []string{
		"query-status", `x a=1 b="c d" e={"f": [1, 'g']} h.i=j`, "x a={'b': True} # c", `{"execute": "x", "arguments": {}}`,
		"transaction(\na k=v\n)", "transaction( a )", "x a=\\\nb", ".hmp info 'x", `x "a`, "x a=[::1]:4 b={c}", "x a..b=1",
		"x | .a > b.c", "x >> \"f g\" # c", `x a=@file:b c:=@env:D e=\\@f g.0.h:="i"`, `set_password password="a b" c`, "x\u00a0a=\u202e", "\ufeffx", `x a={1: (2, 3,), "\ud83d": 0x1_0}`, "x a=\xff", "a\x00",
	} {
		f.Add(s)
	}
}

// FuzzLex: tokens are in order, do not overlap, and leave out nothing but white space; line by line gives the same
// answer as at once.
func FuzzLex(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := Lex(text)
		at := 0
		gap := func(s string) {
			if s = strings.TrimPrefix(s, "\ufeff"); strings.TrimFunc(s, isGap) != "" {
				t.Errorf("%q: no token holds %q", text, s)
			}
		}
		for _, tok := range tokens {
			if tok.Start < at || tok.End < tok.Start || tok.End > len(text) || tok.Eq >= tok.End || tok.Eq >= 0 && text[tok.Eq] != '=' {
				t.Fatalf("%q: token %+v behind %d", text, tok, at)
			}
			gap(text[at:tok.Start])
			at = tok.End
		}
		if err == nil {
			gap(text[at:])
		} else if at != len(text) {
			t.Errorf("%q: the last token ends at %d", text, at)
		}
		var j Joiner
		for line := range strings.Lines(text) {
			j.Add(line)
		}
		var whole Joiner
		if whole.Add(text); text != "" && j.Need() != whole.Need() {
			t.Errorf("%q: line by line needs %d, at once %d", text, j.Need(), whole.Need())
		}
	})
}

func isGap(r rune) bool {
	return r == '\\' || r == '\n' || spaceAt(string(r), 0) > 0
}

// FuzzParse: whatever is accepted gives JSON that can be sent, and means the same when its JSON is typed in.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		st, err := Parse(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Msg == "" || e.Line < 1 || e.Column < 1 {
				t.Fatalf("%q: %#v", text, err)
			}
			e.Caret(0)
			return
		}
		if st.Kind == QMP {
			again(t, text, st)
		}
		Redact(text)
	})
}

// again writes the statement as raw JSON and reads it back.
func again(t *testing.T, text string, st Statement) {
	command, err := st.Bind(Binding{Sources: make([]string, len(st.Sources))})
	if err != nil {
		return
	}
	args := command.Arguments
	if args != nil && !json.Valid(args) {
		t.Fatalf("%q: the arguments are %s", text, args)
	}
	wire, err := command.Append(nil)
	if err != nil {
		return // sound JSON that QEMU would not take
	}
	back, err := Parse(string(wire))
	if err != nil {
		t.Fatalf("%q: sends %s, which is refused: %v", text, wire, err)
	}
	if again, err := back.Bind(Binding{}); err != nil || again.Name != command.Name || command.Raw == nil && flat(again.Arguments) != flat(args) {
		t.Fatalf("%q: sends %s, read back as %s %s", text, wire, again.Name, again.Arguments)
	}
}

// flat drops the line ends that Append turns into spaces.
func flat(raw []byte) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(string(raw)) }

// FuzzLiteral: what is accepted comes out as JSON; JSON is always accepted, unless QEMU would not take it.
func FuzzLiteral(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2.5e3, true]}`, `{'a': (1, None)}`, `[0x10, r'\d', "\ud83d"]`, `{"a": 1, "a": 2}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		raw, fault := parseLiteral(src)
		if fault == nil {
			if !json.Valid(raw) {
				t.Fatalf("%q gives %s", src, raw)
			}
			if again, fault := parseLiteral(string(raw)); fault != nil || !bytes.Equal(raw, again) {
				t.Fatalf("%q gives %s, and that %s, %v", src, raw, again, fault)
			}
			return
		}
		if fault.at < 0 || fault.at > len(src) {
			t.Fatalf("%q: fault at %d", src, fault.at)
		}
		if json.Valid([]byte(src)) && !strings.Contains(fault.msg, "twice") && !strings.Contains(fault.msg, "deep") {
			t.Fatalf("%q is JSON, but %s", src, fault.msg)
		}
	})
}

// FuzzRedact: what is typed as a password never comes out, and structure stays.
func FuzzRedact(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		Redact(text)
		if !json.Valid([]byte(text)) {
			return
		}
		hidden := RedactMessage([]byte(text))
		if !json.Valid(hidden) {
			t.Fatalf("%q becomes %q", text, hidden)
		}
		if again := RedactMessage(hidden); !bytes.Equal(hidden, again) {
			t.Fatalf("%q becomes %q and then %q", text, hidden, again)
		}
	})
}
