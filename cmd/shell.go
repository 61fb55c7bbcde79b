package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/adrg/xdg"

	"github.com/qmpsh/qmpsh/completion"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell"
	"github.com/qmpsh/qmpsh/shell/terminal"
	"github.com/qmpsh/qmpsh/shell/text"
)

// runShell opens the session, then the terminal: a connection that fails is
// reported on an untouched screen.
func runShell(ctx context.Context, c *connectOptions, s *session) error {
	if c.keepGoing {
		return usagef("--keep-going is for scripts: give one on stdin or as a file")
	}
	executor := s.executor
	events := s.client.Subscribe(qmp.EventFilter{})
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.leave(ctx)
	screen, in := c.sys.Err, c.sys.In.(*os.File)
	if isTerminal(c.sys.Out) {
		screen = c.sys.Out
	}
	history := c.historyFile()
	if history == "" {
		fmt.Fprintln(c.stderr, "qmpsh: the history is not kept: neither HOME nor XDG_STATE_HOME is set")
	}
	assist := &shell.Assist{Schemas: executor.Schemas, HMP: c.hmp}
	term, err := terminal.Open(terminal.Config{
		In: in, Out: bare(screen).(io.Writer), History: history,
		Dumb:     c.sys.Getenv("TERM") == "dumb",
		ASCII:    asciiOnly(c.sys.Getenv),
		Editor:   cmp.Or(c.sys.Getenv("VISUAL"), c.sys.Getenv("EDITOR"), "vi"),
		Complete: assist.Complete, Hint: assist.Hint,
	})
	if err != nil {
		return err
	}
	defer term.Close()
	assist.Cache = completion.NewCache(executor.Schemas.Ask, completion.CacheOptions{Change: term.CompleteAgain})
	defer assist.Cache.Close()
	executor.Executed = assist.Cache.Executed
	if isTerminal(c.sys.Err) { // what goes to a file stays there
		c.stderr.redirect(term.Show)
		defer c.stderr.redirect(nil)
	}

	if isTerminal(c.sys.Out) {
		executor.Result = c.resultsOn(term)
	}
	keys := make(chan os.Signal, 1)
	defer c.signals.divert(keys)()
	printer := c.printer(screen)
	sh := &shell.Shell{
		Executor: executor,
		Assist:   assist,
		Terminal: term,
		Keys:     keys,
		Events:   events,
		Event:    func(ev qmp.Event) text.Painted { return c.eventLine(printer, ev) },
		Explain:  func(err error) text.Painted { return c.words(c.printer(screen), "", c.judge(err)) },
		Open:     s.open,
		Address:  s.addr.String(),
		Width:    func() int { return columns(screen) },
		Agent:    c.agent,
	}
	err = sh.Run(ctx)
	if err == nil && !isTerminal(in) { // it is gone, and SIGHUP may be on its way
		return &SignalError{syscall.SIGHUP}
	}
	return err
}

// resultsOn writes results on the terminal of the shell, or on the file that the user
// names in a line.
func (o *options) resultsOn(term *terminal.Terminal) func(context.Context, io.Writer, qmp.Reply) error {
	results, file := o.printer(o.sys.Out), o.filePrinter()
	return func(ctx context.Context, w io.Writer, r qmp.Reply) error {
		if w != nil {
			return file.WriteResult(o.named(w), r)
		}
		return term.Pour(ctx, func(w io.Writer) error {
			if said, ok := o.hmpText(r); ok {
				_, err := io.WriteString(w, said)
				return err
			}
			return results.WriteResult(w, r)
		})
	}
}

// historyFile is where the XDG Base Directory Specification puts what a program
// remembers; "" where nobody says which user that is.
func (o *options) historyFile() string {
	if o.sys.Getenv("HOME") == "" && o.sys.Getenv("XDG_STATE_HOME") == "" {
		return ""
	}
	return filepath.Join(xdg.StateHome, "qmpsh", "history")
}
