package cmd_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/cmd"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// hangLimit is when a run that does not end is a failure. It is no measure of
// speed: a busy machine must not reach it.
const hangLimit = qmptest.HangLimit

// result is what a run of qmpsh left.
type result struct {
	code     int
	out, err string
}

// String is for failure messages.
func (r result) String() string {
	return fmt.Sprintf("exit code %d\n[stdout]\n%s\n[stderr]\n%s", r.code, r.out, r.err)
}

// run runs qmpsh in this process, without a terminal and with an empty
// environment.
func run(t testing.TB, stdin string, args ...string) result {
	t.Helper()
	return runWith(t, strings.NewReader(stdin), nil, args...)
}

// runWith is run with an environment and any stdin. What reads stdin ends with
// stdin, not with the run.
func runWith(t testing.TB, stdin io.Reader, env map[string]string, args ...string) result {
	t.Helper()
	var out, err buffer
	return runTo(t, cmd.System{
		In: stdin, Out: &out, Err: &err,
		Getenv: func(name string) string { return env[name] },
	}, args...)
}

// runTo is run with all streams of the caller's. It fills the result from those
// that are buffers.
func runTo(t testing.TB, sys cmd.System, args ...string) result {
	t.Helper()
	done := make(chan int, 1)
	go func() { done <- cmd.Main(args, sys) }()
	select {
	case code := <-done:
		r := result{code: code}
		if b, ok := sys.Out.(*buffer); ok {
			r.out = b.String()
		}
		if b, ok := sys.Err.(*buffer); ok {
			r.err = b.String()
		}
		return r
	case <-time.After(hangLimit):
		stacks := make([]byte, 1<<20)
		t.Fatalf("qmpsh %q hangs:\n%s", args, stacks[:runtime.Stack(stacks, true)])
		return result{}
	}
}

type buffer = qmptest.Buffer

// must fails the test unless the run ended with code.
func (r result) must(t testing.TB, code int) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("want exit code %d, got %v", code, r)
	}
	return r
}

// says fails the test unless each word stands in what went to stderr.
func (r result) says(t testing.TB, words ...string) result {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(r.err, word) {
			t.Errorf("stderr lacks %q: %v", word, r)
		}
	}
	return r
}

// hints fails the test unless the last line of stderr is this hint.
func (r result) hints(t testing.TB, hint string) result {
	t.Helper()
	if !strings.HasSuffix(r.err, "\nhint: "+hint+"\n") {
		t.Errorf("want the hint %q, got %v", hint, r)
	}
	return r
}

// quiet fails the test unless nothing went to stderr.
func (r result) quiet(t testing.TB) result {
	t.Helper()
	if r.err != "" {
		t.Errorf("want nothing on stderr, got %v", r)
	}
	return r
}

// prints fails the test unless exactly out went to stdout.
func (r result) prints(t testing.TB, out string) result {
	t.Helper()
	if r.out != out {
		t.Errorf("want stdout %q, got %v", out, r)
	}
	return r
}

// listen serves a scripted peer on a Unix socket until the test ends and returns
// the socket's path. A client that does not what the script expects fails the
// test.
func listen(t testing.TB, steps ...qmptest.Step) string {
	t.Helper()
	path := filepath.Join(qmptest.Dir(t), "qmp.sock")
	serve(t, "unix", path, qmptest.Scenario(steps))
	return path
}

// serve serves any peer at any address until the test ends.
func serve(t testing.TB, network, address string, s qmpserver.Service) *qmpserver.Listener {
	t.Helper()
	l, err := qmpserver.Listen(context.Background(), network, address, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A client that has what it wants may leave while the peer still speaks.
		if err := l.Close(); err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the peer complains: %v", err)
		}
	})
	return l
}

// tell closes a channel when the script comes to it.
func tell(c chan<- struct{}) qmptest.Step {
	return func(context.Context, *qmptest.Peer) error {
		close(c)
		return nil
	}
}

// qmpshPath returns the path of qmpsh, which is a copy of the test.
func qmpshPath(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("qmpsh") // TestMain's
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// child prepares qmpsh as a process of its own, with no environment but env and
// with stdin at its end. It is killed when it hangs.
func child(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangLimit)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, qmpshPath(t), args...)
	c.Env = append(env, "GORACE="+os.Getenv("GORACE"), "HOME=/nonexistent")
	return c
}

// finish runs a child to its end.
func finish(t testing.TB, c *exec.Cmd) result {
	t.Helper()
	var out, err buffer
	c.Stdout, c.Stderr = &out, &err
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return ended(t, c, &out, &err)
}

// ended waits for a child that was started with these buffers.
func ended(t testing.TB, c *exec.Cmd, out, stderr *buffer) result {
	t.Helper()
	err := c.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := result{code: c.ProcessState.ExitCode(), out: out.String(), err: stderr.String()}
	if r.code < 0 {
		t.Fatalf("qmpsh was ended by %v: %v", c.ProcessState, r)
	}
	return r
}
