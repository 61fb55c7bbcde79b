package terminal

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

const patience = qmptest.HangLimit

// TestMain also is the program that the tests run in a real terminal.
func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		os.Exit(program())
	}
	qmptest.ManyAtOnce()
	goleak.VerifyTestMain(m)
}

func eventually(t *testing.T, ok func() bool, what func() string) {
	t.Helper()
	qmptest.Eventually(t, ok, what)
}

// buffer is a screen that forgets nothing.
type buffer = qmptest.Buffer

// rig is a Terminal on a pipe.
type rig struct {
	*Terminal
	t    *testing.T
	keys *os.File
	out  *buffer
}

type result struct {
	line string
	err  error
}

func newRig(t *testing.T, c Config) *rig {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out := &buffer{}
	c.In, c.Out = r, out
	term, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = term.Close()
		_ = w.Close()
		_ = r.Close()
	})
	return &rig{Terminal: term, t: t, keys: w, out: out}
}

func (r *rig) press(keys string) {
	r.t.Helper()
	if _, err := r.keys.WriteString(keys); err != nil {
		r.t.Error(err) // not Fatal: long keys are pressed by a goroutine
	}
}

// start reads a line in the background.
func (r *rig) start(ctx context.Context, prompt string) <-chan result {
	c := make(chan result, 1)
	go func() {
		line, err := r.ReadLine(ctx, prompt)
		c <- result{line, err}
	}()
	return c
}

// line presses the keys and gives the line that they make.
func (r *rig) line(keys string) result {
	r.t.Helper()
	r.press(keys)
	return r.await(r.start(r.t.Context(), "> "))
}

func (r *rig) await(c <-chan result) result {
	r.t.Helper()
	select {
	case got := <-c:
		return got
	case <-time.After(patience):
		r.t.Fatalf("ReadLine does not return; screen: %q", r.out)
		return result{}
	}
}

func (r *rig) shows(text string) {
	r.t.Helper()
	eventually(r.t, func() bool { return strings.Contains(r.out.String(), text) },
		func() string { return "not on the screen: " + text + "\n" + r.out.String() })
}
