package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/text"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write returns what WriteResult writes, in how many writes.
func write(t testing.TB, o Options, value string) (string, int) {
	t.Helper()
	return writeTo(t, false, o, value)
}

// writeTo is write for people or for a pipe.
func writeTo(t testing.TB, people bool, o Options, value string) (string, int) {
	t.Helper()
	w := &countingWriter{}
	var to io.Writer = w
	if people {
		to = text.NewWriter(w)
	}
	if err := New(o).WriteResult(to, qmp.Reply{Return: json.RawMessage(value), Raw: json.RawMessage(`{"return": ` + value + `}`)}); err != nil {
		t.Fatal(err)
	}
	return w.String(), w.writes
}

type countingWriter struct {
	bytes.Buffer
	writes int
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.writes++
	return w.Buffer.Write(p)
}

func TestQ10_OneLineKeepsTheServersBytes(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"spaces", `{"b":1,  "a": [ ]}`, `{"b":1,  "a": [ ]}`},
		{"digits", `[18446744073709551615, 1.50, 1E2, -0]`, `[18446744073709551615, 1.50, 1E2, -0]`},
		{"escapes", `"\u00e9é<>&\/"`, `"\u00e9é<>&\/"`},
		{"DEL and C1 in a pipe", "\"\x7f\u009b\"", "\"\x7f\u009b\""},
		{"from a pretty server", "{\r\n    \"b\": 1,\n    \"a\": [\n        {\n        },\n        [\n        ],\n        \"x: y, z\\\"\"\n    ]\n}", `{"b": 1, "a": [{}, [], "x: y, z\""]}`},
		{"scalar", `true`, `true`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, writes := write(t, Options{}, tt.value); got != tt.want+"\n" || writes != 1 {
				t.Errorf("got %q in %d writes, want %q in one", got, writes, tt.want)
			}
			if got, _ := write(t, Options{Format: Raw}, tt.value); got != `{"return": `+tt.want+"}\n" {
				t.Errorf("raw: got %q", got)
			}
		})
	}
}

func TestOneLineDoesNotCopy(t *testing.T) {
	value := json.RawMessage(`{"a": "` + strings.Repeat("x", 1<<20) + `"}`)
	w := &sharing{of: value}
	for _, to := range []io.Writer{w, text.NewWriter(w)} {
		w.shared = false
		if err := New(Options{}).WriteResult(to, qmp.Reply{Return: value}); err != nil || !w.shared {
			t.Errorf("%T: the line was copied before it was written (%v)", to, err)
		}
	}
}

// sharing notes whether it is given the very bytes of a slice.
type sharing struct {
	of     []byte
	shared bool
}

func (w *sharing) Write(p []byte) (int, error) {
	w.shared = w.shared || &p[0] == &w.of[0]
	return len(p), nil
}

func TestPretty(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{`{"b":1,"a":[true,null,"x\"y: {"],"c":{},"d":[ ]}`, "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    null,\n    \"x\\\"y: {\"\n  ],\n  \"c\": {},\n  \"d\": []\n}"},
		{"{\n \"a\" :\n [ { } , -1.50e3 ]\n}", "{\n  \"a\": [\n    {},\n    -1.50e3\n  ]\n}"},
		{`[[[[[0]]]]]`, "[\n  [\n    [\n      [\n        [\n          0\n        ]\n      ]\n    ]\n  ]\n]"},
		{`"x"`, `"x"`},
		{`{}`, `{}`},
	} {
		if got, _ := write(t, Options{Format: Pretty}, tt.value); got != tt.want+"\n" {
			t.Errorf("%s\n got %s\nwant %s", tt.value, got, tt.want)
		}
	}
}

