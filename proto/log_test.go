package proto_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto"
)

// journal is a place for logs that several goroutines write.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

// lines returns the log without times.
func (j *journal) lines() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	text := regexp.MustCompile(`(?m)^time=\S+ `).ReplaceAllString(j.buf.String(), "")
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// logged makes options that log into a journal.
func logged(level slog.Level) (*journal, proto.Options) {
	j := &journal{}
	h := slog.NewTextHandler(j, &slog.HandlerOptions{Level: level})
	return j, proto.Options{Name: "vm1", Logger: slog.New(h)}
}

// count counts the lines that hold all of some words.
func count(lines []string, words ...string) int {
	n := 0
next:
	for _, line := range lines {
		for _, w := range words {
			if !strings.Contains(line, w) {
				continue next
			}
		}
		n++
	}
	return n
}

func TestE22_StatesAndLoopEndsAtDebug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, options := logged(slog.LevelDebug)
		c := proto.New(text(), options)
		near, _ := net.Pipe()
		if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
			t.Fatal(err)
		}
		disconnect(t, c)
		lines := j.lines()
		for _, want := range []string{
			`level=DEBUG msg="state changed" conn=vm1 from=idle to=connecting`,
			`level=DEBUG msg="state changed" conn=vm1 from=connecting to=running`,
			`level=DEBUG msg="state changed" conn=vm1 from=running to=disconnecting`,
			`level=DEBUG msg="state changed" conn=vm1 from=disconnecting to=idle`,
			`level=DEBUG msg="loop ended" conn=vm1 loop=reader`,
			`level=DEBUG msg="loop ended" conn=vm1 loop=writer`,
		} {
			if count(lines, want) != 1 {
				t.Errorf("%q is not there once in:\n%s", want, strings.Join(lines, "\n"))
			}
		}
		if len(lines) != 6 {
			t.Errorf("more was logged:\n%s", strings.Join(lines, "\n"))
		}
	})
}

func TestE22_AFailureOnceWithItsSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo} {
			j, options := logged(level)
			p := text()
			refused := errors.New("refused")
			establish := refused
			p.Establish = func(context.Context, *proto.Handshake[string]) error { return establish }
			c := proto.New(p, options)
			near, _ := net.Pipe()
			c.ConnectStream(t.Context(), near, "pipe")
			establish = nil
			near, far := net.Pipe()
			c.ConnectStream(t.Context(), near, "pipe")
			far.Close()
			for range 2 {
				c.Wait(t.Context())
				c.Disconnect(t.Context())
			}
			lines := j.lines()
			if count(lines, `level=ERROR`, `conn=vm1`, `error="ConnectError: failed to establish session: refused"`) != 1 ||
				count(lines, `level=ERROR`, `conn=vm1`, `error="io.EOF: EOF"`) != 1 || count(lines, "level=ERROR") != 2 {
				t.Errorf("logged:\n%s", strings.Join(lines, "\n"))
			}
			chains := 2
			if level > slog.LevelDebug {
				chains = 0
			}
			if count(lines, `level=DEBUG`, `chain=`) != chains {
				t.Errorf("logged:\n%s", strings.Join(lines, "\n"))
			}
			if chains > 0 && count(lines, `chain="  | ConnectError: failed to establish session with pipe\n`, `\n  | error: refused"`) != 1 {
				t.Errorf("logged:\n%s", strings.Join(lines, "\n"))
			}
		}
	})
}

// asking is a log handler that asks for the state, as one that shows it would.
type asking struct {
	slog.Handler
	c **proto.Conn[string]
}

func (a asking) Handle(ctx context.Context, r slog.Record) error {
	(*a.c).State()
	return a.Handler.Handle(ctx, r)
}

func (a asking) Enabled(context.Context, slog.Level) bool { return true }

func TestE22_ALogHandlerMayAskForTheState(t *testing.T) {
	var c *proto.Conn[string]
	c = proto.New(text(), proto.Options{Logger: slog.New(asking{slog.NewTextHandler(io.Discard, nil), &c})})
	if err := c.Listen(t.Context(), proto.Address{Network: "unix", Addr: filepath.Join(t.TempDir(), "s")}); err != nil {
		t.Fatal(err)
	}
	disconnect(t, c)
}

func TestE14_AStoppedLoopIsNotLoggedAsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, options := logged(slog.LevelDebug)
		c := proto.New(text(), options)
		near, _ := net.Pipe()
		if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
			t.Fatal(err)
		}
		disconnect(t, c)
		if lines := j.lines(); count(lines, "error=") != 0 || count(lines, "loop ended") != 2 {
			t.Errorf("a disconnect logged:\n%s", strings.Join(lines, "\n"))
		}
		// Of two loops one fails, and the other is stopped for it.
		near, far := net.Pipe()
		if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
			t.Fatal(err)
		}
		far.Close()
		c.Wait(t.Context())
		c.Disconnect(t.Context())
		if lines := j.lines(); count(lines, "loop ended", "loop=reader", "error=EOF") != 1 ||
			count(lines, "loop ended", "loop=writer", "error=") != 0 || count(lines, "loop ended") != 4 {
			t.Errorf("logged:\n%s", strings.Join(lines, "\n"))
		}
	})
}
