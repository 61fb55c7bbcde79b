package cmdline

import (
	"errors"
	"strings"
	"testing"
)

func TestFilterAndFile(t *testing.T) {
	tests := []struct {
		name, line   string
		filter, file string // >> before the file that is appended to
		sends        string
	}{
		{"filter", `query-block | .[].device`, `.[].device`, ``, `query-block`},
		{"filter behind arguments", `x a=1 |.b `, `.b`, ``, `x {"a": 1}`},
		{"filter with all kinds of text", `x | .[] | select(.a=="it's # no") | "\(.b) > c" # c`, `.[] | select(.a=="it's # no") | "\(.b) > c"`, ``, `x`},
		{"filter, continued", "x | .a \\\n | .b", `.a  | .b`, ``, `x`},
		{"filter behind raw JSON", "{\"execute\":\n\"x\"} | .a", `.a`, ``, "raw {\"execute\":\n\"x\"}"},
		{"filter behind a transaction", "transaction(\na\n) | .a", `.a`, ``, `transaction {"actions": [{"type": "a", "data": {}}]}`},
		{"bars in values", `x a=b|c d="|" e=f| g={"h": "|"}`, ``, ``, `x {"a": "b|c", "d": "|", "e": "f|", "g": {"h": "|"}}`},
		{"file", `x > f.json`, ``, `f.json`, `x`},
		{"file, no space", `x a=1 >f`, ``, `f`, `x {"a": 1}`},
		{"file to append to", `x >> f`, ``, `>>f`, `x`},
		{"quoted file", `x > "a b" # c`, ``, `a b`, `x`},
		{"file behind raw JSON", `{"execute": "x"} > f`, ``, `f`, `raw {"execute": "x"}`},
		{"file behind a transaction", `transaction( a ) > f`, ``, `f`, `transaction {"actions": [{"type": "a", "data": {}}]}`},
		{"arrows in values", `x a=b>c d=> e=f>>g`, ``, ``, `x {"a": "b>c", "d": ">", "e": "f>>g"}`},
		{"file, then filter", `x > f | .a`, `.a`, `f`, `x`},
		{"filter, then file", `x | .[].a > out/f`, `.[].a`, `out/f`, `x`},
		{"filter, then file with an ending", `x | .a >out.json # c`, `.a`, `out.json`, `x`},
		{"filter, then file by its full path", `x | .a > /tmp/f`, `.a`, `/tmp/f`, `x`},
		{"filter, then file here", `x | .a > ../f`, `.a`, `../f`, `x`},
		{"filter, then quoted file to append to", `x | .a >> "a b"`, `.a`, `>>a b`, `x`},
		{"filter that compares", `x | .a > 5`, `.a > 5`, ``, `x`},
		{"filter that compares members", `x | .a > .b`, `.a > .b`, ``, `x`},
		{"filter that compares functions", `x | .a > length`, `.a > length`, ``, `x`},
		{"filter that compares in brackets", `x | map(.a > b.c)`, `map(.a > b.c)`, ``, `x`},
		{"filter that compares and writes", `x | .a > 5 > f.json`, `.a > 5`, `f.json`, `x`},
		{"filter that compares a sum", `x | .a > b.c + 1`, `.a > b.c + 1`, ``, `x`},
		{"arrows in jq's strings", `x | "\("a > b.c" | . + " >> ")"`, `"\("a > b.c" | . + " >> ")"`, ``, `x`},
		{"nothing but an arrow", `x |> f.json`, `> f.json`, ``, `x`},
		{"jq without spaces", `x | .a>b.c`, `.a>b.c`, ``, `x`},
		{"a filter's broken quote", `x | "a`, `"a`, ``, `x`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st, err := Parse(tt.line)
			if err != nil {
				t.Fatal(err)
			}
			file := ""
			if st.Output != nil {
				file = st.Output.Path
				if st.Output.Append {
					file = ">>" + file
				}
				if !strings.HasPrefix(strings.TrimLeft(tt.line[st.Output.At:], `"`), st.Output.Path) {
					t.Errorf("the file is not at %d", st.Output.At)
				}
			}
			if st.Filter != tt.filter || file != tt.file || send(st) != tt.sends {
				t.Errorf("%s\n got filter %q, file %q, %s\nwant filter %q, file %q, %s", tt.line, st.Filter, file, send(st), tt.filter, tt.file, tt.sends)
			}
			if st.Filter != "" && !strings.Contains(tt.line, "\n") && !strings.HasPrefix(tt.line[st.FilterAt:], st.Filter) {
				t.Errorf("the filter is not at %d", st.FilterAt)
			}
			if st.Bare() {
				t.Error("there is more than a name, but Bare is true")
			}
		})
	}
}

