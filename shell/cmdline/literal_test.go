package cmdline

import (
	"strings"
	"testing"
)

func TestParseLiteral(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"object", `{"b":1,"a":[]}`, `{"b": 1, "a": []}`},
		{"digits are kept", `[1.50, 1E+2, 123456789012345678901, -0, 0.1e-5]`, `[1.50, 1E+2, 123456789012345678901, -0, 0.1e-5]`},
		{"python numbers", `[0x10, -0xff, 0o17, 0b11, 1_000, +5, 1., .5, 1.e3, 0xffffffffffffffffff]`, `[16, -255, 15, 3, 1000, 5, 1.0, 0.5, 1.0e3, 4722366482869645213695]`},
		{"words", `[true, True, false, False, null, None]`, `[true, true, false, false, null, null]`},
		{"trailing commas", `{"a": [1, 2,], }`, `{"a": [1, 2]}`},
		{"tuples", `[(), (1), (1,), (1, 2), (1, 2,), ((1, 2))]`, `[[], 1, [1], [1, 2], [1, 2], [1, 2]]`},
		{"keys that are no strings", `{1: 2, True: 3, None: 4, -1.5: 5}`, `{"1": 2, "true": 3, "null": 4, "-1.5": 5}`},
		{"quotes in quotes", `['"', "'", '\'', "\""]`, `["\"", "'", "'", "\""]`},
		{"escapes", `["\/\b\f\n\r\t\\", '\a\v\x41\101\0\u00e9\U0001F600\q']`, `["/\u0008\u000c\n\r\t\\", "\u0007\u000bAA\u0000é😀\\q"]`},
		{"surrogates stay escapes", `["\ud83d\ude00", "\ud83d"]`, `["\ud83d\ude00", "\ud83d"]`},
		{"raw strings", `[r'\d\'', u"é", R"\n"]`, `["\\d\\'", "é", "\\n"]`},
		{"control characters", "['a\tb\x1b']", `["a\tb\u001b"]`},
		{"space", " { 'a'\u00a0:\r\n 1 } ", `{"a": 1}`},
		{"continued lines", "{'a\\\nb': \\\r\n 1}", `{"ab": 1}`},
		{"many keys", "{" + manyKeys(40) + "}", "{" + strings.ReplaceAll(manyKeys(40), ":", ": ") + "}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, f := parseLiteral(tt.src)
			if f != nil {
				t.Fatalf("%q: %s at %d", tt.src, f.msg, f.at)
			}
			if string(got) != tt.want {
				t.Errorf("%q\n got %s\nwant %s", tt.src, got, tt.want)
			}
		})
	}
}

func manyKeys(n int) string {
	var keys []string
	for i := range n {
		keys = append(keys, `"k`+strings.Repeat("x", i)+`":1`)
	}
	return strings.Join(keys, ", ")
}

func TestParseLiteralFaults(t *testing.T) {
	tests := []struct {
		src string
		at  int
		msg string
	}{
		{`{"a": }`, 6, `expected a value, found "}"`},
		{`{"a": 1`, 7, `expected "," or "}", but the text ends`},
		{`[1 2]`, 3, `expected "," or "]", found "2"`},
		{`(1 2)`, 3, `expected "," or ")", found "2"`},
		{`[,]`, 1, "expected a value"},
		{`{,}`, 1, "expected a value"},
		{`[NaN]`, 1, `"NaN" is no value`},
		{`[01]`, 1, `"01" is no number`},
		{`[1__0]`, 1, "no number"},
		{`[0x]`, 1, "no number"},
		{`[0x-1]`, 1, "no number"},
		{`[1e]`, 1, "no number"},
		{`[-]`, 1, "no number"},
		{`[--1]`, 1, "no number"},
		{`[1-2]`, 2, `expected ","`},
		{"[0x" + strings.Repeat("f", 2000) + "]", 1, "no number"},
		{"['a\nb']", 1, "never closed"},
		{`['a`, 1, "never closed"},
		{`[r'\`, 2, "never closed"},
		{`['\x4']`, 2, "bad escape"},
		{`['\u12']`, 2, "bad escape"},
		{`['\U00110000']`, 2, "bad escape"},
		{`['\N{DASH}']`, 2, "not supported"},
		{`["a" "b"]`, 5, `expected ","`},
		{`[{"a": 1, 'a': 2}]`, 10, `"a" is given twice`},
		{"{" + manyKeys(40) + `, "kx": 1}`, len(manyKeys(40)) + 3, `"kx" is given twice`},
		{"{" + manyKeys(16) + `, "k": 1}`, len(manyKeys(16)) + 3, `"k" is given twice`},
	}
	for _, tt := range tests {
		got, f := parseLiteral(tt.src)
		if f == nil {
			t.Errorf("%q is accepted: %s", tt.src, got)
		} else if f.at != tt.at || !strings.Contains(f.msg, tt.msg) {
			t.Errorf("%q: %s at %d, want %s at %d", tt.src, f.msg, f.at, tt.msg, tt.at)
		}
	}
}
