package cmdline

import (
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// synthetic is a schema of what QEMU's own does not have, or not yet: a tag with a default, a branch with a tag, an
// alternate of every kind, arrays of arrays, members of any type.
const synthetic = `[
	{"meta-type": "builtin", "name": "str", "json-type": "string"}, {"meta-type": "builtin", "name": "int", "json-type": "int"},
	{"meta-type": "builtin", "name": "bool", "json-type": "boolean"}, {"meta-type": "builtin", "name": "null", "json-type": "null"},
	{"meta-type": "builtin", "name": "any", "json-type": "value"}, {"meta-type": "builtin", "name": "number", "json-type": "number"},
	{"meta-type": "object", "name": "none", "members": []},
	{"meta-type": "array", "name": "[int]", "element-type": "int"}, {"meta-type": "array", "name": "[[int]]", "element-type": "[int]"},
	{"meta-type": "enum", "name": "e", "members": [{"name": "a"}, {"name": "b"}, {"name": "1"}], "values": ["a", "b", "1"]},
	{"meta-type": "object", "name": "ba", "members": [{"name": "y", "type": "str"}, {"name": "t2", "type": "e"}],
		"tag": "t2", "variants": [{"case": "a", "type": "leaf"}, {"case": "b", "type": "none"}, {"case": "1", "type": "none"}]},
	{"meta-type": "object", "name": "leaf", "members": [{"name": "z", "type": "int"}]},
	{"meta-type": "object", "name": "u", "members": [{"name": "t", "type": "e", "default": "b"}, {"name": "o", "type": "any", "default": null}],
		"tag": "t", "variants": [{"case": "a", "type": "none"}, {"case": "b", "type": "ba"}, {"case": "1", "type": "none"}]},
	{"meta-type": "alternate", "name": "alt", "members": [{"type": "int"}, {"type": "bool"}, {"type": "[int]"}, {"type": "leaf"}]},
	{"meta-type": "alternate", "name": "num", "members": [{"type": "number"}, {"type": "e"}, {"type": "null"}]},
	{"meta-type": "alternate", "name": "list", "members": [{"type": "[int]"}, {"type": "str"}]},
	{"meta-type": "object", "name": "args", "members": [{"name": "alt", "type": "alt", "default": null}, {"name": "num", "type": "num", "default": null},
		{"name": "list", "type": "list", "default": null}, {"name": "table", "type": "[[int]]", "default": null}, {"name": "what", "type": "any", "default": null},
		{"name": "n", "type": "number", "default": null}, {"name": "nothing", "type": "null", "default": null}, {"name": "e", "type": "e", "default": null}]},
	{"meta-type": "command", "name": "union", "arg-type": "u", "ret-type": "none"},
	{"meta-type": "command", "name": "x", "arg-type": "args", "ret-type": "none"}
]`

func syntheticSchema(t testing.TB) *qapi.Schema {
	t.Helper()
	s, err := qapi.Parse([]byte(synthetic))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBindWhatQEMUDoesNotHave(t *testing.T) {
	tests := []bindTest{
		{"tag by default", `union y=1 t2=b`, `union {"y": "1", "t2": "b"}`, ""},
		{"tag by default, missing", `union`, `error 1:6 union lacks the arguments "y" and "t2"`, "union [t=a|b|1] [o=any] (more by t)"},
		{"tag of a branch", `union z=7 t2=a y=1`, `union {"z": 7, "t2": "a", "y": "1"}`, ""},
		{"tag of a branch, given", `union z=7 t2=a y=1 t=b o=x`, `union {"z": 7, "t2": "a", "y": "1", "t": "b", "o": "x"}`, ""},
		{"tag of a branch, wrong", `union t2=c y=1`, `error 1:10 "t2" has no value "c"`, "it is one of a, b, 1"},
		{"tag of a branch, missing", `union z=7 y=1`, `error 1:14 union lacks the argument "t2"`, `t2 decides whether there is "z": it comes with t2=a`},
		{"no such branch member", `union t=a y=1`, `error 1:11 "union" has no argument "y" with t=a`, "it comes with t=b"},

		{"alternate, int", `x alt=0x10`, `x {"alt": 16}`, ""},
		{"alternate, bool", `x alt=off`, `x {"alt": false}`, ""},
		{"alternate, array", `x alt=[1]`, `x {"alt": [1]}`, ""},
		{"alternate, elements", `x alt.1=2 alt.0=0x1`, `x {"alt": [1, 2]}`, ""},
		{"alternate, object", `x alt={'z': 1}`, `x {"alt": {"z": 1}}`, ""},
		{"alternate, members", `x alt.z=1K`, `x {"alt": {"z": 1024}}`, ""},
		{"alternate, wrong", `x alt=abc`, `error 1:7 "alt" takes an integer, or on or off, or an array, or an object, not "abc"`, ""},
		{"alternate, quoted", `x alt="1"`, `error 1:7 "alt" takes an integer, or on or off, or an array, or an object, not the string "1"`, "quotes make it a string: leave them out"},
		{"alternate, too large", `x alt=99999999999999999999`, `error 1:7 "alt": "99999999999999999999" does not fit into 64 bits`, ""},
		{"alternate, enum before number", `x num=1`, `x {"num": "1"}`, ""},
		{"alternate, number", `x num=1.50`, `x {"num": 1.50}`, ""},
		{"alternate, null", `x num=None`, `x {"num": null}`, ""},
		{"alternate, text in brackets", `x list=[::1]`, `x {"list": "[::1]"}`, ""},
		{"alternate, no array but text", `x list={c0ffee}`, `x {"list": "{c0ffee}"}`, ""},
		{"alternate, object as text", `x list={"a": 1}`, `x {"list": "{\"a\": 1}"}`, ""},
		{"alternate, broken array", `x list=[1, x]`, `error 1:12 "[1, x]" looks like JSON, but: "x" is no value`, "text needs quotes"},
		{"alternate, no members", `x num.a=1`, `error 1:3 "num" takes a number, or one of a set of words, or null and has no members`, "give it one value"},
		{"alternate, array by names", `x list.a=1`, `error 1:3 "list" takes an array, or a string and has no members`, "give it one value"},
		{"array of arrays", `x table.0.0=1 table.1.0=2 table.0.1=3`, `x {"table": [[1, 3], [2]]}`, ""},
		{"gap in an array of arrays", `x table.0.0=1 table.1.1=2`, `error 1:15 "table.1.1" is given, but not "table.1.0"`, "the elements of an array count from 0 without gaps"},
		{"any", `x what=1`, `x {"what": 1}`, ""},
		{"any, dotted", `x what.a.0=on`, `x {"what": {"a": {"0": "on"}}}`, ""},
		{"null", `x nothing=null`, `x {"nothing": null}`, ""},
		{"null, wrong", `x nothing=x`, `error 1:11 "nothing" takes null, not "x"`, ""},
		{"number", `x n=+.5`, `x {"n": 0.5}`, ""},
		{"number, wrong", `x n=x`, `error 1:5 "n" takes a number, not "x"`, ""},
		{"JSON that dotted keys add to", `x what={"b": [1, [2, {"c": 3}]], "d": {"e": [], "f": 1.50}} what.d.g=on what.h=[]`,
			`x {"what": {"b": [1, [2, {"c": 3}]], "d": {"e": [], "f": 1.50, "g": "on"}, "h": []}}`, ""},
		{"exact JSON that dotted keys add to", `x what:={"b":1} what.c=2`, `x {"what": {"b": 1, "c": 2}}`, ""},
		{"broken JSON that dotted keys add to", `x what={"b" 1} what.c=2`, `error 1:13 "{\"b\" 1}" looks like JSON, but: expected ":" behind the key, found "1"`, "-"},
		{"text that dotted keys add to", `x what={c0ffee} what.c=2`, `error 1:17 cannot use "what" as both a value and an object with members`, "-"},
		{"a source that dotted keys add to", `x what=@file:x what.c=2`, `error 1:16 cannot use "what" as both a value and an object with members`, "-"},
	}
	schema := syntheticSchema(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, Binding{Schema: schema, Validate: true}) })
	}
}

