package run

import (
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// NoSchemaError says that there is nothing to describe.
type NoSchemaError struct {
	Err error // the server's refusal, or what is wrong with its answer; may be nil
}

func (e *NoSchemaError) Error() string {
	const text = "this server has no schema that could be read"
	if e.Err == nil {
		return text
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *NoSchemaError) Unwrap() error { return e.Err }

// Describe says what the schema knows of a command, an event, or a member of one
// ("blockdev-add file"), in lines of the given width. Without words, or with
// patterns, it lists names.
func Describe(schema *qapi.Schema, words []string, width int) (string, error) {
	if IsList(words) {
		entries, err := schema.List(words...)
		if err != nil {
			return "", &WordError{Word: "the pattern " + strings.Join(words, " ") + ":", Why: err.Error()}
		}
		if len(entries) == 0 {
			return "", &WordError{Word: "the server", Why: "has no command and no event " + strings.Join(words, " ")}
		}
		return listing(entries), nil
	}
	d, err := schema.Describe(words[0], words[1:]...)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(d.Text(width), "\n"), nil
}

// IsList says whether words ask for a list of names.
func IsList(words []string) bool {
	return len(words) == 0 || strings.ContainsAny(strings.Join(words, ""), "*?[")
}

func listing(entries []qapi.Entry) string {
	var b strings.Builder
	for i, e := range entries {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Name)
		if notes := append([]string{}, e.Features...); e.Kind == "event" || len(notes) > 0 {
			if e.Kind == "event" {
				notes = append([]string{"event"}, notes...)
			}
			b.WriteString("  (" + strings.Join(notes, ", ") + ")")
		}
	}
	return b.String()
}
