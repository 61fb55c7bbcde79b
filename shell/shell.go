// Package shell is the interactive loop on a terminal: it reads lines, runs them, and
// shows what the server does meanwhile.
package shell

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/terminal"
	"github.com/qmpsh/qmpsh/shell/text"
)

// leaveLimit is how long a server may take to read what it was sent before its
// session is ended.
const leaveLimit = time.Second

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
	Event   func(qmp.Event) text.Painted
	Explain func(error) text.Painted
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

	words     *Words
	slow      *time.Timer // says that the answer takes long, while a command runs
	forgetful bool        // it was said that the history is not kept
}

// Run greets, then reads and runs statements until the user leaves or the
// context ends. A failed command ends nothing. The error is that of the
// terminal, or the context's cause.
func (s *Shell) Run(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	s.machine = newMachine(s.Client)
	s.words = &Words{Executor: s.Executor, Width: s.Width}
	s.Before(s.confirm)

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

// renew forgets what was known of the server that was there before.
func (s *Shell) renew(ctx context.Context) {
	s.Schemas.Forget()
	s.Assist.Cache.Forget()
	s.background.Go(func() { s.readSchema(ctx) })
}

// readSchema reads the schema before anybody waits for it, and has a copy of the server's
// binary tell its device types. A Tab that came too early is answered then.
func (s *Shell) readSchema(ctx context.Context) {
	if s.Schemas.Get(ctx) != nil {
		s.Terminal.CompleteAgain()
	}
	if _, settled := s.Schemas.Devices(); !settled {
		s.Schemas.Learn(ctx)
		s.Terminal.CompleteAgain()
	}
}

func (s *Shell) showPrompt() {
	prompt := s.machine.prompt(s.server())
	if s.HMP {
		prompt = strings.TrimSuffix(prompt, ") ") + " hmp) "
	}
	s.Terminal.SetPrompt(prompt)
}
