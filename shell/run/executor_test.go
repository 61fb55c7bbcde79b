package run

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

func TestExecutorWritesWhatTheServerAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := dial(t, command("a", `{"z": 1.10, "a": 2}`), refused("b"), command("c", "{}"), qmptest.ExpectEnd())
		var got []string
		full := errors.New("disk full")
		x := &Executor{Client: p.Client, Schemas: NoSchema(), Result: func(_ context.Context, _ io.Writer, r qmp.Reply) error {
			got = append(got, string(r.Return))
			if len(got) == 2 {
				return full
			}
			return nil
		}}
		if err := x.Execute(t.Context(), statement(t, "a")); err != nil {
			t.Error(err)
		}
		var server *qmp.ExecuteError
		if err := x.Execute(t.Context(), statement(t, "b")); !errors.As(err, &server) || server.Command.Name != "b" {
			t.Errorf("refused: %v", err)
		}
		var output *OutputError
		if err := x.Execute(t.Context(), statement(t, "c")); !errors.As(err, &output) || !errors.Is(err, full) {
			t.Errorf("a result that cannot be written: %v", err)
		}
		wantEqual(t, "results", got, []string{`{"z": 1.10, "a": 2}`, "{}"})
	})
}

func TestDotWord(t *testing.T) {
	for text, want := range map[string]string{
		".help":               ".help",
		".help me":            ".help",
		".exit # note":        ".exit",
		".nonsense 'open":     ".nonsense",
		"help":                ".help",
		"exit":                ".exit",
		"help name=x":         "", // not ours: the server decides
		`{"execute": "exit"}`: "",
		"query-status":        "",
		"quit":                "",
		"# .exit":             "",
		"":                    "",
	} {
		st, err := cmdline.Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		word, ok := DotWord(st)
		if word != want || ok != (want != "") {
			t.Errorf("%q is %q, %v; want %q", text, word, ok, want)
		}
	}
}
