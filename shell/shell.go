package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/render"
	"github.com/qmpsh/qmpsh/shell/terminal"
)

// slowAfter is when the shell says that it still waits for an answer.
const slowAfter = 5 * time.Second

// errQuit ends the shell when QEMU has ended because the user said quit.
var errQuit = errors.New("QEMU has quit")

// Shell is the interactive loop on a terminal. The session must be running, or
// have run: a shell outlives its session.
type Shell struct {
	*Executor
	Terminal *terminal.Terminal
	// Events must have been opened before the session, so that it has the
	// events that come with it.
	Events *qmp.Listener
	// Event and Failed put an event and a failure into words for the terminal.
	Event  func(qmp.Event) string
	Failed func(error) string
	// Connect opens the client's session again, for .reconnect.
	Connect func(context.Context) error
	// Address is the server's, for messages.
	Address string
	// Agent says that the server is a guest agent, which has no runstate.
	Agent bool

	machine *machine
	keys    chan os.Signal // Ctrl-C while a command runs
	quit    atomic.Bool    // the user has ended QEMU

	forgetful bool // it was said that the history is not kept
}

// Run greets, then reads and runs statements until the user leaves or the
// context ends. A failed command ends nothing. The error is that of the
// terminal, or the context's cause.
func (s *Shell) Run(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	s.machine = newMachine(s.Client)
	s.keys = make(chan os.Signal, 1)
	signal.Notify(s.keys, os.Interrupt)
	defer signal.Stop(s.keys)

	s.greet(ctx)
	var owned sync.WaitGroup
	owned.Go(func() { s.pump(ctx, cancel) })
	owned.Go(func() { s.machine.keepTrue(ctx, s.showPrompt) })
	err := s.loop(ctx)
	cancel(nil)
	owned.Wait()
	switch {
	case errors.Is(err, errQuit):
		s.Terminal.Print(errQuit.Error())
		return nil
	case errors.Is(err, errLeave):
		return nil
	}
	return err
}

// loop reads texts and runs them. A text is a line, or a whole pasted block.
func (s *Shell) loop(ctx context.Context) error {
	var join cmdline.Joiner
	for {
		text, err := s.Terminal.ReadLine(ctx, prompt(&join))
		switch {
		case errors.Is(err, terminal.ErrInterrupt):
			join = cmdline.Joiner{}
			continue
		case errors.Is(err, io.EOF):
			return errLeave
		case err != nil:
			return err
		}
		for line := range strings.Lines(text + "\n") {
			before := join
			if !join.Add(line) {
				if err := badAction(&before, &join); err != nil {
					s.Terminal.Print(s.Failed(err))
					join = before
				}
				continue
			}
			statement := join.Text()
			join = cmdline.Joiner{}
			if err := s.statement(ctx, statement); err != nil {
				return err
			}
		}
	}
}

// badAction says what is wrong with the line that was added to an open
// transaction, so that the line can be typed again without the others.
func badAction(before, after *cmdline.Joiner) error {
	if before.Need() != cmdline.EndTransaction || after.Need() != cmdline.EndTransaction {
		return nil
	}
	var fault *cmdline.Error
	if _, err := cmdline.Parse(after.Text()); errors.As(err, &fault) && !fault.Unfinished {
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

func (s *Shell) showPrompt() { s.Terminal.SetPrompt(render.Sanitize(s.machine.prompt())) }

// statement runs one statement. It returns an error only to end the shell.
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
		s.Terminal.Print(s.Failed(err))
		return nil
	}
	if word, ok := shellWord(st); ok {
		return s.word(ctx, word)
	}
	if st.Kind == cmdline.QMP {
		return s.command(ctx, st.Command)
	}
	return nil
}

// command runs a QMP command. Ctrl-C ends the wait for its answer.
func (s *Shell) command(ctx context.Context, cmd qmp.Command) error {
	if s.machine.isGone() {
		s.Terminal.Print("not connected, nothing was sent: " + wayBack)
		return nil
	}
	ending := cmd.Name == "quit"
	if ending {
		yes, err := s.Terminal.Confirm(ctx, "quit ends QEMU itself (.exit leaves the shell). End QEMU?")
		if err != nil || !yes {
			return ctx.Err()
		}
		s.quit.Store(true)
	}
	err := s.await(ctx, cmd)
	if err == nil {
		return nil
	}
	if ending && !sessionLost(err) {
		s.quit.Store(false)
	}
	if ctx.Err() == nil {
		s.Terminal.Print(s.Failed(err))
	}
	return nil
}

// errStopWaiting is what Ctrl-C makes of the wait for an answer.
var errStopWaiting = errors.New("stopped waiting: the server may still do it, its answer will be dropped")

func (s *Shell) await(ctx context.Context, cmd qmp.Command) error {
	slow := time.AfterFunc(slowAfter, func() {
		s.Terminal.Print(fmt.Sprintf("still waiting for the answer to %s; Ctrl-C stops the wait", cmd.Name))
	})
	defer slow.Stop()
	return s.interruptible(ctx, func(ctx context.Context) error { return s.Execute(ctx, cmd) })
}

// interruptible runs f with a context that Ctrl-C ends.
func (s *Shell) interruptible(parent context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(parent)
	select {
	case <-s.keys: // left over from an earlier command
	default:
	}
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-s.keys:
			cancel(errStopWaiting)
		case <-ctx.Done():
		}
	})
	err := f(ctx)
	cancel(nil)
	watch.Wait()
	return err
}

// pump shows events as they come, and says when the session has ended.
func (s *Shell) pump(ctx context.Context, leave context.CancelCauseFunc) {
	for {
		ev, err := s.Events.Next(ctx)
		var (
			missed *qmp.MissedError
			ended  *qmp.SessionEndedError
		)
		switch {
		case err == nil:
			s.Terminal.Print(s.Event(ev))
			s.machine.note(ev)
		case errors.As(err, &missed):
			s.Terminal.Print(fmt.Sprintf("… %v: they came faster than they could be shown", missed))
		case errors.As(err, &ended):
			s.ended(ended.Err, leave)
		default:
			return
		}
	}
}

// ended says why the session has ended. After a quit there is nothing to come
// back to, so the shell ends with it.
func (s *Shell) ended(cause error, leave context.CancelCauseFunc) {
	if s.quit.Load() {
		leave(errQuit)
		return
	}
	if cause == nil { // our own disconnect, for .reconnect
		return
	}
	why := proto.Summary(cause)
	if errors.Is(cause, io.EOF) {
		why = "it closed the connection"
	}
	s.machine.lost()
	s.Terminal.Print(fmt.Sprintf("%s has gone: %s. %s", s.Address, why, wayBack))
	s.showPrompt()
}

// wayBack is what to do without a session.
const wayBack = "`.reconnect` connects again, Ctrl-D leaves."

// greet says who has answered.
func (s *Shell) greet(ctx context.Context) {
	if !s.Agent {
		s.machine.meet(ctx)
	}
	who := "a server that was not asked who it is"
	switch g := s.Client.Greeting(); {
	case s.Agent:
		who = "a guest agent"
	case g != nil:
		who = "QEMU " + g.Version.String()
	}
	s.showPrompt()
	if name := s.machine.vm(); name != "" {
		who += ", VM " + name
	}
	s.Terminal.Print(render.Sanitize(fmt.Sprintf("Connected to %s at %s.", who, s.Address)))
	s.Terminal.Print("Type a QMP command such as query-status, .help for help, Ctrl-D to leave.")
}
