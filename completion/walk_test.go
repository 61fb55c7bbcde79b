package completion

import (
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// walker types lines by what completion offers and hints say, and by nothing else.
type walker struct {
	testing.TB
	e Env
}

// offered completes at the end of text.
func (w walker) offered(text string) Result { return Complete(text, len(text), w.e) }

// take puts a candidate at the end of text, as Tab would, and goes on until the word is whole.
func (w walker) take(text string, r Result, c Candidate, depth int) string {
	text = text[:r.Start] + c.Text
	switch {
	case c.Final:
		return text + " "
	case depth > 8:
		w.Fatalf("%s: does not come to an end", text)
	case strings.HasSuffix(c.Text, "="):
		return w.value(text, c.Label)
	}
	next := w.offered(text)
	if len(next.Candidates) == 0 {
		w.Fatalf("%s: leads nowhere", text)
	}
	return w.take(text, next, next.Candidates[0], depth+1)
}

// value puts the first value that is offered, or one that the label of the key allows, behind text.
func (w walker) value(text, label string) string {
	r := w.offered(text)
	if len(r.Candidates) > 0 && r.Candidates[0].Final {
		return w.take(text, r, r.Candidates[0], 0)
	}
	switch label, _, _ := strings.Cut(label, ","); {
	case strings.Contains(label, "str"), label == "any":
		return text + "x "
	case strings.Contains(label, "int"), label == "number":
		return text + "1 "
	}
	w.Fatalf("%s: no value for %q is offered", text, label)
	return ""
}

// fill gives whatever the hint says is required. A line that needs more than its schema has members never ends.
func (w walker) fill(text string) string {
	for range 100 {
		missing, _, _ := strings.Cut(Hint(text, w.e)+" ", " ")
		if missing == "" || missing[0] == '[' || missing == "…" {
			return text
		}
		r := w.offered(text + missing[:len(missing)-1])
		found := false
		for _, c := range r.Candidates {
			if strings.HasSuffix(missing, c.Text) {
				text, found = w.take(text+missing[:len(missing)-1], r, c, 0), true
				break
			}
		}
		if !found {
			w.Fatalf("%s: %s is required, but not offered", text, missing)
		}
	}
	w.Fatalf("%s: something is always missing", text)
	return ""
}

// check binds the line, which the binder must accept.
func (w walker) check(text string) {
	st, err := cmdline.Parse(text)
	if err == nil {
		_, err = st.Bind(cmdline.Binding{Schema: w.e.Schema, Validate: true})
	}
	if err != nil {
		w.Errorf("%s: %v", text, err)
	}
}

// branches returns text with each value of the tag that comes first, or text alone if none does.
func (w walker) branches(text string) []string {
	r := w.offered(text)
	if len(r.Candidates) == 0 || !strings.HasSuffix(r.Candidates[0].Label, "required") || !strings.HasSuffix(r.Candidates[0].Text, "=") {
		return []string{text}
	}
	key := text + r.Candidates[0].Text
	values := w.offered(key)
	if len(values.Candidates) == 0 {
		return []string{text}
	}
	var list []string
	for _, c := range values.Candidates {
		list = append(list, w.take(key, values, c, 0))
	}
	return list
}

// walk tries everything that is offered for a command or an action. behind closes what text opens.
func (w walker) walk(text, behind string) (lines int) {
	for _, start := range w.branches(text) {
		base := w.fill(start)
		w.check(base + behind)
		r := w.offered(base)
		for _, c := range r.Candidates {
			w.check(w.fill(w.take(base, r, c, 0)) + behind)
		}
		lines += 1 + len(r.Candidates)
	}
	return lines
}

func TestComplete_OffersOnlyWhatTheBinderAccepts(t *testing.T) {
	for name, schema := range map[string]*qapi.Schema{"QEMU": qapitest.QEMU(t), "storage daemon": qapitest.StorageDaemon(t)} {
		t.Run(name, func(t *testing.T) {
			w := walker{t, Env{Schema: schema}}
			commands := w.offered("")
			if len(commands.Candidates) != len(schema.Commands()) {
				t.Errorf("%d commands of %d are offered", len(commands.Candidates), len(schema.Commands()))
			}
			lines := 0
			for _, c := range commands.Candidates {
				if c.Text != "transaction(" {
					lines += w.walk(c.Text+" ", "")
				}
			}
			actions := w.offered("transaction( ")
			for _, c := range actions.Candidates {
				if c.Text != ")" {
					lines += w.walk("transaction(\n"+c.Text+" ", "\n)")
				}
			}
			if lines < 500 {
				t.Errorf("only %d lines were tried", lines)
			}
			t.Logf("%d lines", lines)
		})
	}
}
