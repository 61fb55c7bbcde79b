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

func TestTokenParts(t *testing.T) {
	for text, want := range map[string]string{
		`file.driver=raw`:    `["file" "driver"] "raw" 12`,
		`file.dri`:           `["file" "dri"]`,
		`file.`:              `["file" ""]`,
		`a`:                  `["a"]`,
		`"a.b".c="d e`:       `["a.b" "c"] "d e" 8`,
		`a:={"b": 1}`:        `["a"] "{\"b\": 1}" 3 exact`,
		`a:="b c"`:           `["a"] "\"b c\"" 3 exact`,
		`a={"b": "c`:         `["a"] "{\"b\": \"c" 2`,
		`=x`:                 `[""] "x" 1`,
		`a=\@b`:              `["a"] "@b" 2`,
		`a=@file:x`:          `["a"] "@file:x" 2`,
		`a=json:{"b": "c d"`: `["a"] "json:{\"b\": \"c d\"" 2`,
	} {
		line := "x " + text
		tokens, _ := Lex(line)
		if len(tokens) != 2 {
			t.Fatalf("%s: %d tokens", text, len(tokens))
		}
		got := fmt.Sprintf("%q", tokens[1].Key(line))
		if v, at, ok := tokens[1].Value(line); ok {
			got += fmt.Sprintf(" %q %d", v, at-2)
		}
		if tokens[1].Exact(line) {
			got += " exact"
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
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