func TestInteger(t *testing.T) {
	for word, want := range map[string]string{
		"0": "0", "-0": "0", "+0": "0", "12": "12", "-12": "-12", "+12": "12", "007": "7", "1_000": "1000", "123456789012345678": "123456789012345678",
		"0x10": "16", "-0x10": "-16", "0XfF": "255", "0o17": "15", "0b101": "5", "0x_f": "15",
		"1k": "1024", "1K": "1024", "2M": "2097152", "1g": "1073741824", "1T": "1099511627776", "1P": "1125899906842624", "15E": "17293822569102704640",
		"-1K": "-1024", "512B": "512", "4KiB": "4096", "1.5K": "1536", "0.5K": "512", "1.50M": "1572864", "1_0K": "10240", "1.000K": "1024",
		"18446744073709551615": "18446744073709551615", "-9223372036854775808": "-9223372036854775808", "0xffffffffffffffff": "18446744073709551615",
		"18446744073709551616": "large", "-9223372036854775809": "large", "16E": "large", "0x10000000000000000": "large", "-0x8000000000000001": "large",
		"1.3K": "fraction", "0.0001K": "fraction",
		"": "", "-": "", "+": "", "x": "", "1x": "", "1.5": "", "1.": "", ".5": "", "1e3": "", "1KB": "", "1Kib": "", "1BiB": "", "1KK": "", "--1": "", "+-1": "",
		"_1": "", "1_": "", "1__0": "", "0x": "", "0xg": "", "0x-1": "", "0x+1": "", "0x.": "", "0b2": "", "0o8": "", "1.K": "", "1.x5K": "", "1.5_0K": "", "٣": "", "1 ": "", "0x1K": "", "1,000": "",
	} {
		digits, v := integer(word)
		got := map[verdict]string{isWhole: digits, tooLarge: "large", hasFraction: "fraction"}[v]
		if got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	for word, want := range map[string]string{
		"1.50": "1.50", "-1e3": "-1e3", "+1E+2": "1E+2", ".5": "0.5", "1.": "1.0", "1_0.5": "10.5", "0x10": "16", "1.5K": "1536", "007": "7",
		"": "", "x": "", "nan": "", "inf": "", "1e": "1152921504606846976", "-": "", "1.3K": "",
	} {
		if got, ok := fraction(word); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", word, got, ok, want)
		}
	}
}
