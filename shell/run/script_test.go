package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// trial is a script that keeps what it hands out.
type trial struct {
	*Script
	peer *peer

	results, events, notes []string
	failures               []error
}

func newTrial(t *testing.T, in io.Reader, steps ...qmptest.Step) *trial {
	t.Helper()
	p := dial(t, steps...)
	s := &trial{peer: p}
	s.Script = &Script{
		Executor: &Executor{Client: p.Client, Schemas: NoSchema(), Result: func(_ context.Context, _ io.Writer, r qmp.Reply) error {
			s.results = append(s.results, string(r.Return))
			return nil
		}},
		Name:   "file",
		In:     in,
		Events: p.Events,
		Event:  func(ev qmp.Event) { s.events = append(s.events, ev.Name) },
		Note:   func(text string) { s.notes = append(s.notes, text) },
		Word: func(_ context.Context, name string, _ cmdline.Statement) error {
			if name == ".exit" {
				return ErrLeave
			}
			return &WordError{Word: name, Why: "is none"}
		},
		Report: func(err error) { s.failures = append(s.failures, err) },
	}
	return s
}

// wantPlace checks that err names the line and comes from a cause like want.
func wantPlace[E error](t *testing.T, err error, line int, want E) {
	t.Helper()
	var place *PlaceError
	if !errors.As(err, &place) || place.Name != "file" || place.Line != line || !errors.As(err, &want) {
		t.Errorf("error %v, want one of line %d with a %T", err, line, want)
	}
}

func wantEqual[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// command is a server that expects one and answers with the text.
func command(name, reply string) qmptest.Step {
	return qmptest.Steps(qmptest.Expect(name), qmptest.Reply(reply))
}

func refused(name string) qmptest.Step {
	return qmptest.Steps(qmptest.Expect(name), qmptest.ReplyError("GenericError", "no"))
}

func TestScriptRunsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTrial(t, strings.NewReader("#!/usr/bin/env -S qmpsh connect\r\n\r\na x=1 # note\r\n{\"execute\":\n \"b\"}\ntransaction(\nabort\n)\n# end\nc"),
			command("a", `{"n": 1}`), command("b", "2"), command("transaction", "{}"), command("c", `"3"`), qmptest.ExpectEnd())
		if err := s.Run(t.Context()); err != nil {
			t.Error(err)
		}
		wantEqual(t, "results", s.results, []string{`{"n": 1}`, "2", "{}", `"3"`})
	})
}

func TestScriptEmpty(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "#!x"} {
		synctest.Test(t, func(t *testing.T) {
			s := newTrial(t, strings.NewReader(text), qmptest.ExpectEnd())
			s.KeepGoing = true
			if err := s.Run(t.Context()); err != nil || s.results != nil {
				t.Errorf("%q: %v, %q", text, err, s.results)
			}
		})
	}
}

// The first error ends a script, and nothing of what follows is sent.
func TestScriptStopsAtTheFirstError(t *testing.T) {
	for _, c := range []struct {
		name, line string
		steps      []qmptest.Step
		want       error
	}{
		{"of the server", "b", []qmptest.Step{refused("b")}, &qmp.ExecuteError{}},
		{"in the line", "b =1", nil, &cmdline.Error{}},
		{"in a bracket", "b ={\nc", nil, &cmdline.Error{}},
		{"a word of the shell", ".history", nil, &WordError{}},
		{"help", "help", nil, &WordError{}},
		{"refused before sending", `{"exec-oob": "b"}`, nil, &qmp.CommandError{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				steps := append([]qmptest.Step{command("a", "{}")}, c.steps...)
				s := newTrial(t, strings.NewReader("a\n\n"+c.line+"\nc\n"), append(steps, qmptest.ExpectEnd())...)
				err := s.Run(t.Context())
				var place *PlaceError
				if !errors.As(err, &place) || place.Line != 3 || !strings.HasPrefix(err.Error(), "file:3: ") {
					t.Fatalf("error %v", err)
				}
				if got := reflect.TypeOf(place.Err); got != reflect.TypeOf(c.want) {
					t.Errorf("it is a %v: %v", got, place.Err)
				}
				wantEqual(t, "results", s.results, []string{"{}"})
			})
		})
	}
}

func TestScriptKeepsGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := "a\nb\n)\n.history\n{\"exec-oob\": \"a\"}\nc\n\nd\n"
		s := newTrial(t, strings.NewReader(text), command("a", "1"), refused("b"), refused("c"), command("d", "4"), qmptest.ExpectEnd())
		s.KeepGoing = true
		err := s.Run(t.Context())
		var kept *KeptGoingError
		if !errors.As(err, &kept) {
			t.Fatalf("error %v", err)
		}
		wantEqual(t, "error", err.Error(), "file: 5 of 7 statements failed")
		wantEqual(t, "results", s.results, []string{"1", "4"})
		if len(s.failures) != 5 || kept.First != s.failures[0] {
			t.Fatalf("failures %v, first %v", s.failures, kept.First)
		}
		wantPlace(t, s.failures[0], 2, &qmp.ExecuteError{})
		wantPlace(t, s.failures[1], 3, &cmdline.Error{})
		wantPlace(t, s.failures[2], 4, &WordError{})
		wantPlace(t, s.failures[3], 5, &qmp.CommandError{})
		wantPlace(t, s.failures[4], 6, &qmp.ExecuteError{})
		var first *qmp.ExecuteError
		if !errors.As(err, &first) {
			t.Error("the first failure, which decides the exit code, is not in the error")
		}
	})
}

func TestScriptKeepsGoingWithoutFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTrial(t, strings.NewReader("a\n"), command("a", "1"), qmptest.ExpectEnd())
		s.KeepGoing = true
		if err := s.Run(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// What nothing can follow ends a script even if it is to keep going.
func TestScriptFinalErrors(t *testing.T) {
	full := errors.New("disk full")
	t.Run("output", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newTrial(t, strings.NewReader("a\nb\n"), command("a", "1"), qmptest.ExpectEnd())
			s.KeepGoing = true
			s.Result = func(context.Context, io.Writer, qmp.Reply) error { return full }
			err := s.Run(t.Context())
			wantPlace(t, err, 1, &OutputError{})
			if !errors.Is(err, full) || !strings.Contains(err.Error(), "cannot write the result: disk full") || s.failures != nil {
				t.Errorf("error %v, failures %v", err, s.failures)
			}
		})
	})
	t.Run("input", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			in := io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(full))
			s := newTrial(t, in, command("a", "1"), qmptest.ExpectEnd())
			s.KeepGoing = true
			err := s.Run(t.Context())
			wantPlace(t, err, 2, &ReadError{})
			if !errors.Is(err, full) || s.failures != nil {
				t.Errorf("error %v, failures %v", err, s.failures)
			}
		})
	})
	t.Run("session", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newTrial(t, strings.NewReader("a\nb\n"), qmptest.Expect("a"), qmptest.Close())
			s.KeepGoing = true
			err := s.Run(t.Context())
			wantPlace(t, err, 1, &qmp.InterruptedError{})
			if !errors.Is(err, io.EOF) || s.failures != nil {
				t.Errorf("error %v, failures %v", err, s.failures)
			}
		})
	})
	t.Run("no session", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newTrial(t, strings.NewReader("a\nb\n"))
			fresh := qmp.NewClient(qmp.Options{})
			s.Client, s.Script.Events, s.KeepGoing = fresh, fresh.Subscribe(qmp.EventFilter{}), true
			wantPlace(t, s.Run(t.Context()), 1, &proto.StateError{})
		})
	})
}

// A session that ends while the script waits for a line is told at once: nobody
// knows when the next line comes.
func TestScriptLosesTheSessionWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, lines := io.Pipe()
		defer lines.Close()
		go fmt.Fprintln(lines, "a")
		s := newTrial(t, in, command("a", "1"), qmptest.Wait(time.Hour))
		err := s.Run(t.Context())
		var lost *qmp.InterruptedError
		var place *PlaceError
		if !errors.As(err, &lost) || errors.As(err, &place) || !errors.Is(err, io.EOF) || !qmp.NeverSent(err) {
			t.Errorf("error %v", err)
		}
		wantEqual(t, "results", s.results, []string{"1"})
	})
}

// Of two truths, the line that cannot run tells more.
func TestScriptLosesTheSessionWithLinesWaiting(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := newTrial(t, strings.NewReader("a\n\nb\nc\n"), command("a", "1"))
			s.Result = func(context.Context, io.Writer, qmp.Reply) error {
				synctest.Wait() // by now the session has gone and the lines are there
				return nil
			}
			wantPlace(t, s.Run(t.Context()), 3, &qmp.InterruptedError{})
		})
	}
}