func TestPrettyInColour(t *testing.T) {
	t.Setenv("NO_COLOR", "1") // the Printer's owner has looked at it already
	got, _ := write(t, Options{Format: Pretty, Color: true}, `{"a" : "b", "c": [-1, true]}`)
	for _, want := range []string{"\x1b[34;1m\"a\"\x1b[", "\x1b[32m\"b\"\x1b[", "\x1b[36m-1\x1b[", "\x1b[33mtrue\x1b["} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	plain, _ := write(t, Options{Format: Pretty}, `{"a" : "b", "c": [-1, true]}`)
	if stripped := stripColour(got); stripped != plain {
		t.Errorf("without its colours %q, not %q", stripped, plain)
	}
}

// stripColour removes SGR sequences.
func stripColour(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, s, _ = strings.Cut(after, "m")
	}
}

func TestDeepValuesStayInProportion(t *testing.T) {
	const depth = 10_000
	value := strings.Repeat("[", depth) + "1" + strings.Repeat("]", depth)
	got, _ := write(t, Options{Format: Pretty}, value)
	if len(got) > 200*len(value) {
		t.Errorf("%d bytes became %d", len(value), len(got))
	}
	if !json.Valid([]byte(got)) {
		t.Error("no JSON any more")
	}
}

func TestTerminalJSONIsHarmless(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"\"\x7f\u0080\u009b\u009f\u00a0é\"", `"\u007f\u0080\u009b\u009f\u00a0é"`},
		{"\"\u200b\U000e0041\"", `"\u200b\udb40\udc41"`},
		{"\"a\x9b31m\xff\"", `"a\u009b31m\u00ff"`},
		{"\"\u202eabc\u202c\u2066\u2069\u200f\u061c\u2028\"", `"\u202eabc\u202c\u2066\u2069\u200f\u061c\u2028"`},
		{"\"\x1b[2J\x07\"", `"\u001b[2J\u0007"`}, // a server that is not true to JSON
		{`"\u001b[2J"`, `"\u001b[2J"`},
		{"\x1b]0;x\x07 1", `\u001b]0;x\u0007 1`},
		{`"日本 😀"`, `"日本 😀"`},
	} {
		for _, f := range []Format{JSON, Raw, Pretty} {
			got, _ := writeTo(t, true, Options{Format: f}, tt.value)
			if f == JSON && got != tt.want+"\n" {
				t.Errorf("%q: got %q, want %q", tt.value, got, tt.want)
			}
			checkHarmless(t, got)
		}
	}
	// In a pretty reply, too, and where the server laid it out.
	got, _ := writeTo(t, true, Options{}, "[\n\"\u009b\"\n]")
	if got != `["\u009b"]`+"\n" {
		t.Errorf("got %q", got)
	}
}

func checkHarmless(t *testing.T, shown string) {
	t.Helper()
	if !text.IsClean([]byte(shown)) {
		t.Errorf("%q could act on a terminal", shown)
	}
}

func TestEvent(t *testing.T) {
	when := time.Date(2024, 2, 3, 4, 5, 6, 7_000_000, time.UTC)
	ev := qmp.Event{Name: "STOP", Time: when, Data: json.RawMessage(`{"a":  1}`)}
	p := New(Options{Location: time.FixedZone("x", 3600)})
	if got := p.Event(ev).String(); got != `05:05:06.007 STOP {"a":  1}` {
		t.Errorf("got %q", got)
	}
	if got := p.Event(qmp.Event{Name: "STOP"}).String(); got != `             STOP` {
		t.Errorf("no time, no data: %q", got)
	}
	ev = qmp.Event{Name: "A\nB\x1b", Time: when, Data: json.RawMessage("{\n\"a\": \"\x7f\"\n}")}
	if got := New(Options{Location: time.UTC}).Event(ev).String(); got != `04:05:06.007 A\nB\x1b {"a": "\u007f"}` {
		t.Errorf("harmless: %q", got)
	}
	if got := New(Options{Color: true, Location: time.UTC}).Event(ev).String(); !strings.HasPrefix(got, "\x1b[2m04:05:06.007\x1b[") {
		t.Errorf("not dim: %q", got)
	}
}

