package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// tokens reads src to its end and writes each token with its kind and depth.
func tokens(s Scanner) string {
	var b strings.Builder
	for kind := s.Next(); kind != None; kind = s.Next() {
		fmt.Fprintf(&b, "%d%c%s ", s.Depth(), kind, s.Token())
	}
	if err := s.Err(); err != nil {
		b.WriteString("! " + err.Error())
	}
	return strings.TrimRight(b.String(), " ")
}

func TestScannerTokens(t *testing.T) {
	for src, want := range map[string]string{
		`7`:                                    `007`,
		` "a\"b" `:                             `0""a\"b"`,
		`{"a" :1, "b":[-0.5e3,true ],"c":{}}`:  `1{{ 1:"a" 101 1:"b" 2[[ 2.-0.5e3 2ttrue 1]] 1:"c" 2{{ 1}} 0}}`,
		"[\t[]\r\n,false,null]":                `1[[ 2[[ 1]] 1ffalse 1nnull 0]]`,
		`{"a":1}}`:                             `1{{ 1:"a" 101 0}} ! expected nothing more behind the value, found '}' at byte 7`,
		`{"a":1,}`:                             `1{{ 1:"a" 101 ! expected a member name in double quotes, found '}' at byte 7`,
		`[1,]`:                                 `1[[ 101 ! expected a value, found ']' at byte 3`,
		``:                                     `! expected a value, but the text ends at byte 0`,
		`[`:                                    `1[[ ! expected a value, but the text ends at byte 1`,
		`["` + "\xff\xed\xa0\x80" + `\ud800"]`: `1[[ 1""` + "\xff\xed\xa0\x80" + `\ud800" 0]]`, // a server's own affair
	} {
		if got := tokens(New([]byte(src))); got != want {
			t.Errorf("%s\n got %s\nwant %s", src, got, want)
		}
	}
}

func TestSkipReturnsWholeValues(t *testing.T) {
	s := New([]byte(`[1, {"a": [2, "]"]} ,[[]]]`))
	s.Next()
	var got []string
	for s.Skip(); s.Depth() == 1; s.Skip() {
		got = append(got, string(s.Token()))
	}
	if want := []string{`1`, `{"a": [2, "]"]}`, `[[]]`}; fmt.Sprint(got) != fmt.Sprint(want) || s.Err() != nil {
		t.Errorf("got %q, %v; want %q", got, s.Err(), want)
	}
}

// What QEMU 7.2 answers without an id, though it is JSON; package qmp asks a real QEMU about the same list.
func TestCheckKnowsWhatQEMURefuses(t *testing.T) {
	for src, want := range map[string]string{
		`0e1`:                        `QEMU reads no exponent behind a lone 0 at byte 1`,
		`[-0E5]`:                     `QEMU reads no exponent behind a lone 0 at byte 3`,
		`0.0e1`:                      ``,
		`-0.0`:                       ``,
		`1e308`:                      ``,
		`1e-400`:                     ``,
		`1e309`:                      `the number is out of range at byte 0`,
		strings.Repeat("9", 309):     `the number is out of range at byte 0`,
		`"\u0000\ud83d\ude00é\/"`:    ``,
		`"1234567\ud800"`:            `half a surrogate pair is not a character at byte 8`,
		`"\ud800\u0041"`:             `half a surrogate pair is not a character at byte 1`,
		`"\udbff\udfff"`:             `U+10FFFF is not a character for QEMU at byte 1`,
		`{"` + "\ufdd0" + `":1}`:     `U+FDD0 is not a character for QEMU at byte 2`,
		"\"12345678\xc0\x80\"":       `invalid UTF-8 at byte 9`,
		"\"\xed\xa0\x80\"":           `invalid UTF-8 at byte 1`,
		"\"\x00\"":                   `a control character must be escaped inside a string, found byte 0x00 at byte 1`,
		`{"a":{"b":1},"\u0061":2}`:   `the same member name twice in one object at byte 13`,
		`[{"a":1},{"a":{"a":[{}]}}]`: ``,
		nested(1023):                 ``,
		nested(1024):                 `objects and arrays nest more than 1024 deep, which is QEMU's limit at byte 1023`,
	} {
		got := ""
		if err := Check([]byte(src), 1); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.60s\n got %s\nwant %s", src, got, want)
		}
	}
}

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestCheckObject(t *testing.T) {
	for src, want := range map[string]string{
		` {"a":1} `: `<nil>`,
		`[]`:        `expected an object, found '[' at byte 0`,
		` `:         `expected an object, but the text ends at byte 1`,
		`{} {`:      `expected nothing more behind the value, found '{' at byte 3`,
	} {
		if err := CheckObject([]byte(src), 1); fmt.Sprint(err) != want {
			t.Errorf("%s: got %v, want %s", src, err, want)
		}
	}
}

