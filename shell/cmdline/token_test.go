package cmdline

import (
	"fmt"
	"strings"
	"testing"
)

// roles shows the tokens of a text: N a name, A an argument and so on, with the token's text.
func roles(tokens []Token, text string) string {
	var parts []string
	for _, tok := range tokens {
		kind := map[TokenKind]string{Newline: "NL", Comment: "#", Filter: "|", Into: ">"}[tok.Kind]
		if tok.Kind == Word {
			kind = map[Role]string{Name: "N", Argument: "A", Opener: "O", Closer: "C", DotWord: "D", FileName: "F"}[tok.Role]
		}
		if tok.Kind == Newline {
			parts = append(parts, kind)
			continue
		}
		parts = append(parts, kind+":"+text[tok.Start:tok.End])
	}
	return strings.Join(parts, " ")
}

// TestLexRoles: the places of words are known in unfinished text too, as completion needs them.
func TestLexRoles(t *testing.T) {
	for text, want := range map[string]string{
		"x a=1 b":                          "N:x A:a=1 A:b",
		"dev":                              "N:dev",
		"x a=\"b c":                        "N:x A:a=\"b c",
		"x a={\"b\": [":                    "N:x A:a={\"b\": [",
		".json x a=":                       "D:.json N:x A:a=",
		".describe ":                       "D:.describe",
		"transaction( a b=1":               "O:transaction( N:a A:b=1",
		"transaction(\na\nb c=":            "O:transaction( NL N:a NL N:b A:c=",
		"transaction ( a )":                "N:transaction O:( N:a C:)",
		"transaction(a )":                  "O:transaction( N:a C:)",
		"transaction( a ) | .b":            "O:transaction( N:a C:) |:| .b",
		".json transaction( a\n) > \"f g":  "D:.json O:transaction( N:a NL C:) >:> F:\"f g",
		"x >> f | .a # b":                  "N:x >:>> F:f |:| .a # b",
		"x > # f":                          "N:x >:> #:# f",
		"x\ny a=1":                         "N:x NL N:y A:a=1",
		"{\"execute\": \"x\"} | .a":        "N:{\"execute\": \"x\"} |:| .a",
		"x a=1 \\\n b=":                    "N:x A:a=1 A:b=",
		"| .a":                             "|:| .a",
		"transaction( | > \"":              "O:transaction( N:| A:> A:\"",
		"transaction( a | b > c )":         "O:transaction( N:a A:| A:b A:> A:c C:)",
		"transaction(\n\n# c\na k={\n} )":  "O:transaction( NL NL #:# c NL N:a A:k={\n} C:)",
		"transaction actions=[] )":         "N:transaction A:actions=[] A:)",
		".x\n\"a\" b":                      "D:.x NL N:\"a\" A:b",
		"x ( a":                            "N:x A:( A:a",
		"x transaction ( a":                "N:x A:transaction A:( A:a",
		"x > f g":                          "N:x >:> F:f A:g",
		".source > f":                      "D:.source >:> F:f",
		"x | .a \\\n | .b\ny":              "N:x |:| .a \\\n | .b NL N:y",
		".hmp info | it's":                 "D:.hmp N:info |:| it's",
		"x a='\\''":                        "N:x A:a='\\''",
		"x a=json:{\"driver\": \"x\", \"f": "N:x A:a=json:{\"driver\": \"x\", \"f",
	} {
		tokens, _ := Lex(text)
		if got := roles(tokens, text); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestSplitKey: completion and Parse take keys apart in the same way, the one in unfinished words too.
func TestSplitKey(t *testing.T) {
	for _, tt := range []struct {
		key      string
		verbatim bool
		want     string
	}{
		{`file.driver`, false, "file 0:4 driver 5:11"},
		{`file.`, false, "file 0:4  5:5"},
		{``, false, " 0:0"},
		{`"a.b".c`, false, "a.b 0:5 c 6:7"},
		{`'a\'.b'.c`, false, "a'.b 0:7 c 8:9"},
		{`a."b.c`, false, "a 0:1 b.c 2:6"},
		{`"a.b".c`, true, `"a 0:2 b" 3:5 c 6:7`},
		{`a..b`, false, "a 0:1  2:2 b 3:4"},
	} {
		var parts []string
		for _, p := range SplitKey(tt.key, tt.verbatim) {
			parts = append(parts, fmt.Sprintf("%s %d:%d", p.Name, p.Start, p.End))
		}
		if got := strings.Join(parts, " "); got != tt.want {
			t.Errorf("%s %v\n got %s\nwant %s", tt.key, tt.verbatim, got, tt.want)
		}
	}
}

// TestUnquote: the language's quotes, also where one is still open.
func TestUnquote(t *testing.T) {
	for raw, want := range map[string]string{
		`a`: "a false", `"a b"`: "a b true", `"a b`: "a b true open", `a"b"c`: "abc true", `"a\"`: `a" true open`, `'it\'s'`: "it's true",
		`a\b`: `a\b false`, `a\\b`: `a\\b false`, `"a\\b"`: `a\b true`, `\@x`: `\@x false`, "a\\\n b": "a b false", `"a"'b`: "ab true open",
	} {
		text, quoted, open := Unquote(raw)
		got := fmt.Sprint(text, " ", quoted)
		if open != 0 {
			got += " open"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"a": "a", "": "", "a b": `"a b"`, `a"b`: `"a\"b"`, `it's`: `"it's"`, `C:\x`: `"C:\\x"`, "{a}": `"{a}"`, "[": `"["`, "a{b": "a{b", "#a": "#a",
		"@file:x": `"@file:x"`, "@prompt": `"@prompt"`, "@a": "@a", "json:{": `"json:{"`, "a=b": "a=b", "|": "|", ">": ">", "é": "é", "a\u00a0b": "\"a\u00a0b\"", "\t": "\"\t\"",
	} {
		got, ok := Quote(text)
		if got != want || !ok {
			t.Errorf("%q: %s %v, want %s", text, got, ok, want)
		}
		if st, err := Parse("x a=" + got); err != nil || send(st) != `x {"a": `+string(appendString(nil, text))+"}" {
			t.Errorf("%q comes back as %s, %v", text, send(st), err)
		}
	}
	if _, ok := Quote("a\nb"); ok {
		t.Error("a line end can stand in quotes")
	}
	for name, want := range map[string]string{"a": "a", "a.b": `"a.b"`, "": `""`, "a b": `"a b"`, "a:": `"a:"`, `"`: `"\""`, "0": "0", "x-y_z": "x-y_z"} {
		if got := QuoteKey(name); got != want {
			t.Errorf("key %q: %s, want %s", name, got, want)
		}
	}
}
