package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

func newExecCmd(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "exec [flags] COMMAND [key=value ...]",
		Short: "Run one command and print its result",
		Long: `Run one command, print its result on stdout, and end with an exit code
that tells what happened (0 done, 1 the server refused, 2 not understood,
3 no session, 4 timeout, 5 connection lost, 130 interrupted).

Each word is taken as it is. A single word that holds spaces is a line of the
command language; one that begins with { is a QMP message.`,
		Example: `  qmpsh exec query-status
  qmpsh exec blockdev-add driver=file node-name=n0 filename='/vm/a b.img'
  qmpsh exec '{"execute": "query-status"}'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{msg: "exec needs a command, for example query-status", help: "qmpsh exec"}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runExec(o, args) },
	}
}

func runExec(o *options, words []string) error {
	statement, err := cmdline.FromWords(words)
	if err != nil {
		return err
	}
	if statement.Kind != cmdline.QMP {
		return usagef("exec runs QMP commands: %q is none", words[0])
	}
	command, err := statement.Bind(cmdline.Binding{})
	if err != nil {
		return err
	}
	addr, err := o.address("")
	if err != nil {
		return err
	}
	client, err := o.newClient(addr)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(context.Background())
	defer stop()
	if err := o.connect(ctx, client, addr); err != nil {
		return &connectFailure{addr: addr, err: err}
	}
	defer leave(client)
	return o.executor(client).Execute(ctx, command)
}

// executor runs commands on client and prints results as the flags say.
func (o *options) executor(client *qmp.Client) *shell.Executor {
	return &shell.Executor{Client: client, Result: o.results()}
}
