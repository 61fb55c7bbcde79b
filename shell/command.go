package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/run"
)

// slowAfter is when the shell says that it still waits for an answer.
const slowAfter = 5 * time.Second

// statement runs one statement. The error is one of those that end a text, or one to
// end the shell.
func (s *Shell) statement(ctx context.Context, text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	kept := cmdline.Recallable(text)
	if s.HMP && strings.TrimSpace(text)[0] != '.' {
		kept = cmdline.RedactHMP(text)
	}
	if err := s.Terminal.Remember(kept); err != nil && !s.forgetful {
		s.forgetful = true
		s.Terminal.Print(fmt.Sprintf("the history is not kept: %v", err))
	}
	st, err := s.Parse(text)
	if err != nil {
		s.Terminal.Show(s.Explain(err))
		return errFailed
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
		return errFailed
	}
	err := s.await(ctx, st)
	if s.quit.Load() && (err == nil || run.SessionLost(err)) {
		return s.awaitEnd(ctx)
	}
	s.quit.Store(false)
	var done *run.OutputError
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case errors.Is(err, errNo):
		return errNo
	case !errors.Is(err, errStopped):
		s.Terminal.Show(s.Explain(err))
		return errFailed
	case errors.As(err, &done):
		s.stopped(fmt.Sprintf("stopped; %s was done, but its result is not whole", st.Name))
	case qmp.NeverSent(err):
		s.stopped(fmt.Sprintf("stopped; %s was not sent", st.Name))
	default:
		s.stopped(fmt.Sprintf("stopped waiting for the answer to %s, which will be dropped; the server may still do it", st.Name))
	}
	return errStopped
}

func (s *Shell) await(ctx context.Context, st cmdline.Statement) error {
	s.slow = time.AfterFunc(slowAfter, func() {
		s.Terminal.Print(fmt.Sprintf("still waiting for the answer to %s; Ctrl-C stops the wait", st.Name))
	})
	defer s.slow.Stop()
	return s.interruptible(ctx, func(ctx context.Context) error { return s.Execute(ctx, st) })
}

// confirm lets no command pass that ends QEMU, unless the user wants that.
func (s *Shell) confirm(ctx context.Context, cmd qmp.Command) error {
	if !run.EndsQEMU(cmd) {
		return nil
	}
	s.slow.Stop() // it is the user who takes time now
	defer s.slow.Reset(slowAfter)
	what := "quit"
	if cmd.Name != what {
		what = "this"
	}
	s.Terminal.Print(what + " ends QEMU itself; .exit leaves the shell and lets QEMU run.")
	yes, err := s.Terminal.Confirm(ctx, "End QEMU?")
	switch {
	case err != nil:
		return err
	case !yes:
		return errNo
	}
	s.quit.Store(true)
	return nil
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
