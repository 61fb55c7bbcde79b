package completion

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// jsonObject puts the members that Tab calls required behind text, which ends in an open bracket.
func (w walker) jsonObject(text string, depth int) string {
	for first := true; ; first = false {
		sep := ""
		if !first {
			sep = ", "
		}
		found := false
		for _, c := range w.offered(text + sep).Candidates {
			if strings.Contains(c.Label, "required") {
				text, found = w.jsonMember(text+sep, c, depth), true
				break
			}
		}
		if !found {
			return text + "}"
		}
	}
}

func (w walker) jsonMember(text string, c Candidate, depth int) string {
	if text += c.Text; depth > 8 || !strings.HasSuffix(text, ": ") {
		w.Fatalf("%s: does not come to an end", text)
	}
	r := w.offered(text)
	if len(r.Candidates) > 0 {
		first := r.Candidates[0].Text
		if depth > 0 && first[0] == '"' { // another branch, lest a node holds itself for ever
			first = r.Candidates[len(r.Candidates)-1].Text
		}
		switch first {
		case "{":
			return w.jsonObject(text+"{", depth+1)
		case "[":
			return text + "[]"
		default:
			return text[:r.Start] + first
		}
	}
	switch label, _, _ := strings.Cut(c.Label, ","); {
	case strings.Contains(label, "str"):
		return text + `"x"`
	case strings.Contains(label, "int"), label == "number", label == "any":
		return text + "1"
	}
	w.Fatalf("%s: no value for %q is offered", text, c.Label)
	return ""
}

// TestTab_TabAloneWritesRawQMP: for every command what Tab offers in raw JSON leads to arguments that the schema takes.
func TestTab_TabAloneWritesRawQMP(t *testing.T) {
	w := walker{t, Env{Schema: qapitest.QEMU(t)}}
	for _, c := range w.e.Schema.Commands() {
		text := w.jsonObject(`{"execute": "`+c.Name+`", "arguments": {`, 0) + "}"
		var message struct{ Arguments json.RawMessage }
		if err := json.Unmarshal([]byte(text), &message); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if err := c.Check(message.Arguments); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
