package cmd

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/run"
)

// connectOptions holds connect's own flags.
type connectOptions struct {
	*options
	listen    bool
	keepGoing bool
}

func newConnectCmd(o *options) *cobra.Command {
	c := &connectOptions{options: o}
	cmd := &cobra.Command{
		Use:   "connect [ADDRESS] [SCRIPT]",
		Short: "Open the shell on a server, or run a script on it",
		Long: `Open the shell on a QMP server. When standard input is no terminal, or SCRIPT
is named, run the script instead: one command a line, results on stdout,
everything else on stderr; it stops at the first error.

With -s ADDRESS the first word is the script, so that a script may begin with
  #!/usr/bin/env -S qmpsh connect -s /tmp/qmp.sock`,
		Example: `  qmpsh connect /tmp/qmp.sock
  qmpsh connect /tmp/qmp.sock < script
  qmpsh connect demo:
  qmpsh connect --listen /tmp/qmp.sock`,
		Args: func(_ *cobra.Command, args []string) error {
			most := 2
			if o.socket != "" {
				most = 1
			}
			if len(args) > most {
				return &usageError{msg: "too many words: connect takes an address and a script", help: "qmpsh connect"}
			}
			return nil
		},
		ValidArgsFunction: completeConnect(o),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.timeoutSet = cmd.Flags().Changed("timeout")
			return runConnect(cmd.Context(), c, args)
		},
	}
	o.registerLanguage(cmd)
	cmd.Flags().BoolVar(&c.listen, "listen", false, "wait at the address for QEMU to connect (its side: server=off)")
	cmd.Flags().BoolVar(&c.keepGoing, "keep-going", false, "run a script to its end and fail then, instead of at the first error")
	return cmd
}

func runConnect(ctx context.Context, c *connectOptions, args []string) error {
	word, path := "", ""
	if c.socket == "" && len(args) > 0 {
		word, args = args[0], args[1:]
	}
	if len(args) > 0 {
		path = args[0]
	}
	s, err := c.session(ctx, word)
	if err != nil {
		return err
	}
	s.listen = c.listen
	s.executor.CheckAll = true
	if path == "" && isTerminal(c.sys.In) {
		return runShell(ctx, c, s)
	}
	return runScript(ctx, c, s, path)
}

// runScript runs the script at path, or standard input when path is empty.
func runScript(ctx context.Context, c *connectOptions, s *session, path string) error {
	name, in := "stdin", c.sys.In
	if path != "" {
		file, err := os.Open(path)
		if err != nil {
			return usagef("cannot read the script: %v", err)
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return usagef("cannot read the script: %s is a directory", path)
		}
		name, in = path, file
	}
	events := s.client.Subscribe(qmp.EventFilter{})
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.leave(ctx)
	p := c.printer(c.sys.Err)
	words := &shell.Words{Executor: s.executor, Width: func() int { return columns(c.sys.Out) }, Script: true}
	script := &run.Script{
		Executor: s.executor,
		Name:     name,
		In:       in,
		Word: func(ctx context.Context, name string, st cmdline.Statement) error {
			text, err := words.Run(ctx, name, st)
			if err != nil {
				return err
			}
			return c.printText(text)
		},
		Events:    events,
		Event:     func(ev qmp.Event) { c.stderr.Print(c.eventLine(p, ev)) },
		Note:      func(remark string) { c.stderr.Print(p.Dim(remark)) },
		Report:    func(err error) { report(c.options, err) },
		KeepGoing: c.keepGoing,
	}
	return script.Run(ctx)
}