func TestFilterAndFileErrors(t *testing.T) {
	for _, tt := range []struct{ line, at, msg string }{
		{`x |`, "1:4", "no filter behind the |"},
		{`x | # .a`, "1:9", "no filter behind the |"},
		{`x >`, "1:4", `">" names no file`},
		{`x >> # f`, "1:5", `">>" names no file`},
		{`x > ""`, "1:5", "file's name is empty"},
		{`x > f > g`, "1:7", "one file only"},
		{`x > f | .a > g.h`, "1:12", "one file only"},
		{`x > f a=1`, "1:7", `"a=1" stands behind the file's name`},
		{`x | .a >> `, "1:10", "file's name is empty"},
		{`x | .a >> f > g.h`, "1:13", `">" stands behind the file's name`},
		{`x | .a >> f g`, "1:13", `"g" stands behind the file's name`},
		{`x | .a >> "f`, "1:11", "never closed"},
		{`| .a`, "1:3", "no command before"},
		{`> f`, "1:3", "no command before"},
		{`x|.a`, "1:2", `"x|.a" is no command`},
		{`x>f`, "1:2", `"x>f" is no command`},
		{"transaction( a | .b )", "1:16", `"|" is not key=value`},
		{"transaction(\na > f\n)", "2:3", `">" is not key=value`},
		{"x | .a\ny", "2:1", `a second command begins at "y"`},
	} {
		_, err := Parse(tt.line)
		var e *Error
		if !errors.As(err, &e) || place(e) != tt.at || !strings.Contains(e.Msg, tt.msg) {
			t.Errorf("%s: %#v, want %s %s", tt.line, err, tt.at, tt.msg)
		}
		if strings.HasSuffix(tt.msg, "is no command") && e.Hint != "put a space before the "+tt.line[1:2] {
			t.Errorf("%s: hint %q", tt.line, e.Hint)
		}
	}
}

func TestFilterAndFileFromWords(t *testing.T) {
	for _, tt := range []struct {
		words  string // separated by ~
		filter string
		file   string
		sends  string
	}{
		{`x~|~.a~#~>~b.c`, `.a # > b.c`, ``, `x`},
		{`x~a=| b~>~f g`, ``, `f g`, `x {"a": "| b"}`},
		{`x~>>~f=[`, ``, `f=[`, `x`},
		{`x~>~f~|~.`, `.`, `f`, `x`},
		{`x >f | .a`, `.a`, `f`, `x`},
	} {
		st, err := FromWords(strings.Split(tt.words, "~"))
		if err != nil {
			t.Errorf("%s: %v", tt.words, err)
			continue
		}
		file := ""
		if st.Output != nil {
			file = st.Output.Path
		}
		if st.Filter != tt.filter || file != tt.file || send(st) != tt.sends {
			t.Errorf("%s: filter %q, file %q, %s", tt.words, st.Filter, file, send(st))
		}
	}
	for words, msg := range map[string]string{
		`x~>`: "names no file", `x~|`: "no filter", `x~a|b`: `"a|b" is not key=value`, `|~x`: `"|" stands where`, `x~>~f~a=1`: "stands behind the file",
	} {
		if _, err := FromWords(strings.Split(words, "~")); err == nil || !strings.Contains(err.Error(), msg) {
			t.Errorf("%s: %v", words, err)
		}
	}
}

func TestHelpIsForTheShell(t *testing.T) {
	for line, want := range map[string]string{
		`help device_add "a b" # c`: `dot .help|device_add|a b|device_add "a b"`,
		`help`:                      `help`,
		`help a=b`:                  `help {"a": "b"}`,
		`"help" x`:                  `error`,
	} {
		st, err := Parse(line)
		got := "error"
		if err == nil {
			got = send(st)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
		if line == "help" && !st.Bare() {
			t.Error("help alone is not Bare")
		}
	}
}
