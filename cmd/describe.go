package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/text"
)

func newDescribeCmd(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "describe [NAME [MEMBER ...]]",
		Short: "Say what a command, an event or a member takes and gives",
		Long: `Say what the server's schema knows of a command or an event: its arguments with
their types, what is optional, values, branches, and what comes back. A member
goes deeper. Without a name, or with a pattern, it lists names.`,
		Example: `  qmpsh describe blockdev-add
  qmpsh describe blockdev-add file
  qmpsh describe 'block*'
  qmpsh describe --schema schema.json -o json query-block`,
		ValidArgsFunction: completeNames(o),
		RunE: func(c *cobra.Command, args []string) error {
			schema, err := o.readSchema(c.Context())
			if err != nil {
				return err
			}
			return runDescribe(o, schema, args)
		},
	}
	cmd.Flags().StringVar(&o.schemaFile, "schema", "", "`FILE` with the answer to query-qmp-schema: no server is needed")
	must(cmd.MarkFlagFilename("schema"))
	return cmd
}

// readSchema returns the server's schema, or that of --schema.
func (o *options) readSchema(ctx context.Context) (*qapi.Schema, error) {
	if o.schemaFile != "" {
		return readSchemaFile(o.schemaFile)
	}
	if !o.asksSchema() {
		return nil, usagef("a guest agent, or a server without negotiation, tells no schema: give a file with --schema")
	}
	s, err := o.session("")
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	defer s.leave(ctx)
	return s.executor.Schemas.Read(ctx)
}

// runDescribe prints text for people, and data where -o asks for it.
func runDescribe(o *options, schema *qapi.Schema, words []string) error {
	if o.output != "" {
		return describeData(o, schema, words)
	}
	described, err := run.Describe(schema, words, columns(o.sys.Out))
	if err != nil {
		return &usageError{msg: err.Error()}
	}
	return o.printText(described)
}

// printText prints a text for people on stdout.
func (o *options) printText(s string) error {
	if _, err := fmt.Fprintln(o.sys.Out, text.Clean(s)); err != nil {
		return &run.OutputError{Err: err}
	}
	return nil
}

func describeData(o *options, schema *qapi.Schema, words []string) error {
	var data any
	var err error
	if run.IsList(words) {
		data, err = schema.List(words...)
	} else {
		data, err = schema.Describe(words[0], words[1:]...)
	}
	if err != nil {
		return &usageError{msg: err.Error()}
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if err := o.results()(nil, qmp.Reply{Return: raw, Raw: raw}); err != nil {
		return &run.OutputError{Err: err}
	}
	return nil
}

// columns is the width of the terminal behind w, 80 where there is none.
func columns(w any) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
