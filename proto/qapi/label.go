package qapi

import "strings"

// maxInline is how many characters of an enum's values a label holds; beyond, it says only how many there are.
const maxInline = 40

// Label names the type in a few characters: "str", "int", "number", "bool", "null", "any", "enum a|b|c" ("enum" alone if
// the values are long), "object", "[str]" for an array, and "object|str" for an alternate.
func (t *Type) Label() string { return t.label(0) }

func (t *Type) label(depth int) string {
	switch t.Kind {
	case KindEnum:
		if values, ok := t.Enum.inline(maxInline); ok {
			return "enum " + values
		}
	case KindArray:
		if depth > 2 {
			return "array" // a schema may hold arrays of themselves
		}
		return "[" + t.Elem.label(depth+1) + "]"
	case KindAlternate:
		var parts []string
		for _, t := range t.Alternate.Types {
			parts = append(parts, t.label(depth+1))
		}
		return strings.Join(parts, "|")
	}
	return t.Kind.String()
}

// inline joins the values by bars if that takes at most limit characters.
func (e *Enum) inline(limit int) (string, bool) {
	total := len(e.Values) - 1
	for i := range e.Values {
		if total += len(e.Values[i].Name); total > limit {
			return "", false
		}
	}
	return strings.Join(e.Names(), "|"), len(e.Values) > 0
}
