package run

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// record is what a server was sent behind the negotiation.
type record struct {
	mu   sync.Mutex
	sent []string
}

// take returns the commands that came since the last time: name, blank, arguments.
func (r *record) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent
}

// replies has an answer for each command: JSON, or "!Class text" for an error. A
// command without one is answered with {}.
type replies map[string]string

func (r *record) step(answers replies) qmptest.Step {
	return func(_ context.Context, p *qmptest.Peer) error {
		for {
			c, err := p.Receive()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			r.mu.Lock()
			r.sent = append(r.sent, strings.TrimSpace(c.Name+" "+string(c.Arguments)))
			r.mu.Unlock()
			answer, ok := answers[c.Name]
			if !ok {
				answer = "{}"
			}
			if refusal, refused := strings.CutPrefix(answer, "!"); refused {
				class, text, _ := strings.Cut(refusal, " ")
				err = p.Answer(c, nil, &qmpserver.Error{Class: class, Desc: text})
			} else {
				err = p.Answer(c, json.RawMessage(answer), nil)
			}
			if err != nil {
				return err
			}
		}
	}
}

// bench is an Executor with a server that records what it is sent.
type bench struct {
	*Executor
	*record
	t       *testing.T
	results []string
}

// newBench makes one whose server has the schema of QEMU 7.2, if answers do not
// say otherwise. It must run in a bubble of synctest.
func newBench(t *testing.T, answers replies) *bench {
	t.Helper()
	b := &bench{record: &record{}, t: t}
	all := replies{"query-qmp-schema": string(qapitest.RawQEMU(t))}
	for name, answer := range answers {
		all[name] = answer
	}
	p := dial(t, b.step(all))
	b.Executor = &Executor{
		Client:  p.Client,
		Schemas: NewSchemas(p.Client, Kept{}),
		Inputs:  Inputs{Getenv: func(string) (string, bool) { return "", false }},
		Result: func(_ context.Context, w io.Writer, r qmp.Reply) error {
			if w != nil {
				_, err := w.Write(append(slices.Clone(r.Return), '\n'))
				return err
			}
			b.results = append(b.results, string(r.Return))
			return nil
		},
	}
	return b
}

// run runs a line.
func (b *bench) run(line string) error {
	b.t.Helper()
	return b.Execute(b.t.Context(), statement(b.t, line))
}

// sends checks what the server was sent since the last time.
func (b *bench) sends(commands ...string) {
	b.t.Helper()
	if got := b.take(); !slices.Equal(got, commands) {
		b.t.Errorf("sent %q, want %q", got, commands)
	}
}

func statement(t *testing.T, line string) cmdline.Statement {
	t.Helper()
	st, err := cmdline.Parse(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return st
}