func TestText(t *testing.T) {
	for token, want := range map[string]string{
		`""`: "", `"abc"`: "abc", `"\"\\\/\b\f\n\r\t"`: "\"\\/\b\f\n\r\t", `"a\u0041\u00e9z"`: "aAéz",
		`"\ud83d\uDE00"`: "😀", `"\ud800x"`: "\ufffdx", "\"\xff\"": "\xff",
	} {
		if got := Text([]byte(token)); got != want {
			t.Errorf("%s: got %q, want %q", token, got, want)
		}
	}
}

func TestScannerAllocatesNothing(t *testing.T) {
	src := []byte(`{"a": {"b": [1, 2.5, "é\u00e9", {"c": null}]}, "d": true}`)
	if n := testing.AllocsPerRun(100, func() {
		s := New(src)
		for s.Next() != None {
		}
		Check(src, 0)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzScanner wants that encoding/json agrees, that every way through a value does, and that a tape is the same value.
func FuzzScanner(f *testing.F) {
	for _, src := range []string{`{"a":[1,-0.5e+7,"\ud800\"",{},[],[[]],true],"b":null}`, `[{"a":01}]`, `{"":"` + "\xff\x7f" + `"}`, `{} {`,
		`[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{"":[{}]}]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]`,
		`{"a":"\u12g4"}`, `0e1`, `{"a":1,"a":2}`, `["` + "\ufffe" + `"]`} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		s := New(src)
		for s.Next() != None {
		}
		err := s.Err()
		var syntax *SyntaxError
		if valid := json.Valid(src); (err == nil) != valid || err != nil && (!errors.As(err, &syntax) || syntax.Offset > len(src)) {
			t.Fatalf("%q: got %v; json.Valid: %v", src, err, valid)
		}
		skipped := New(src)
		if skipped.Skip(); fmt.Sprint(skipped.Err()) != fmt.Sprint(err) {
			t.Fatalf("%q: Skip says %v, Next %v", src, skipped.Err(), err)
		}
		if i := skipSpace(src, 0); i < len(src) && src[i]|0x20 == '{' {
			if end := skim(src, i, MaxDepth); (end >= 0 && skipSpace(src, end) == len(src)) != (err == nil) {
				t.Fatalf("%q: skim ends at %d, the scanner says %v", src, end, err)
			}
		}
		tape, tapeErr := Lay(New(src), nil)
		if fmt.Sprint(tapeErr) != fmt.Sprint(err) {
			t.Fatalf("%q: Lay says %v, Next %v", src, tapeErr, err)
		}
		if strict := Check(src, 0); strict == nil && (err != nil || !utf8.Valid(src)) {
			t.Fatalf("%q: Check takes it, Next says %v", src, err)
		}
		if err != nil {
			return
		}
		var want, got any
		if json.Unmarshal(src, &want) == nil {
			if json.Unmarshal(tape.rebuild(0, nil), &got) != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%q: the tape is %s", src, tape.rebuild(0, nil))
			}
		}
	})
}

// rebuild writes the value at node i anew from the tape.
func (t *Tape) rebuild(i uint32, dst []byte) []byte {
	switch n := t.Nodes[i]; n.Kind {
	case Object:
		dst = append(dst, '{')
		count := uint32(0)
		for name, value := range t.Members(i) {
			if count++; count > 1 {
				dst = append(dst, ',')
			}
			dst = t.rebuild(value, append(append(dst, t.Raw(name)...), ':'))
		}
		if count != n.Count {
			panic("wrong count of members")
		}
		return append(dst, '}')
	case Array:
		dst = append(dst, '[')
		for at, value := range t.Elements(i) {
			if at > 0 {
				dst = append(dst, ',')
			}
			dst = t.rebuild(value, dst)
		}
		return append(dst, ']')
	}
	return append(dst, t.Raw(i)...)
}

// FuzzFramer wants the same end however the text is cut, and the end that encoding/json finds.
func FuzzFramer(f *testing.F) {
	f.Add([]byte(`{"a": "\\\"}{"}[`), uint8(3))
	f.Add([]byte("[1,{\"b\":\"\xff\"}]{}"), uint8(1))
	f.Add([]byte(`{"a":Q`), uint8(2))
	f.Fuzz(func(t *testing.T, src []byte, size uint8) {
		if len(src) == 0 || src[0]|0x20 != '{' {
			return
		}
		var whole, pieces Framer
		want, problem := whole.Find(src, 0)
		end, at := -1, 0
		for at < len(src) {
			n := min(at+max(int(size), 1), len(src))
			stop, _ := pieces.Find(src[at:n], 0)
			if stop >= 0 {
				end = at + stop
				break
			}
			at = n
		}
		if end != want || whole.Open() != (want < 0) || pieces.Open() != whole.Open() {
			t.Fatalf("%q in pieces of %d: end %d, want %d", src, size, end, want)
		}
		var value json.RawMessage
		if json.NewDecoder(bytes.NewReader(src)).Decode(&value) == nil && (want != len(value) || problem != "") {
			t.Fatalf("%q: end %d (%s), encoding/json's is %d", src, want, problem, len(value))
		}
	})
}
