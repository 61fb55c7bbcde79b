package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// Script runs statements from a pipe or a file. Results go where the Executor
// writes them.
type Script struct {
	*Executor
	Name string    // for messages: the file's path, or "stdin"
	In   io.Reader // the statements
	// Events must have been opened before the session, so that it has the
	// events that come with it.
	Events *qmp.Subscription
	// Event takes each event as it comes, on a goroutine of the script's.
	Event func(qmp.Event)
	// Word runs a word of qmpsh's own, such as .help.
	Word func(ctx context.Context, name string, st cmdline.Statement) error
	// Note takes a remark, on the same goroutine as Event.
	Note func(string)
	// Report takes each failure that KeepGoing steps over.
	Report    func(error)
	KeepGoing bool
}

// PlaceError says where in a script an error happened.
type PlaceError struct {
	Name string
	Line int // counted from 1; where the fault is if that is known, else where the statement begins
	Err  error
}

func (e *PlaceError) Error() string { return e.LinkText() + ": " + e.Err.Error() }

// Unwrap returns the error that happened there.
func (e *PlaceError) Unwrap() error { return e.Err }

// LinkText is the place alone.
func (e *PlaceError) LinkText() string { return fmt.Sprintf("%s:%d", e.Name, e.Line) }

// KeptGoingError ends a script that stepped over failures. It wraps the first
// one, which decides the exit code.
type KeptGoingError struct {
	Name        string
	Failed, Ran int // statements
	First       error
}

func (e *KeptGoingError) Error() string {
	return fmt.Sprintf("%s: %d of %d statements failed", e.Name, e.Failed, e.Ran)
}

// Unwrap returns the first failure.
func (e *KeptGoingError) Unwrap() error { return e.First }

// Run runs the script to its end, or to its first error unless KeepGoing is
// set. The error is a *PlaceError or a *KeptGoingError, the context's cause, or
// an *qmp.InterruptedError when the session ended while the script waited for
// its next line. A lost session and a result that cannot be written end the
// script in any case. After quit the script may end with the session.
//
// A read of In that is under way when Run returns goes on until it gets
// something.
func (s *Script) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	lost := make(chan error, 1)
	pumped := make(chan struct{})
	go func() {
		defer close(pumped)
		s.pump(ctx, lost)
	}()
	// The pump hands out what has arrived before it ends, so that no event that
	// came before the last reply is lost.
	defer func() {
		cancel()
		<-pumped
	}()
	batches := make(chan []piece, 1)
	go read(ctx, s.In, s.HMP, batches)
	return s.run(ctx, batches, lost)
}

func (s *Script) run(ctx context.Context, batches <-chan []piece, lost <-chan error) error {
	kept := &KeptGoingError{Name: s.Name}
	ending, quit := false, false // the command at hand, or one before it, ends QEMU
	s.Before(func(_ context.Context, cmd qmp.Command) error {
		ending = EndsQEMU(cmd)
		return nil
	})
	var batch []piece
	for {
		var err error
		if len(batch) == 0 {
			batch, err = wait(ctx, batches, lost, quit)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		src := batch[0]
		batch = batch[1:]
		command, err := s.statement(ctx, src)
		if errors.Is(err, ErrLeave) {
			break
		}
		if command != "" || err != nil {
			kept.Ran++
		}
		if err == nil {
			quit = quit || ending
			continue
		}
		err = &PlaceError{Name: s.Name, Line: src.line + lineOf(err), Err: err}
		if !s.KeepGoing || src.err != nil || ctx.Err() != nil || final(err) {
			return err
		}
		s.Report(err)
		if kept.Failed++; kept.First == nil {
			kept.First = err
		}
	}
	if kept.Failed > 0 {
		return kept
	}
	return nil
}

// lineOf returns how many lines below the statement's first one the fault is.
func lineOf(err error) int {
	var fault *cmdline.Error
	if errors.As(err, &fault) {
		return fault.Line - 1
	}
	return 0
}

// linger is how long the next line, or the end of the script, may take once the
// session has ended.
const linger = 200 * time.Millisecond

// wait returns the next statements, io.EOF behind the last one, or why there
// will be none. A line that is there goes before the end of the session, so
// that the line which cannot run is named; so does the end of the script, which
// has then run whole. Both may be about to be read, hence linger.
func wait(ctx context.Context, batches <-chan []piece, lost <-chan error, quit bool) ([]piece, error) {
	if quit {
		lost = nil
	}
	var ended error
	select {
	case batch, ok := <-batches:
		return next(batch, ok)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case ended = <-lost:
	}
	patience := time.NewTimer(linger)
	defer patience.Stop()
	select {
	case batch, ok := <-batches:
		return next(batch, ok)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-patience.C:
		return nil, &qmp.InterruptedError{Unsent: true, Err: ended}
	}
}

func next(batch []piece, ok bool) ([]piece, error) {
	if !ok {
		return nil, io.EOF
	}
	return batch, nil
}

// final says whether nothing can follow err.
func final(err error) bool {
	var (
		output *OutputError
		state  *proto.StateError
	)
	return errors.As(err, &output) || errors.As(err, &state) || SessionLost(err)
}

// statement runs one statement and returns the name of its command, if it has
// one.
func (s *Script) statement(ctx context.Context, src piece) (string, error) {
	if src.err != nil {
		return "", src.err
	}
	st, err := s.Parse(src.text)
	if err != nil {
		return "", err
	}
	if word, ok := DotWord(st); ok {
		return "", s.Word(ctx, word, st)
	}
	if st.Kind == cmdline.QMP {
		return st.Name, s.Execute(ctx, st)
	}
	return "", nil
}

// pump hands out events until the context ends, and what has arrived by then.
func (s *Script) pump(ctx context.Context, lost chan<- error) {
	over := false // Next has returned the end of the context
	for {
		ev, err := s.Events.Next(ctx)
		var (
			missed *qmp.MissedError
			ended  *qmp.SessionEndedError
		)
		switch {
		case err == nil:
			s.Event(ev)
		case errors.As(err, &missed):
			s.Note(missed.Error())
		case errors.As(err, &ended):
			lost <- ended.Err
			return
		case over:
			return
		default:
			// An event that came while Next waited may have lost against the end
			// of the context. One that is there before the call does not.
			over = true
		}
	}
}
