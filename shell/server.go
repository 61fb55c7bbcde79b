package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/text"
)

// What the shell shows of its own accord: who has answered, events, the end of a
// session.

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
			s.Terminal.Show(s.Event(ev))
			s.Assist.Cache.Event(ev.Name)
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
	var unsent *proto.FlushError
	if cause == nil || errors.As(cause, &unsent) { // our own disconnect, for .reconnect
		return
	}
	why := proto.Summary(cause)
	switch reason := s.machine.whyShutdown(); {
	case reason != "":
		why = "QEMU has shut down (" + reason + ")"
	case errors.Is(cause, io.EOF), errors.Is(cause, syscall.ECONNRESET), errors.Is(cause, syscall.EPIPE):
		why = "it closed the connection"
	}
	s.Terminal.Print(text.CleanLine(fmt.Sprintf("%s has gone: %s. %s", s.Address, why, wayBack)))
	if s.Client.State() == proto.Running { // this is late: the user was quicker
		return
	}
	s.machine.lost()
	s.showPrompt()
}

// wayBack is what to do without a session.
const wayBack = "`.reconnect` connects again, Ctrl-D leaves."

// server is what the prompt calls a server without a VM's name.
func (s *Shell) server() string {
	if s.Agent {
		return "guest"
	}
	return "QEMU"
}

// meetGuest asks a guest agent who it is.
func (s *Shell) meetGuest(ctx context.Context) error {
	s.machine.found()
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	_, err := s.Schemas.Guest(ctx)
	var refused *qmp.ExecuteError
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// greet says who has answered.
func (s *Shell) greet(ctx context.Context) {
	meet := s.machine.meet
	if s.Agent {
		meet = s.meetGuest
	}
	silent := s.interruptible(ctx, meet)
	who, example := "a server that was not asked who it is", "query-status"
	switch g := s.Client.Greeting(); {
	case s.Agent:
		who, example = "a guest agent", "guest-info"
		if version := s.Schemas.KnownGuest().Version; version != "" {
			who = "guest agent " + told(version)
		}
	case g != nil:
		who = "QEMU " + told(g.Version.String())
	}
	s.showPrompt()
	if name := s.machine.vm(); name != "" {
		who += ", VM " + name
	}
	if errors.Is(silent, errStopped) {
		s.Terminal.Print("\n") // behind the ^C that the terminal has shown
	}
	s.Terminal.Print(text.CleanLine(fmt.Sprintf("Connected to %s at %s.", who, s.Address)))
	if silent != nil && !run.SessionLost(silent) {
		s.Terminal.Print("It has not answered a first question: it may be busy, and commands may have to wait.")
	}
	if s.HMP {
		s.Terminal.Print("Lines go to QEMU's human monitor, such as info status; help is its own, .help ours. Ctrl-D leaves.")
		return
	}
	s.Terminal.Print("Type a QMP command such as " + example + ", .help for help, Ctrl-D to leave.")
}