func TestFailure(t *testing.T) {
	chain := fmt.Errorf("cannot connect: %w", errors.New("no \x1b[31msuch socket"))
	got := New(Options{}).Failure(Failure{
		Program: "qmpsh: ", Summary: "one\ntwo\x1b", Source: "x foo\n  ^", Chain: chain, Hint: "try\u202e",
	}).String()
	lines := strings.Split(got, "\n")
	if len(lines) != 6 || lines[0] != `qmpsh: one\ntwo\x1b` || lines[1] != "x foo" || lines[2] != "  ^" || lines[5] != `hint: try\u202e` {
		t.Errorf("got\n%s", got)
	}
	for _, line := range lines[3:5] {
		if !strings.HasPrefix(line, "  | ") {
			t.Errorf("a line of the chain is %q", line)
		}
	}
	checkHarmless(t, got)

	got = New(Options{Width: 20, Color: true}).Failure(Failure{Summary: "a summary of some words", Source: "x foo\n  ^", Hint: "a hint of more words"}).String()
	if want := "a summary of some\n  words\nx foo\n  ^\nhint: a hint of more\n  words"; stripColour(got) != want {
		t.Errorf("in a narrow window\n%s\nwant\n%s", got, want)
	}

	p := New(Options{})
	if got := p.Failure(Failure{Program: "qmpsh: ", Summary: "s"}).String(); got != "qmpsh: s" {
		t.Errorf("summary alone: %q", got)
	}
	if got := p.Failure(Failure{Summary: "s", Chain: errors.New("alone")}).String(); got != "s" {
		t.Errorf("a chain of one link: %q", got)
	}
	painted := New(Options{Color: true}).Failure(Failure{Program: "qmpsh: ", Summary: "s", Hint: "h"}).String()
	if stripColour(painted) != "qmpsh: s\nhint: h" || painted == stripColour(painted) {
		t.Errorf("painted: %q", painted)
	}
}

func TestWriteErrorComesBack(t *testing.T) {
	long := `["` + strings.Repeat("x", 100_000) + `"]`
	for _, o := range []Options{{}, {Format: Pretty}} {
		for _, value := range []string{"1", long, "[\n1]", strings.Repeat("[1,\n", 40_000)} {
			for _, people := range []bool{false, true} {
				w := &failing{}
				var to io.Writer = w
				if people {
					to = text.NewWriter(w)
				}
				if err := New(o).WriteResult(to, qmp.Reply{Return: json.RawMessage(value)}); !errors.Is(err, io.ErrClosedPipe) || w.after {
					t.Errorf("%+v: %v, written to again: %v", o, err, w.after)
				}
			}
		}
	}
}

// failing fails, and notes whether it is used again.
type failing struct{ failed, after bool }

func (w *failing) Write([]byte) (int, error) {
	w.after, w.failed = w.failed, true
	return 0, io.ErrClosedPipe
}

// FuzzWriteResult: whatever comes, a terminal gets nothing live, and JSON stays the same JSON.
func FuzzWriteResult(f *testing.F) {
	for _, s := range []string{`{"a": [1, "\u007f"]}`, "{\n\"a\": {}\n}", "\"\x9b\u202e\"", "\x1b[", `"open`, "]}{[", `"a" : `} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		var before any
		sound := json.Unmarshal([]byte(value), &before) == nil && utf8.ValidString(value)
		for i := range 4 {
			o, people := Options{Format: Format(i % 2)}, i > 1
			got, _ := writeTo(t, people, o, value)
			if people {
				checkHarmless(t, got)
			}
			if sound && o.Format == JSON && strings.Count(got, "\n") > 1 {
				t.Errorf("%q became several lines: %q", value, got)
			}
			var after any
			if sound && (json.Unmarshal([]byte(got), &after) != nil || fmt.Sprint(before) != fmt.Sprint(after)) {
				t.Errorf("%q became %q", value, got)
			}
		}
	})
}
