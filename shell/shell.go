// Package shell is the interactive loop on a terminal: it reads lines, runs them, and
// shows what the server does meanwhile.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/render"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/terminal"
)

// slowAfter is when the shell says that it still waits for an answer.
const slowAfter = 5 * time.Second

// errQuit ends the shell when QEMU has ended because the user said quit.
var errQuit = errors.New("QEMU has quit")

// Shell is the interactive loop on a terminal. The session must be running, or
// have run: a shell outlives its session.
type Shell struct {
	*run.Executor
	Terminal *terminal.Terminal
	// Keys gets a token for each Ctrl-C while no line is read. It has room for one.
	Keys chan os.Signal
	// Events must have been opened before the session, so that it has the
	// events that come with it.
	Events *qmp.Subscription
	// Event and Explain put an event and an error into words for the terminal.
	Event   func(qmp.Event) string
	Explain func(error) string
	// Open opens the client's session again, for .reconnect.
	Open func(context.Context) error
	// Address is the server's, for messages.
	Address string
	// Width is how many columns the terminal has.
	Width func() int
	// Agent says that the server is a guest agent, which has no runstate.
	Agent bool

	// Assist is what the terminal asks for completion and hints; it must have the
	// Executor's Schemas.
	Assist *Assist

	machine *machine
	quit    atomic.Bool // the user has ended QEMU

	background *sync.WaitGroup // goroutines that end with Run

	forgetful bool // it was said that the history is not kept
}

// Run greets, then reads and runs statements until the user leaves or the
// context ends. A failed command ends nothing. The error is that of the
// terminal, or the context's cause.
func (s *Shell) Run(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	s.machine = newMachine(s.Client)

	s.greet(ctx)
	var owned sync.WaitGroup
	owned.Go(func() { s.pump(ctx, cancel) })
	owned.Go(func() { s.machine.keepTrue(ctx, s.showPrompt) })
	owned.Go(func() { s.readSchema(ctx) })
	s.background = &owned
	err := s.loop(ctx)
	cancel(nil)
	owned.Wait()
	switch {
	case errors.Is(err, errQuit):
		s.Terminal.Print(errQuit.Error())
		return nil
	case errors.Is(err, run.ErrLeave):
		return nil
	}
	return err
}

// loop reads texts and runs them. A text is a line, or a whole pasted block.
func (s *Shell) loop(ctx context.Context) error {
	var join cmdline.Joiner
	for {
		s.Assist.setAbove(&join)
		text, err := s.Terminal.ReadLine(ctx, prompt(&join))
		switch {
		case errors.Is(err, terminal.ErrInterrupt):
			join = cmdline.Joiner{}
			continue
		case errors.Is(err, io.EOF):
			return run.ErrLeave
		case err != nil:
			return err
		}
		select {
		case <-s.Keys: // of the past
		default:
		}
		err = s.text(ctx, &join, text)
		if errors.Is(err, errStopped) {
			continue
		}
		if err != nil {
			return err
		}
	}
}

