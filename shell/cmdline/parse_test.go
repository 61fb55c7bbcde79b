package cmdline

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// send shows what a statement would send without a schema: NAME and its arguments, or the raw object.
func send(st Statement) string {
	if st.Kind == Dot {
		return "dot " + st.Word + "|" + strings.Join(st.Args, "|") + "|" + st.Rest
	}
	if st.Kind == Empty {
		return ""
	}
	return sendWith(st, Binding{})
}

func sendWith(st Statement, b Binding) string {
	c, err := st.Bind(b)
	switch {
	case err != nil:
		return "error " + err.Error()
	case c.Raw != nil:
		return "raw " + string(c.Raw)
	case c.Arguments == nil:
		return c.Name
	case !json.Valid(c.Arguments):
		return "no JSON " + string(c.Arguments)
	}
	return c.Name + " " + string(c.Arguments)
}

// understand parses a line and binds it without a schema.
func understand(line string) (Statement, error) {
	st, err := Parse(line)
	if err == nil && st.Kind == QMP {
		_, err = st.Bind(Binding{Sources: make([]string, len(st.Sources))})
	}
	return st, err
}

func TestParse(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"bare command", "query-status", `query-status`},
		{"arguments", "device_add driver=e1000 id=net1", `device_add {"driver": "e1000", "id": "net1"}`},
		{"typed order is kept", "x z=1 a=2 m=3", `x {"z": 1, "a": 2, "m": 3}`},
		{"value with =", "x a=b=c", `x {"a": "b=c"}`},
		{"empty value", "x a=", `x {"a": ""}`},

		// int() and what is not JSON's
		{"integer", "x a=-12 b=0 c=-0", `x {"a": -12, "b": 0, "c": -0}`},
		{"all digits", "x a=123456789012345678901234567890", `x {"a": 123456789012345678901234567890}`},
		{"other integers of Python stay text", "x a=007 b=+60 c=2024_01_15 d=٣", `x {"a": "007", "b": "+60", "c": "2024_01_15", "d": "٣"}`},
		{"no floats, no null", "x a=1.5 b=1e3 c=null d=None e=-", `x {"a": "1.5", "b": "1e3", "c": "null", "d": "None", "e": "-"}`},
		{"booleans", "x a=true b=False c=TRUE d=falſe", `x {"a": true, "b": false, "c": true, "d": "falſe"}`},

		// quotes
		{"quotes are not sent", `hmc command-line="info status"`, `hmc {"command-line": "info status"}`},
		{"quotes mean a string", `x a="1" b='true' c='{"a":1}' d=""`, `x {"a": "1", "b": "true", "c": "{\"a\":1}", "d": ""}`},
		{"quotes inside a word", `x a=b" c"'d e'f`, `x {"a": "b cd ef"}`},
		{"escapes in quotes", `x a="\"\\\'" b='it\'s' c="C:\dir"`, `x {"a": "\"\\'", "b": "it's", "c": "C:\\dir"}`},
		{"no escapes outside", `x a=C:\dir\new b=\\host\x`, `x {"a": "C:\\dir\\new", "b": "\\\\host\\x"}`},
		{"quoted command and keys", `"x" "a b"=1 'c.d'=2 "e".f=3`, `x {"a b": 1, "c.d": 2, "e": {"f": 3}}`},
		{"white space of Unicode separates", "x\u00a0a=1\u3000b=2\tc=3", `x {"a": 1, "b": 2, "c": 3}`},

		// JSON and Python
		{"object", `x f={"driver":"file","n":[1,2.50,true,null]}`, `x {"f": {"driver": "file", "n": [1, 2.50, true, null]}}`},
		{"spaces inside brackets", `x f={ "a" : "b c" } k=[ 1 , {} ]`, `x {"f": {"a": "b c"}, "k": [1, {}]}`},
		{"lines inside brackets", "x f={\n \"a\": 1\n} g=2", `x {"f": {"a": 1}, "g": 2}`},
		{"python", `x f={'a': True, 'b': None, 'c': [False, "it's"]}`, `x {"f": {"a": true, "b": null, "c": [false, "it's"]}}`},
		{"brackets as text", `x a=[::1]:4444 b={c0ffee-12} c=[abc] d=[::1]`, `x {"a": "[::1]:4444", "b": "{c0ffee-12}", "c": "[abc]", "d": "[::1]"}`},
		{"brackets not at the start", `x a=tcp:[::1]:4444 b=f{x`, `x {"a": "tcp:[::1]:4444", "b": "f{x"}`},

		{"JSON file names", `x a=json:{"driver": "file", 'b':[1]} c=json: d=json:{}`, `x {"a": "json:{\"driver\": \"file\", 'b':[1]}", "c": "json:", "d": "json:{}"}`},

		// dotted keys
		{"every dotted key starts at the top", `blockdev-add driver=qcow2 file.driver=file file.filename="/vm/a b.qcow2" node-name=n0`,
			`blockdev-add {"driver": "qcow2", "file": {"driver": "file", "filename": "/vm/a b.qcow2"}, "node-name": "n0"}`},
		{"deeper", `x a.b.c=1 a.b.d=2 a.e=3`, `x {"a": {"b": {"c": 1, "d": 2}, "e": 3}}`},
		{"dotted keys add to an object", `x a={"b":{"c":1}} a.d=2 a.b.e=3`, `x {"a": {"b": {"c": 1, "e": 3}, "d": 2}}`},
		{"numbers are names", `x l.0.a=1`, `x {"l": {"0": {"a": 1}}}`},
		{"exact JSON", `x a:=1.50 b.c:="x\u0041" d:={"e":[1]} f:="it's" g:={'h': None}`, `x {"a": 1.50, "b": {"c": "x\u0041"}, "d": {"e":[1]}, "f": "it's", "g": {"h": null}}`},

		// comments, continuation, line ends
		{"comment", "query-status # a=1 \"", `query-status`},
		{"comment only", "  # foo \\", ``},
		{"no comment", "x a=#b c=d#e f={'#': 1}", `x {"a": "#b", "c": "d#e", "f": {"#": 1}}`},
		{"continuation", "x a=1 \\\n b=2 \\\r\n  c=3\\", `x {"a": 1, "b": 2, "c": 3}`},
		{"continuation joins", "x a=fo\\\no b=\"c\\\nd\" e={\"f\\\ng\": \\\n 1}", `x {"a": "foo", "b": "cd", "e": {"fg": 1}}`},
		{"two backslashes do not continue", "x a=C:\\\\", `x {"a": "C:\\\\"}`},
		{"CRLF", "query-status\r\n", `query-status`},
		{"blank", " \r\n\t\n", ``},
		{"nothing", "", ``},
		{"byte order mark", "\ufeffquery-status", `query-status`},
		{"lines of comments around", "# a\n\nquery-status\n# b", `query-status`},

		// raw
		{"raw", `{"execute": "query-status"}`, `raw {"execute": "query-status"}`},
		{"raw keeps its bytes", ` { "execute":"x","arguments":{"a":1.50}, "id" : 7 } # c`, `raw { "execute":"x","arguments":{"a":1.50}, "id" : 7 }`},
		{"raw over lines", "{\"execute\":\n\"x\"}\n", "raw {\"execute\":\n\"x\"}"},
		{"raw from Python", `{'execute': 'x', 'arguments': {'a': True}}`, `raw {"execute": "x", "arguments": {"a": true}}`},

		// transactions
		{"transaction on one line", `transaction( a k=v n.m=1 )`, `transaction {"actions": [{"type": "a", "data": {"k": "v", "n": {"m": 1}}}]}`},
		{"transaction over lines", "transaction(\na k=v\n\n# c\nb\n)", `transaction {"actions": [{"type": "a", "data": {"k": "v"}}, {"type": "b", "data": {}}]}`},
		{"transaction begun and ended in a line", "transaction( a k=v\nb l=w )", `transaction {"actions": [{"type": "a", "data": {"k": "v"}}, {"type": "b", "data": {"l": "w"}}]}`},
		{"empty transaction", "transaction( )", `transaction {"actions": []}`},
		{"transaction, other spellings", "transaction (a k=v\n)", ``},
		{"transaction with a space", "transaction ( a k=v )", `transaction {"actions": [{"type": "a", "data": {"k": "v"}}]}`},
		{"transaction without a space", "transaction(a k=v )", `transaction {"actions": [{"type": "a", "data": {"k": "v"}}]}`},
		{"transaction, raw action", `transaction( {"type": "abort", 'data': {}} )`, `transaction {"actions": [{"type": "abort", "data": {}}]}`},
		{"transaction with actions=", `transaction actions=[{"type":"abort","data":{}}]`, `transaction {"actions": [{"type": "abort", "data": {}}]}`},
		{"transaction, values over lines", "transaction( a k=[1,\n2] l=\\\n3\n)", `transaction {"actions": [{"type": "a", "data": {"k": [1, 2], "l": 3}}]}`},

		// the shell's own
		{"dot", `.hmp info  "a b" # c`, `dot .hmp|info|a b|info  "a b" # c`},
		{"dot alone", `.exit`, `dot .exit||`},
		{"dot with a broken quote", `.hmp it's`, `dot .hmp||it's`},
		{"dot, continued", ".hmp a\\\nb C:\\\\d", `dot .hmp|ab|C:\\d|ab C:\\d`},
		{"dot with two backslashes", ".json transaction(\na k=C:\\\\\n)", "dot .json|transaction(|transaction(\na k=C:\\\\\n)"},
		{"dot with a transaction", ".json transaction(\na k=v\n)", "dot .json|transaction(|transaction(\na k=v\n)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st, err := Parse(tt.line)
			if tt.want == "" && tt.line != "" && strings.HasPrefix(tt.line, "transaction") {
				if err == nil {
					t.Fatalf("%q is accepted: %s", tt.line, send(st))
				}
				return
			}
			if err != nil {
				t.Fatalf("%q: %v", tt.line, err)
			}
			if got := send(st); got != tt.want {
				t.Errorf("%q\n got %s\nwant %s", tt.line, got, tt.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, line string
		at         string // line:column
		msg, hint  string // parts of them
	}{
		{"word without =", "device_add driver=e1000 net1", "1:25", `"net1" is not key=value`, "quotes"},
		{"space before =", "x a =1", "1:3", `there are spaces around the = of "a"`, "leave them out: a=1"},
		{"empty key", "x =1", "1:3", `"=1" has no key`, "without spaces"},
		{"empty part", "x a..b=1", "1:5", `"a..b=1" has an empty part`, "dots"},
		{"leading dot", "x .a=1", "1:3", "empty part", ""},
		{"trailing dot", "x a.=1", "1:5", "empty part", ""},
		{"dots only", "x .=1", "1:3", "empty part", ""},
		{"twice", "x a=1 b=2 a=3", "1:11", `"a" is given twice`, "remove"},
		{"twice, nested", "x a.b=1 a.b=3", "1:9", `"a.b" is given twice`, ""},
		{"twice, through an object", `x a={"b": 1} a.b=3`, "1:14", `"a.b" is given twice`, ""},
		{"leaf, then branch", "x a=1 a.b=2", "1:7", `"a" as both`, "either"},
		{"branch, then leaf", "x a.b=1 a=2", "1:9", `"a" as both`, ""},
		{"branch, then object", "x a.b=1 a={}", "1:9", `"a" as both`, ""},
		{"array, then branch", "x a=[] a.b=1", "1:8", `"a" as both`, ""},
		{"open quote", `x a="b c`, "1:5", `the quote " is never closed`, `\"`},
		{"open quote, line", "x a='b\nc'", "1:5", "the quote ' is never closed", ""},
		{"escaped quote", `x a="C:\" b=1`, "1:5", "never closed", `\\`},
		{"apostrophe", "x name=it's", "1:10", "the quote ' is never closed", ""},
		{"open bracket", `x f={"a": [1`, "1:11", `"[" is never closed`, "close it"},
		{"crossed brackets", `x f={"a": [1}`, "1:13", `"}" does not close the "["`, "quotes"},
		{"broken JSON", `x f={"a" 1}`, "1:10", `expected ":" behind the key, found "1"`, "quotes"},
		{"bare word in JSON", `x f=[1, x]`, "1:9", `"x" is no value`, "quotes"},
		{"bare key", `x f={a: 1}`, "1:6", `"a" is no value`, "keys need quotes"},
		{"key twice in JSON", `x f={"a": 1, "\u0061": 2}`, "1:14", `"a" is given twice`, ""},
		{"text behind JSON", `x f={"a": 1}x`, "1:13", "nothing more", ""},
		{"no command", "a=1", "1:1", `"a=1" stands where a command's name should`, "query-status"},
		{"list", "[1]", "1:1", "command's name", ""},
		{"stray )", ") ", "1:1", `")" closes no transaction`, ""},
		{"stray ) behind", "x )", "1:3", `")" is not`, "closes no transaction"},
		{"stray }", "} ", "1:1", `"}" closes nothing`, ""},
		{"stray ] with more", "]}", "1:1", `"]" closes nothing`, ""},
		{"empty name", `"" a=1`, "1:1", "command's name", ""},
		{"backslash and space", "x \\ ", "1:3", "is not key=value", "last character"},
		{"two commands", "query-status\nquery-block", "2:1", `second command begins at "query-block"`, "one command"},

		{"raw, broken", `{"execute" "x"}`, "1:12", `expected ":"`, ""},
		{"raw, broken in line 2", "{\"execute\": \"x\",\n  \"arguments\": {,}}", "2:17", `expected a value`, ""},
		{"raw, open", `{"execute": "x"`, "1:1", "never closed", ""},
		{"raw, no command", `{"arguments": {}}`, "1:1", `needs a member "execute"`, "raw QMP"},
		{"raw, bad arguments", `{"execute": "x", "arguments": 1}`, "1:31", "must be an object", ""},
		{"raw, text behind", `{"execute": "x"} y=1`, "1:18", "behind the JSON", "one command"},
		{"raw, two", `{"execute": "x"}{"execute": "y"}`, "1:17", "a second object begins here", "give one command a line"},

		{"transaction, open", "transaction( a k=v", "1:1", "transaction is never closed", ") that is a word"},
		{"transaction, ) glued", "transaction( a k=v)", "1:1", "never closed", ""},
		{"transaction, behind", "transaction( a ) b", "1:18", `"b" stands behind the end`, ""},
		{"transaction, behind in a new line", "transaction(\na\n) b", "3:3", `"b" stands behind the end`, ""},
		{"transaction, lines behind", "transaction( a )\nb", "2:1", `"b" stands behind the end`, ""},
		{"transaction in a transaction", "transaction(\ntransaction(\n)", "2:1", "cannot hold another", ""},
		{"transaction, two actions in a line", "transaction( a k=v b l=w )", "1:20", `"b" is not key=value`, "one action a line"},
		{"transaction, dot", "transaction(\n.exit\n)", "2:1", `".exit" is for the shell`, ""},
		{"transaction, bad action", "transaction(\nk=v\n)", "2:1", "command's name", ""},
		{"transaction, bad raw action", "transaction(\n{\"a\" 1}\n)", "2:6", `expected ":"`, ""},
		{"transaction, text behind a raw action", "transaction(\n{} x\n)", "2:4", "behind the action", "one action a line"},

		{"NUL", "x a=b\x00c", "1:6", "NUL", ""},
		{"no UTF-8", "x é=\xff", "1:5", "no valid UTF-8", ""},
		{"noncharacter", "x a=\U0001ffff", "1:5", "U+1FFFF is not a character", ""},
		{"deep brackets", "x a=" + strings.Repeat("[", 1001), "1:1005", "nest more than 1000 deep", ""},
		{"deep keys", "x " + strings.Repeat("a.", 1001) + "a=1", "1:2003", "more than 1000 parts", ""},
		{"deep tuples", "x a=[" + strings.Repeat("(", 2000) + "]", "1:1005", "nest more than 1000 deep", ""},
		{"long word", "x " + strings.Repeat("w", 500), "1:3", "www…\" is not", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st, err := understand(tt.line)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%q: no *Error but %v, %s", tt.line, err, send(st))
			}
			line, column, _ := strings.Cut(tt.at, ":")
			if got := place(e); got != line+":"+column {
				t.Errorf("%q: fault at %s, want %s: %v", tt.line, got, tt.at, e)
			}
			if !strings.Contains(e.Msg, tt.msg) || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("%q:\n msg %q, want %q\nhint %q, want %q", tt.line, e.Msg, tt.msg, e.Hint, tt.hint)
			}
			if len(e.Msg) > 200 || strings.ContainsAny(e.Msg, "\n\x1b") {
				t.Errorf("%q: unfit message %q", tt.line, e.Msg)
			}
		})
	}
}

