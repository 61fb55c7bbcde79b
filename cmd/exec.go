package cmd

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/render"
	"github.com/qmpsh/qmpsh/shell/run"
)

// execOptions holds exec's own flags.
type execOptions struct {
	*options
	dryRun bool
}

func newExecCmd(o *options) *cobra.Command {
	e := &execOptions{options: o}
	cmd := &cobra.Command{
		Use:   "exec [flags] COMMAND [key=value ...]",
		Short: "Run one command and print its result",
		Long: `Run one command, print its result on stdout, and end with an exit code
that tells what happened (0 done, 1 the server refused, 2 not understood,
3 no session, 4 timeout, 5 connection lost, 130 interrupted).

Each word is taken as it is. A single word that holds spaces is a line of the
command language; one that begins with { is a QMP message.

Values get the types that the server's schema says. It is read only when the
words leave a doubt: never for a command without arguments.`,
		Example: `  qmpsh exec query-status
  qmpsh exec blockdev-add driver=file node-name=n0 filename='/vm/a b.img'
  qmpsh exec 'query-block | .[].device'
  qmpsh exec --dry-run --schema schema.json block-dirty-bitmap-add node=n name=1
  qmpsh exec '{"execute": "query-status"}'
  qmpsh exec -H info status`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{msg: "exec needs a command, for example query-status", help: "qmpsh exec"}
			}
			return nil
		},
		ValidArgsFunction: completeExec(o),
		RunE:              func(c *cobra.Command, args []string) error { return runExec(c.Context(), e, args) },
	}
	cmd.Flags().BoolVar(&e.dryRun, "dry-run", false, "print the message instead of sending it")
	o.registerLanguage(cmd)
	return cmd
}

func runExec(ctx context.Context, e *execOptions, words []string) error {
	statement, err := e.parse(words)
	if err != nil {
		return err
	}
	if word, is := run.DotWord(statement); is || statement.Kind != cmdline.QMP {
		return notQMP(word, words[0])
	}
	if e.dryRun && !(e.asksSchema() && statement.NeedsSchema()) {
		x, err := e.executor(ctx, nil)
		if err != nil {
			return err
		}
		return e.showMessage(ctx, x, statement)
	}
	s, err := e.session(ctx, "")
	if err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.leave(ctx)
	if e.dryRun {
		return e.showMessage(ctx, s.executor, statement)
	}
	return s.executor.Execute(ctx, statement)
}

// parse makes a statement of the words on the command line.
func (e *execOptions) parse(words []string) (cmdline.Statement, error) {
	if e.hmp {
		return run.HMP(strings.Join(words, " "))
	}
	return cmdline.FromWords(words)
}

// notQMP says what does instead of exec what a word of the shell does there.
func notQMP(word, line string) error {
	switch word {
	case ".help", ".describe":
		return usagef("%s is a word of the shell: here `qmpsh help` tells of qmpsh, `qmpsh describe NAME` of a command", word)
	case ".json":
		return usagef(".json is a word of the shell: here `qmpsh exec --dry-run` shows the message")
	}
	return usagef("exec runs QMP commands: %q is none", line)
}

// showMessage prints what the statement would send.
func (e *execOptions) showMessage(ctx context.Context, x *run.Executor, st cmdline.Statement) error {
	line, err := x.JSON(ctx, st)
	if err != nil {
		return err
	}
	p := render.New(render.Options{}) // one line, whatever results are to look like
	if err := p.WriteResult(e.sys.Out, qmp.Reply{Return: line}); err != nil {
		return &run.OutputError{Err: err}
	}
	return nil
}