// text runs the statements that text completes. Ctrl-C, during a statement or
// between two, drops those to come: the error is errStopped then.
func (s *Shell) text(ctx context.Context, join *cmdline.Joiner, text string) error {
	for line := range strings.Lines(text + "\n") {
		select {
		case <-s.Keys:
			return errStopped
		default:
		}
		before := *join
		if !join.Add(line) {
			if err := s.badAction(&before, join, line); err != nil {
				s.Terminal.Print(s.Explain(err))
				*join = before
			}
			continue
		}
		statement := join.Text()
		*join = cmdline.Joiner{}
		if err := s.statement(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// badAction says what is wrong with the line that was added to an open
// transaction, so that the line can be typed again without the others. It looks
// at that line alone: a pasted transaction may have thousands.
func (s *Shell) badAction(before, after *cmdline.Joiner, line string) error {
	if before.Need() != cmdline.EndTransaction || after.Need() != cmdline.EndTransaction {
		return nil
	}
	var fault *cmdline.Error
	st, err := cmdline.Parse("transaction(\n" + line + "\n)")
	if err == nil && len(st.Sources) == 0 {
		_, err = st.Bind(cmdline.Binding{Schema: s.Schemas.Known(), Validate: !s.NoValidate})
	}
	if errors.As(err, &fault) && !fault.Unfinished {
		return fault
	}
	return nil
}

// prompt says what a statement waits for. It is empty for a new statement, which
// stands for the prompt that showPrompt keeps true.
func prompt(join *cmdline.Joiner) string {
	switch join.Need() {
	case cmdline.EndTransaction:
		return "TRANS> "
	case cmdline.Nothing:
		return ""
	}
	return "... "
}

// renew forgets what was known of the server that was there before.
func (s *Shell) renew(ctx context.Context) {
	s.Schemas.Forget()
	s.Assist.Cache.Forget()
	s.background.Go(func() { s.readSchema(ctx) })
}

// readSchema reads the schema before anybody waits for it. A Tab that came too early
// is answered then.
func (s *Shell) readSchema(ctx context.Context) {
	if s.Schemas.Get(ctx) != nil {
		s.Terminal.CompleteAgain()
	}
}

func (s *Shell) showPrompt() { s.Terminal.SetPrompt(render.SanitizeLine(s.machine.prompt())) }

// statement runs one statement. It returns an error only to end the shell, and
// errStopped after Ctrl-C.
func (s *Shell) statement(ctx context.Context, text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if err := s.Terminal.Remember(cmdline.Redact(text)); err != nil && !s.forgetful {
		s.forgetful = true
		s.Terminal.Print(fmt.Sprintf("the history is not kept: %v", err))
	}
	st, err := cmdline.Parse(text)
	if err != nil {
		s.Terminal.Print(s.Explain(err))
		return nil
	}
	if word, ok := run.DotWord(st); ok {
		return s.word(ctx, word, st)
	}
	if st.Kind != cmdline.QMP {
		return nil
	}
	return s.command(ctx, st)
}

// command runs a QMP command. Ctrl-C ends the wait for its answer.
func (s *Shell) command(ctx context.Context, st cmdline.Statement) error {
	if s.machine.isGone() {
		s.Terminal.Print("not connected, nothing was sent: " + wayBack)
		return nil
	}
	ending := st.Name == "quit"
	if ending {
		s.Terminal.Print("quit ends QEMU itself; .exit leaves the shell and lets QEMU run.")
		yes, err := s.Terminal.Confirm(ctx, "End QEMU?")
		if err != nil || !yes {
			return ctx.Err()
		}
		s.quit.Store(true)
	}
	err := s.await(ctx, st)
	if ending && (err == nil || run.SessionLost(err)) {
		return s.awaitEnd(ctx)
	}
	if ending {
		s.quit.Store(false)
	}
	var done *run.OutputError
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case errors.Is(err, errStopped) && errors.As(err, &done):
		s.stopped(fmt.Sprintf("stopped; %s was done, but its result is not whole", st.Name))
		return errStopped
	case errors.Is(err, errStopped) && qmp.NeverSent(err):
		s.stopped(fmt.Sprintf("stopped; %s was not sent", st.Name))
		return errStopped
	case errors.Is(err, errStopped):
		s.stopped(fmt.Sprintf("stopped waiting for the answer to %s, which will be dropped; the server may still do it", st.Name))
		return errStopped
	}
	s.Terminal.Print(s.Explain(err))
	return nil
}

func (s *Shell) await(ctx context.Context, st cmdline.Statement) error {
	slow := time.AfterFunc(slowAfter, func() {
		s.Terminal.Print(fmt.Sprintf("still waiting for the answer to %s; Ctrl-C stops the wait", st.Name))
	})
	defer slow.Stop()
	return s.interruptible(ctx, func(ctx context.Context) error { return s.Execute(ctx, st) })
}

// awaitEnd gives QEMU, which has been told to quit, a little time to do so: a
// prompt in between would be of no use.
func (s *Shell) awaitEnd(ctx context.Context) error {
	_ = s.interruptible(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, slowAfter)
		defer cancel()
		<-ctx.Done()
		return nil
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// errStopped is what Ctrl-C makes of what it interrupts.
var errStopped = errors.New("stopped")

// stopped says what Ctrl-C has done. The terminal has shown ^C.
func (s *Shell) stopped(what string) { s.Terminal.Print("\n" + what) }

// interruptible runs f with a context that Ctrl-C ends. A Ctrl-C that comes too
// late to stop f stays for text to see.
func (s *Shell) interruptible(parent context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(parent)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-s.Keys:
			cancel(errStopped)
		case <-ctx.Done():
		}
	})
	err := f(ctx)
	cancel(nil)
	watch.Wait()
	if err == nil && errors.Is(context.Cause(ctx), errStopped) {
		select {
		case s.Keys <- os.Interrupt:
		default:
		}
	}
	return err
}
