package cmd

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/adrg/xdg"

	"github.com/qmpsh/qmpsh/completion"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell"
	"github.com/qmpsh/qmpsh/shell/render"
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
	assist := &shell.Assist{Schemas: executor.Schemas, HMP: c.hmp}
	term, err := terminal.Open(terminal.Config{
		In: in, Out: screen, History: historyFile(),
		Complete: assist.Complete, Hint: assist.Hint,
	})
	if err != nil {
		return err
	}
	defer term.Close()
	assist.Cache = completion.NewCache(executor.Schemas.Ask, completion.CacheOptions{Change: term.CompleteAgain})
	defer assist.Cache.Close()
	executor.Executed = assist.Cache.Executed
	c.stderr.redirect(term.Print)
	defer c.stderr.redirect(nil)

	if isTerminal(c.sys.Out) {
		results, file := c.printer(c.sys.Out), c.filePrinter()
		executor.Result = func(w io.Writer, r qmp.Reply) error {
			if w != nil {
				return file.WriteResult(w, r)
			}
			if said, ok := c.hmpText(r); ok {
				term.Print(text.Clean(said))
				return nil
			}
			return printResult(term, results, r)
		}
	}
	keys := make(chan os.Signal, 1)
	defer c.signals.divert(keys)()
	p := c.printer(screen)
	sh := &shell.Shell{
		Executor: executor,
		Assist:   assist,
		Terminal: term,
		Keys:     keys,
		Events:   events,
		Event:    func(ev qmp.Event) string { return p.Event(ev).String() },
		Explain:  func(err error) string { return c.words(p, "", c.judge(err)) },
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

// printResult lets results and events take turns on the terminal. A result goes
// there as one text: Print would end a line behind each part of it.
func printResult(term *terminal.Terminal, p *render.Printer, r qmp.Reply) error {
	var text strings.Builder
	if err := p.WriteResult(&text, r); err != nil {
		return err
	}
	term.Print(text.String())
	return nil
}

// historyFile is where the XDG Base Directory Specification puts what a program
// remembers.
func historyFile() string { return filepath.Join(xdg.StateHome, "qmpsh", "history") }