// A script that has run whole has not failed, even if the server went with its
// last answer.
func TestScriptLosesTheSessionAtItsEnd(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := newTrial(t, strings.NewReader("a\n"), command("a", "1"))
			s.Result = func(context.Context, io.Writer, qmp.Reply) error {
				synctest.Wait()
				return nil
			}
			if err := s.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// quit ends the session, and that is no failure.
func TestScriptQuits(t *testing.T) {
	for _, c := range []struct {
		name, line string
	}{
		{"as a word", "quit"},
		{"as raw JSON", `{"execute": "quit"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTrial(t, strings.NewReader(c.line+"\n"), command("quit", "{}"))
				if err := s.Run(t.Context()); err != nil {
					t.Error(err)
				}
				wantEqual(t, "results", s.results, []string{"{}"})
			})
		})
	}
	t.Run("and its input ends later", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			in, lines := io.Pipe()
			go func() {
				fmt.Fprintln(lines, "quit")
				time.Sleep(time.Hour)
				fmt.Fprintln(lines, "# bye")
				lines.Close()
			}()
			s := newTrial(t, in, command("quit", "{}"))
			if err := s.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("and goes on", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newTrial(t, strings.NewReader("quit\n\nstop\ncont\n"), command("quit", "{}"))
			s.Result = func(context.Context, io.Writer, qmp.Reply) error { synctest.Wait(); return nil }
			s.KeepGoing = true
			wantPlace(t, s.Run(t.Context()), 3, &qmp.InterruptedError{})
		})
	})
	t.Run("but is refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			in, lines := io.Pipe()
			defer lines.Close()
			go fmt.Fprintln(lines, "quit")
			s := newTrial(t, in, refused("quit"))
			s.KeepGoing = true
			var lost *qmp.InterruptedError
			if err := s.Run(t.Context()); !errors.As(err, &lost) {
				t.Errorf("error %v", err)
			}
		})
	})
}

func TestScriptExits(t *testing.T) {
	for _, word := range []string{".exit", "exit"} {
		for _, keep := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := newTrial(t, strings.NewReader("a\n"+word+"\nb\n"), command("a", "1"), qmptest.ExpectEnd())
				s.KeepGoing = keep
				if err := s.Run(t.Context()); err != nil {
					t.Errorf("%s: %v", word, err)
				}
			})
		}
	}
	synctest.Test(t, func(t *testing.T) { // what failed before stays failed
		s := newTrial(t, strings.NewReader("a\n.exit\n"), refused("a"), qmptest.ExpectEnd())
		s.KeepGoing = true
		err := s.Run(t.Context())
		var kept *KeptGoingError
		if !errors.As(err, &kept) || kept.Failed != 1 || kept.Ran != 1 {
			t.Errorf("error %v", err)
		}
	})
}

func TestScriptIsCancelled(t *testing.T) {
	because := errors.New("because")
	for _, keep := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			in, lines := io.Pipe()
			defer lines.Close()
			s := newTrial(t, in, qmptest.ExpectEnd())
			s.KeepGoing = keep
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Hour, func() { cancel(because) })
			if err := s.Run(ctx); err != because {
				t.Errorf("while it waits for a line: %v", err)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			s := newTrial(t, strings.NewReader("a\nb\nc\n"), command("a", "1"), qmptest.Expect("b"), qmptest.ExpectEnd())
			s.KeepGoing = keep
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Hour, func() { cancel(because) })
			err := s.Run(ctx)
			var place *PlaceError
			if !errors.Is(err, because) || !errors.As(err, &place) || place.Line != 2 || s.failures != nil {
				t.Errorf("while a command runs: %v, failures %v", err, s.failures)
			}
		})
	}
}

// Events that came before the last answer come before Run returns.
func TestScriptDeliversEventsBeforeItEnds(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := newTrial(t, strings.NewReader("a\n"), qmptest.Event("EARLY", ""), qmptest.Expect("a"),
				qmptest.Event("ONE", ""), qmptest.Event("TWO", ""), qmptest.Reply("{}"), qmptest.ExpectEnd())
			if err := s.Run(t.Context()); err != nil {
				t.Error(err)
			}
			wantEqual(t, "events", s.events, []string{"EARLY", "ONE", "TWO"})
		})
	}
}

func TestScriptDeliversEventsOfALostSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTrial(t, strings.NewReader("a\n"), qmptest.Expect("a"), qmptest.Event("LAST", ""))
		wantPlace(t, s.Run(t.Context()), 1, &qmp.InterruptedError{})
		wantEqual(t, "events", s.events, []string{"LAST"})
	})
}

// Events that were dropped leave a remark where they would have been.
func TestScriptNotesMissedEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		s := newTrial(t, strings.NewReader("a\n"), qmptest.Expect("a"), qmptest.Event("E", ""), qmptest.Await(slow),
			qmptest.Repeat(9, qmptest.Event("E", "")), qmptest.Reply("{}"), qmptest.ExpectEnd())
		s.Script.Events = s.peer.Client.Subscribe(qmp.EventFilter{MaxEvents: 4})
		var order []string
		s.Event = func(qmp.Event) {
			order = append(order, "event")
			if len(order) == 1 {
				close(slow)
				synctest.Wait() // the others come meanwhile
			}
		}
		s.Note = func(text string) { order = append(order, text) }
		if err := s.Run(t.Context()); err != nil {
			t.Error(err)
		}
		wantEqual(t, "order", order, []string{"event", "5 events were missed", "event", "event", "event", "event"})
	})
}
