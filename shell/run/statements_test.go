package run

import (
	"bufio"
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// split reads all statements of a script.
func split(t *testing.T, in io.Reader) (all []piece) {
	t.Helper()
	batches := make(chan []piece)
	go read(t.Context(), in, false, batches)
	for batch := range batches {
		all = append(all, batch...)
	}
	return all
}

func TestStatements(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         []piece
	}{
		{"nothing", "", nil},
		{"blank lines", "\n \n\t\r\n\n", nil},
		{"a line each", "stop\ncont\n", []piece{{text: "stop", line: 1}, {text: "cont", line: 2}}},
		{"blank lines count", "\n\nstop\n\ncont\n", []piece{{text: "stop", line: 3}, {text: "cont", line: 5}}},
		{"no newline at the end", "stop\ncont", []piece{{text: "stop", line: 1}, {text: "cont", line: 2}}},
		{"CRLF", "stop\r\n\r\ncont\r\n", []piece{{text: "stop", line: 1}, {text: "cont", line: 3}}},
		{"CRLF without the last", "stop\r\ncont", []piece{{text: "stop", line: 1}, {text: "cont", line: 2}}},
		{"a line that is only CR", "\r", nil},
		{"interpreter line", "#!/usr/bin/env -S qmpsh connect -s x\nstop\n",
			[]piece{{text: "#!/usr/bin/env -S qmpsh connect -s x", line: 1}, {text: "stop", line: 2}}},
		{"continuation", "a \\\nb=1 \\\nc=2\nstop\n",
			[]piece{{text: "a \\\nb=1 \\\nc=2", line: 1}, {text: "stop", line: 4}}},
		{"continuation with CRLF", "a \\\r\nb=1\r\nstop\r\n",
			[]piece{{text: "a \\\r\nb=1", line: 1}, {text: "stop", line: 3}}},
		{"JSON over lines", "\n{\"execute\":\n\n\"stop\"\n}\ncont\n",
			[]piece{{text: "{\"execute\":\n\n\"stop\"\n}", line: 2}, {text: "cont", line: 6}}},
		{"JSON in an argument", "a b={\"x\":\n[1,\n2]}\nstop",
			[]piece{{text: "a b={\"x\":\n[1,\n2]}", line: 1}, {text: "stop", line: 4}}},
		{"transaction", "transaction(\nabort\n\n# note\n)\nstop\n",
			[]piece{{text: "transaction(\nabort\n\n# note\n)", line: 1}, {text: "stop", line: 6}}},
		{"transaction in a line", "transaction( abort )\nstop\n",
			[]piece{{text: "transaction( abort )", line: 1}, {text: "stop", line: 2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.script), iotest.OneByteReader(strings.NewReader(c.script)),
				iotest.DataErrReader(strings.NewReader(c.script))} {
				if got := split(t, in); !reflect.DeepEqual(got, c.want) {
					t.Errorf("got %+v\nwant %+v", got, c.want)
				}
			}
		})
	}
}

// What the end of a script cuts short must become an error, not disappear.
func TestStatementsCutShort(t *testing.T) {
	for _, script := range []string{
		"stop\n{\"execute\": \"cont\"", "stop\ntransaction(\nabort\n", "stop\ncont \\\n", "stop\ncont \\", "stop\na b='x",
	} {
		got := split(t, strings.NewReader(script))
		if len(got) != 2 || got[1].line != 2 || got[1].err != nil {
			t.Errorf("%q: %+v", script, got)
			continue
		}
		if _, err := cmdline.Parse(got[1].text); err == nil && !strings.Contains(script, "\\") {
			t.Errorf("%q: its end %q is understood", script, got[1].text)
		}
	}
}

func TestStatementsReadError(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, c := range []struct {
		script string
		whole  int // statements before the error
		line   int
	}{
		{"", 0, 1},
		{"stop\n", 1, 2},
		{"stop\ncon", 1, 2}, // half a line does not run
		{"stop\ntransaction(\nabort\n", 1, 4},
	} {
		got := split(t, io.MultiReader(strings.NewReader(c.script), iotest.ErrReader(broken)))
		if len(got) != c.whole+1 {
			t.Errorf("%q: %+v", c.script, got)
			continue
		}
		last := got[c.whole]
		if !errors.Is(last.err, broken) || last.line != c.line || last.text != "" {
			t.Errorf("%q: %+v", c.script, last)
		}
	}
}

// lines repeats a line for ever and counts the bytes it gave.
type lines struct {
	line string
	n    int
}

func (l *lines) Read(p []byte) (int, error) {
	n := copy(p, l.line[l.n%len(l.line):])
	l.n += n
	return n, nil
}

func TestStatementsLimit(t *testing.T) {
	s := &statements{in: bufio.NewReader(strings.NewReader("12345\n12345\n"))}
	if line, err := s.readLine(6); line != "12345\n" || err != nil {
		t.Errorf("a line of 6 bytes with a limit of 6: %q, %v", line, err)
	}
	if _, err := s.readLine(5); err == nil {
		t.Error("a line of 6 bytes passes a limit of 5")
	}
	if testing.Short() {
		t.Skip("what follows takes a second")
	}
	// The limit is that of the whole statement.
	endless := &lines{line: "#" + strings.Repeat("x", 1<<20-2) + "\n"}
	got := split(t, io.MultiReader(strings.NewReader("stop\ntransaction(\n"), endless))
	last := got[len(got)-1]
	if len(got) != 2 || last.err == nil || last.err.Error() != "the script cannot be read: a statement is longer than 64 MiB" {
		t.Errorf("%d statements, error %v", len(got), last.err)
	}
	if endless.n > maxStatement+1<<20 {
		t.Errorf("%d bytes were read", endless.n)
	}
}

// A reader that nobody listens to any more must end.
func TestStatementsNobodyWants(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	batches := make(chan []piece)
	go read(ctx, &lines{line: "stop\n"}, false, batches)
	if batch := <-batches; batch[0].text != "stop" {
		t.Errorf("%+v", batch)
	}
	cancel()
	for n := 0; ; n++ {
		if _, more := <-batches; !more {
			return
		}
		if n > 100 {
			t.Fatal("it goes on after the end of its context")
		}
	}
}

// A statement must not wait for the one behind it to be complete.
func TestStatementsAreNotHeldBack(t *testing.T) {
	in, out := io.Pipe()
	batches := make(chan []piece)
	go read(t.Context(), in, false, batches)
	go out.Write([]byte("stop\n{\"execute\":\n"))
	if batch := <-batches; len(batch) != 1 || batch[0].text != "stop" {
		t.Errorf("%+v", batch)
	}
	go func() {
		out.Write([]byte("\"cont\"}\n"))
		out.Close()
	}()
	if batch := <-batches; len(batch) != 1 || batch[0].line != 2 {
		t.Errorf("%+v", batch)
	}
}
