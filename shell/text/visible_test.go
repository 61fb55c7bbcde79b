package text

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// named are the invisible characters that people meet, and some that attackers like.
var named = map[rune]string{
	0x1b: "ESC", 0x7f: "DEL", 0x9b: "CSI", 0xa0: "no-break space", 0xad: "soft hyphen",
	0x34f: "combining grapheme joiner", 0x61c: "Arabic letter mark", 0x115f: "Hangul filler", 0x1160: "Hangul filler",
	0x17b4: "Khmer inherent vowel", 0x180e: "Mongolian vowel separator", 0x180b: "Mongolian variation selector",
	0x2003: "em space", 0x200b: "zero width space", 0x200c: "zero width non-joiner", 0x200d: "zero width joiner",
	0x200e: "left-to-right mark", 0x200f: "right-to-left mark", 0x2028: "line separator", 0x2029: "paragraph separator",
	0x202e: "right-to-left override", 0x2060: "word joiner", 0x2062: "invisible times", 0x2066: "isolate",
	0x206a: "inhibit symmetric swapping", 0x2800: "Braille blank", 0x3000: "ideographic space", 0x3164: "Hangul filler",
	0xe000: "private use", 0xfdd0: "noncharacter", 0xfe0f: "variation selector", 0xfeff: "byte order mark",
	0xffa0: "halfwidth Hangul filler", 0xfff9: "interlinear annotation", 0xffff: "noncharacter",
	0x1bca0: "shorthand format", 0x1d173: "musical format", 0xe0001: "language tag", 0xe0041: "tag A",
	0xe0100: "variation selector", 0xf0000: "private use", 0x10ffff: "noncharacter",
}

func TestVisible_EveryCodePoint(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if testing.Short() && (r >= 0x3_0000 && r < 0xe_0000 || r >= 0xf_0100) {
			continue // planes that are empty, or private as a whole
		}
		// Written down anew from the Unicode tables, and not with what the code uses.
		letters := unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S)
		want := r == ' ' || letters &&
			!unicode.In(r, unicode.C, unicode.Z, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
			!strings.ContainsRune("\u2800\U00013441\U00013442\U00016fe4\U0001d159", r)
		if got := Visible(r); got != want {
			t.Errorf("%U: visible is %v", r, got)
		}
		s := string(r) // a surrogate becomes U+FFFD
		if r >= 0xd800 && r <= 0xdfff {
			continue
		}
		checkCharacter(t, r, s)
	}
	for r, name := range named {
		if Visible(r) {
			t.Errorf("%U (%s) counts as visible", r, name)
		}
	}
	for _, r := range "aÄ~é日한😀€→…↵├א\u0301\ufffd" {
		if !Visible(r) {
			t.Errorf("%U counts as invisible", r)
		}
	}
}

// checkCharacter holds Clean, CleanLine, AppendJSON, Spell and Columns against one character.
func checkCharacter(t *testing.T, r rune, s string) {
	t.Helper()
	clean := Clean("a" + s + "b")
	layout := r == '\n' || r == '\t'
	switch {
	case Visible(r) || layout:
		if clean != "a"+s+"b" {
			t.Errorf("%U: visible, and became %q", r, clean)
		}
	case strings.ContainsRune(clean, r) && r >= 0x80 || len(clean) < 6 || !printable(clean):
		t.Errorf("%U became %q", r, clean)
	default:
		// As a string of Go's, the cleaned text means what it was.
		if back, err := strconv.Unquote(`"` + clean + `"`); err != nil || back != "a"+s+"b" {
			t.Errorf("%U: %q means %q (%v)", r, clean, back, err)
		}
	}
	if again := Clean(clean); again != clean {
		t.Errorf("%U: cleaned twice %q becomes %q", r, clean, again)
	}
	if line := CleanLine("a" + s + "b"); strings.ContainsAny(line, "\r\n") || !printable(line) && r != '\t' {
		t.Errorf("%U: as a line %q", r, line)
	}
	if got, n := Spell(s + "b"); n != len(s) || !printable(got) || got == "" {
		t.Errorf("%U: spelt %q, %d bytes", r, got, n)
	}
	if r < 0x20 || r == '"' || r == '\\' {
		return // cannot stand in a JSON string
	}
	out := AppendJSON(nil, []byte(`"`+s+`"`))
	var back string
	if err := json.Unmarshal(out, &back); err != nil || back != s || !printable(string(out)) {
		t.Errorf("%U: as JSON %q, read back as %q (%v)", r, out, back, err)
	}
	if IsClean([]byte(s)) != Visible(r) || IsVisible(s) != Visible(r) {
		t.Errorf("%U: IsClean %v, IsVisible %v", r, IsClean([]byte(s)), IsVisible(s))
	}
}

// printable says whether all of s is visible.
func printable(s string) bool {
	for _, r := range s {
		if !Visible(r) {
			return false
		}
	}
	return true
}

func TestClean(t *testing.T) {
	for _, tt := range []struct{ in, want, line string }{
		{"", "", ""},
		{"plain ä 日本 😀", "plain ä 日本 😀", "plain ä 日本 😀"},
		{"a\x1b[31mb", `a\x1b[31mb`, `a\x1b[31mb`},
		{"two\r\nlines\n\tx", "two\nlines\n\tx", `two\nlines\n` + "\tx"},
		{"a\rb", `a\x0db`, `a\rb`},
		{"\x9b\xff\xe2\x80", `\x9b\xff\xe2\x80`, `\x9b\xff\xe2\x80`},
		{"\u009b\u200b\U000e0041", `\u009b\u200b\U000e0041`, `\u009b\u200b\U000e0041`},
	} {
		if got := Clean(tt.in); got != tt.want {
			t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if got := CleanLine(tt.in); got != tt.line {
			t.Errorf("CleanLine(%q) = %q, want %q", tt.in, got, tt.line)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add([]byte("a\x1b]52;c;eA==\x07\r\n\xe2\x80\x8b\x9b"))
	f.Fuzz(func(t *testing.T, p []byte) {
		clean := Clean(string(p))
		if !utf8.ValidString(clean) || !IsClean([]byte(clean)) {
			t.Errorf("%q became %q", p, clean)
		}
		if IsClean(p) && clean != string(p) {
			t.Errorf("clean %q became %q", p, clean)
		}
		if out := AppendJSON(nil, p); !IsClean(out) {
			t.Errorf("%q as JSON: %q", p, out)
		}
	})
}
