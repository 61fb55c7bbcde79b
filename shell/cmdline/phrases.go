package cmdline

import (
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// The words that messages are made of.

// nearHint offers names that may have been meant.
func nearHint(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return "did you mean " + strings.Join(near, " or ") + "?"
}

// casesHint says with which values of the tag a member comes.
func casesHint(tag string, cases []string) string {
	const most = 4
	if len(cases) > most {
		cases = append(cases[:most:most], "…")
	}
	return "it comes with " + tag + "=" + strings.Join(cases, ", ")
}

// listHint lists names when they are few.
func listHint(intro string, names []string) string {
	const most = 60
	list := strings.Join(names, ", ")
	switch {
	case list == "":
		return intro + " none"
	case len(list) > most:
		return ""
	}
	return intro + " " + list
}

func (b *binder) unknownCommand() *fault {
	f := &fault{
		at: b.st.nameAt, msg: "the server has no command " + quoteWord(b.st.Name),
		hint: nearHint(b.Schema.NearestCommand(b.st.Name)),
	}
	switch {
	case hmpCommand(b.st.Name):
		return hmpFault(b.st.Name, b.st.text[b.st.nameAt:b.st.end], b.st.nameAt)
	case f.hint == "":
		f.hint = "`describe` (in the shell .describe) lists those that it has"
	}
	return f
}

// formerHint tells where the members went that older QEMUs took below a member of that name.
func formerHint(command, name string) string {
	switch {
	case command == "object-add" && name == "props":
		return "its members stand beside id since QEMU 6.0: size=..., not props.size=..."
	case command == "blockdev-add" && name == "options":
		return "its members stand by themselves since QEMU 2.9: driver=..., not options.driver=..."
	}
	return ""
}

// keyName returns the name that QEMU has for a key of the keyboard that people call otherwise; "" if it is no such name.
func keyName(name string, enum *qapi.Enum) string {
	if enum.Value("kp_enter") == nil { // no list of keys
		return ""
	}
	switch strings.ToLower(name) {
	case "enter", "return":
		return "ret"
	case "escape":
		return "esc"
	case "control":
		return "ctrl"
	case "space", " ":
		return "spc"
	case "del":
		return "delete"
	case "ins":
		return "insert"
	case "pageup", "page_up":
		return "pgup"
	case "pagedown", "page_down":
		return "pgdn"
	case "win", "super", "windows":
		return "meta_l"
	}
	return ""
}

// keysHint shows how keys that are pressed together, as HMP writes them, are given: ctrl-alt-delete.
func keysHint(keys string) string {
	const most = 4
	var list []string
	for i, name := range strings.Split(keys, "-") {
		if i == most || name == "" || len(name) > 12 || strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || !isNameByte(byte(r)) }) {
			return `each is an object: keys=[{"type": "qcode", "data": "ret"}]`
		}
		list = append(list, `{"type": "qcode", "data": "`+name+`"}`)
	}
	return "keys=[" + strings.Join(list, ", ") + "]"
}

// sizeHint shows a size in the units that there are: 64M for 64MB.
func sizeHint(word string) string {
	if at := len(word) - 2; at > 0 {
		unit := strings.ToUpper(word[at:])
		short := strings.TrimSpace(word[:at]) + unit[:1]
		if _, v := integer(short); v == isWhole && unit[1] == 'B' && strings.Contains("KMGTPE", unit[:1]) {
			return short + ": units are K, M, G, T, P and E, and count in 1024s"
		}
	}
	return "for example 4096, 0x1000 or 4K"
}

// due says what a type takes, for people.
func due(t *qapi.Type) string {
	switch t.Kind {
	case qapi.KindString:
		return "a string"
	case qapi.KindInt:
		return "an integer"
	case qapi.KindNumber:
		return "a number"
	case qapi.KindBool:
		return "on or off"
	case qapi.KindNull:
		return "null"
	case qapi.KindObject:
		return "an object"
	case qapi.KindArray:
		return "an array"
	case qapi.KindEnum:
		return "one of a set of words"
	case qapi.KindAlternate:
		var parts []string
		for _, t := range t.Alternate.Types {
			parts = append(parts, due(t))
		}
		return strings.Join(parts, ", or ")
	}
	return "anything"
}

// enumOf returns the enum that the type is or has among its choices, nil if it has none.
func enumOf(t *qapi.Type) *qapi.Type {
	if t.Kind == qapi.KindEnum {
		return t
	}
	if t.Kind == qapi.KindAlternate {
		if i := slices.IndexFunc(t.Alternate.Types, func(t *qapi.Type) bool { return t.Kind == qapi.KindEnum }); i >= 0 {
			return t.Alternate.Types[i]
		}
	}
	return nil
}

// firstMember names a member of o, as an example.
func firstMember(o *qapi.Object) string {
	if list := o.Valid(nil); len(list) > 0 {
		return list[0].Name
	}
	return "member"
}

// given names a value. What comes from elsewhere may be a secret, and is named by its source.
func (b *binder) given(v *value) string {
	if v.form == sourced {
		return "what " + quoteWord(b.st.Sources[v.source].label()) + " gave"
	}
	return quoteWord(v.text)
}

// showsSource says whether messages may tell what is wrong inside a source.
func (b *binder) showsSource(v *value) bool {
	if v.form != sourced {
		return true
	}
	text := strings.TrimSpace(b.Sources[v.source])
	return b.st.Sources[v.source].Kind == File && text != "" && (text[0] == '{' || text[0] == '[')
}

// label names a source as it is typed.
func (s Source) label() string {
	switch s.Kind {
	case File:
		return "@file:" + s.Name
	case Env:
		return "@env:" + s.Name
	}
	return "@prompt"
}
