package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/run"
)

func newDescribeCmd(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "describe [NAME [MEMBER ...]]",
		Short: "Say what a command, an event, a member or a device type takes and gives",
		Long: `Say what the server's schema knows of a command or an event: its arguments with
their types, what is optional, values, branches, and what comes back. A member
goes deeper. Without a name, or with a pattern, it lists names.

Of a device type it says the properties, with types and defaults. They come from
a copy of the server's binary that is started for a moment, and never from a VM
that runs; of a server elsewhere they are not known.`,
		Example: `  qmpsh describe blockdev-add
  qmpsh describe blockdev-add file
  qmpsh describe 'block*'
  qmpsh describe virtio-net-pci
  qmpsh describe --qemu qemu-system-aarch64 'virtio-*'
  qmpsh describe --schema schema.json -o json query-block`,
		ValidArgsFunction: completeNames(o),
		RunE:              func(c *cobra.Command, args []string) error { return runDescribe(c.Context(), o, args) },
	}
	o.registerSchema(cmd)
	return cmd
}

func runDescribe(ctx context.Context, o *options, words []string) error {
	if !o.asksSchema() {
		if o.schemaFile == "" && o.qemu == "" {
			return usagef("a guest agent, or a server without negotiation, tells no schema: give a file with --schema, or a binary with --qemu")
		}
		schemas, err := o.schemas(ctx, nil)
		if err != nil {
			return err
		}
		return describe(ctx, o, schemas, words)
	}
	s, err := o.session(ctx, "")
	if err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.leave(ctx)
	return describe(ctx, o, s.executor.Schemas, words)
}

// describe prints text for people, and data where -o asks for it.
func describe(ctx context.Context, o *options, schemas *run.Schemas, words []string) error {
	if o.output != "" {
		return describeData(ctx, o, schemas, words)
	}
	described, err := run.Describe(ctx, schemas, words, columns(o.sys.Out))
	if err != nil {
		return err
	}
	return o.printText(described)
}

// printText prints a text for people on stdout.
func (o *options) printText(s string) error {
	_, err := fmt.Fprintln(o.printed, s)
	return err
}

func describeData(ctx context.Context, o *options, schemas *run.Schemas, words []string) error {
	data, err := run.DescribeData(ctx, schemas, words)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if err := o.results()(ctx, nil, qmp.Reply{Return: raw, Raw: raw}); err != nil {
		return &run.OutputError{Err: err}
	}
	return nil
}

// columns is the width of the terminal behind w, 80 where there is none.
func columns(w any) int {
	if f, ok := bare(w).(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