func TestUnfinishedErrors(t *testing.T) {
	for line, want := range map[string]bool{
		`x f={"a": 1`:            true,
		"transaction(\na k=v":    true,
		"transaction(\na k":      false,
		`x f={"a": 1]`:           false,
		`x a="b`:                 false,
		"transaction(\na k=\"v":  false,
		`{"execute": "x", "a":[`: true,
	} {
		_, err := understand(line)
		var e *Error
		if !errors.As(err, &e) || e.Unfinished != want {
			t.Errorf("%q: %#v, want Unfinished %v", line, err, want)
		}
	}
}

func TestFromWords(t *testing.T) {
	tests := []struct {
		words []string
		want  string
	}{
		{[]string{"query-status"}, `query-status`},
		{[]string{"x", "file.filename=a b.qcow2", "n=1"}, `x {"file": {"filename": "a b.qcow2"}, "n": 1}`},
		{[]string{"x", "a=it's", `b=say "hi"`, `c="`, `d=\`, "e=# no"}, `x {"a": "it's", "b": "say \"hi\"", "c": "\"", "d": "\\", "e": "# no"}`},
		{[]string{"x", `a="1"`, `b='a \'b'`, `c="a" "b"`}, `x {"a": "1", "b": "a 'b", "c": "\"a\" \"b\""}`},
		{[]string{"x", `f={"a": "b c"}`, "g=[1,\n2]", "h=[::1]"}, `x {"f": {"a": "b c"}, "g": [1, 2], "h": "[::1]"}`},
		{[]string{"x", "a=l1\nl2\r\n"}, `x {"a": "l1\nl2\r\n"}`},
		{[]string{"query-status x=1 # c"}, `query-status {"x": 1}`},
		{[]string{"query-status\n"}, `query-status`},
		{[]string{`{"execute":"x"}`}, `raw {"execute":"x"}`},
		{[]string{"transaction(", "a", "k=v w", ")"}, `transaction {"actions": [{"type": "a", "data": {"k": "v w"}}]}`},
		{[]string{".hmp", "info", "a b"}, `dot .hmp|info|a b|info a b`},
		{[]string{}, ``},
		{[]string{""}, ``},
	}
	for _, tt := range tests {
		st, err := FromWords(tt.words)
		if err != nil {
			t.Errorf("%q: %v", tt.words, err)
		} else if got := send(st); got != tt.want {
			t.Errorf("%q\n got %s\nwant %s", tt.words, got, tt.want)
		}
	}
	bad := []struct {
		words []string
		at    string
		msg   string
	}{
		{[]string{"x", "a=1 2", "b c"}, "1:9", `"b c" is not key=value`},
		{[]string{"x", ""}, "1:3", `"" is not key=value`},
		{[]string{"x", "f={"}, "1:6", `looks like JSON`},
		{[]string{"x", "f={\n1"}, "2:2", `looks like JSON`},
		{[]string{"x", "a=\xff"}, "1:5", "UTF-8"},
		{[]string{"a=1", "b=2"}, "1:1", "command's name"},
		{[]string{`{"execute":"x"}`, "y"}, "1:17", "behind the JSON"},
	}
	for _, tt := range bad {
		st, err := FromWords(tt.words)
		if err == nil {
			_, err = st.Bind(Binding{})
		}
		var e *Error
		if !errors.As(err, &e) || place(e) != tt.at || !strings.Contains(e.Msg, tt.msg) {
			t.Errorf("%q: %v, want %s %s", tt.words, err, tt.at, tt.msg)
		}
	}
}
