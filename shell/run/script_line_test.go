package run

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// TestScript_TheLineIsThatOfTheFault: inside statements over several lines too, and what an open bracket swallowed is counted.
func TestScript_TheLineIsThatOfTheFault(t *testing.T) {
	for _, c := range []struct {
		name, text string
		line       int
		msg        string
	}{
		{"transaction", "\ntransaction(\nabort\nx y\n)\n", 4, `"y" is not key=value`},
		{"continued line", "a \\\n b=1 \\\n c\n", 3, `"c" is not key=value`},
		{"JSON", "a\n{\"execute\":\n\n 1 2}\n", 4, "expected"},
		{"never closed", "a\na b={\nc\nd\n", 2, "the next 2 lines belong to it and did not run"},
		{"transaction never closed", "transaction(\nabort\n", 1, "the next line belongs to it and did not run"},
		{"closed on its line", "a b=[1}\nc\n", 1, `"}" does not close the "["`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var steps []qmptest.Step
				if strings.HasPrefix(c.text, "a\n") {
					steps = append(steps, command("a", "1"))
				}
				s := newTrial(t, strings.NewReader(c.text), append(steps, qmptest.ExpectEnd())...)
				err := s.Run(t.Context())
				wantPlace(t, err, c.line, &cmdline.Error{})
				var fault *cmdline.Error
				if !errors.As(err, &fault) || !strings.Contains(fault.Msg, c.msg) {
					t.Errorf("error %v, want %s", err, c.msg)
				}
			})
		})
	}
}

// TestScript_NegotiationIsAnsweredAsItWas: recipes for socat begin with it, and go on.
func TestScript_NegotiationIsAnsweredAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := "{\"execute\": \"qmp_capabilities\"}\nqmp_capabilities enable=[\"oob\"]\n-> {\"execute\": \"a\"}\n"
		s := newTrial(t, strings.NewReader(text), command("a", "1"), qmptest.ExpectEnd())
		if err := s.Run(t.Context()); err != nil {
			t.Error(err)
		}
		wantEqual(t, "results", s.results, []string{"{}", "{}", "1"})
	})
}
