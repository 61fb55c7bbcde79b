package cmdline

import "strings"

// Quote writes text so that key=TEXT means that string: as it is where it is one plain word, else in quotes. ok is false
// for text with line ends, which only key:=JSON can carry. Where the schema says nothing, a word may still look like a
// number or a boolean; quotes always mean a string.
func Quote(text string) (word string, ok bool) {
	if isPlain(text) {
		return text, true
	}
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	return quoted, !strings.ContainsAny(text, "\n\r")
}

// isPlain says whether text, as it is, is a value of its own.
func isPlain(text string) bool {
	if _, _, ok := sourceOf(text); ok || strings.HasPrefix(text, jsonPrefix) {
		return false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"', c == '\'', c == '\\', c == '\n', spaceAt(text, i) > 0:
			return false
		case i == 0 && (c == '{' || c == '['):
			return false
		}
	}
	return true
}

// QuoteKey writes a key's part so that a dotted key can hold it.
func QuoteKey(name string) string {
	if isPlain(name) && name != "" && !strings.ContainsAny(name, ".=:#|>(){}[]@") {
		return name
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}
