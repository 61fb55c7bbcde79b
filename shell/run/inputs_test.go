package run

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// inputs are a file each for what may be in it, and an environment.
func inputs(t *testing.T) (dir string, in Inputs) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{"text": "let me in\n", "number": "7", "binary": "a\xff", "empty": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, Inputs{
		Getenv: func(name string) (string, bool) { return "of " + name, name == "THERE" },
		Secret: func(_ context.Context, question string) (string, error) { return "typed for " + question, nil },
	}
}

func TestInputsAreRead(t *testing.T) {
	dir, in := inputs(t)
	for word, want := range map[string]string{
		"password=@file:" + dir + "/text":   `{"protocol": "vnc", "password": "let me in"}`,
		"password=@file:" + dir + "/number": `{"protocol": "vnc", "password": "7"}`,
		"password=@file:" + dir + "/empty":  `{"protocol": "vnc", "password": ""}`,
		"password=@env:THERE":               `{"protocol": "vnc", "password": "of THERE"}`,
		"password=@prompt":                  `{"protocol": "vnc", "password": "typed for password"}`,
		"password='@prompt'":                `{"protocol": "vnc", "password": "@prompt"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, nil)
			b.Inputs = in
			if err := b.run("set_password protocol=vnc " + word); err != nil {
				t.Errorf("%s: %v", word, err)
			}
			got := b.take()
			if last := got[len(got)-1]; last != "set_password "+want {
				t.Errorf("%s: sent %s", word, last)
			}
		})
	}
}

func TestInputsThatCannotBeHad(t *testing.T) {
	dir, in := inputs(t)
	for word, want := range map[string]string{
		"@file:" + dir + "/absent": "no such file or directory",
		"@file:" + dir:             "is a directory",
		"@file:" + dir + "/binary": "not UTF-8",
		"@file:/dev/zero":          "more than 64 MiB",
		"@env:ABSENT":              "the environment variable ABSENT is not set, or empty",
		"@prompt":                  "nothing was typed",
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, nil)
			b.Inputs = in
			b.Inputs.Secret = func(context.Context, string) (string, error) { return "", io.EOF }
			err := b.run("set_password password=" + word)
			var fault *cmdline.Error
			if !errors.As(err, &fault) || !strings.Contains(fault.Msg, want) || fault.Column != 23 {
				t.Errorf("%s: %v", word, err)
			}
			b.sends()
		})
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		var fault *cmdline.Error
		if err := b.run("set_password password=@prompt"); !errors.As(err, &fault) || !strings.Contains(fault.Msg, "needs a terminal") {
			t.Errorf("without a terminal: %v", err)
		}
		b.sends()
	})
}

// A pipe has no size, and what a process writes into it is a value like others.
func TestInputFromAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(path, []byte("secret\n"), 0o600) }()
	got, err := readInput(t.Context(), path)
	if got != "secret\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestInputEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.Inputs.Secret = func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			return "", context.Cause(ctx)
		}
		if err := b.interrupted("set_password password=@prompt"); !errors.Is(err, errStopped) {
			t.Errorf("%v", err)
		}
		b.sends()
	})
}

// interrupted runs a line whose context ends while it runs.
func (b *bench) interrupted(line string) error {
	ctx, cancel := context.WithCancelCause(b.t.Context())
	go cancel(errStopped)
	return b.Execute(ctx, statement(b.t, line))
}

// A pipe without another end, or one that nothing comes out of, is waited for
// until the context ends, and no longer.
func TestPipesAreNotWaitedForForEver(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, errStopped)
	defer cancel()
	for _, flags := range []int{os.O_RDONLY, os.O_WRONLY} {
		if f, err := openFile(ctx, pipe, flags); !errors.Is(err, errStopped) {
			t.Errorf("%d: %v, %v", flags, f, err)
		}
	}
	silent, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if text, err := readInput(ctx, pipe); err == nil {
		t.Errorf("%q out of nothing", text)
	}
}
