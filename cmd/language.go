package cmd

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/render"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/terminal"
)

// registerLanguage adds the flags of the commands that read the command language.
func (o *options) registerLanguage(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.schemaFile, "schema", "", "`FILE` with the answer to query-qmp-schema, instead of asking the server")
	f.BoolVar(&o.noValidate, "no-validate", false, "send also what the server's schema does not allow")
	f.StringVarP(&o.filter, "jq", "q", "", "`FILTER` results with this jq program")
	must(cmd.MarkFlagFilename("schema"))
}

// executor makes what runs statements as the flags say. client may be nil for
// statements that are not sent.
func (o *options) executor(client *qmp.Client) (*run.Executor, error) {
	x := &run.Executor{
		Schemas:    run.NoSchema(),
		NoValidate: o.noValidate,
		Inputs:     run.Inputs{Getenv: o.lookupEnv, Secret: terminal.Secret},
		Result:     o.results(),
	}
	if o.filter != "" {
		filter, err := run.CompileFilter(o.filter)
		if err != nil {
			return nil, usagef("--jq: the filter does not compile: %v", err)
		}
		x.Filter = filter
	}
	if o.schemaFile != "" {
		schema, err := readSchema(o.schemaFile)
		if err != nil {
			return nil, err
		}
		x.Schemas = run.FixedSchema(schema)
	}
	if client != nil {
		o.attach(x, client)
	}
	return x, nil
}

// attach gives the executor its client. A guest agent has no schema, and without
// negotiation the server does not answer questions about it.
func (o *options) attach(x *run.Executor, client *qmp.Client) {
	x.Client = client
	switch {
	case o.agent || o.skipNegotiation:
	case o.schemaFile != "":
		x.Schemas.Serve(client)
	default:
		x.Schemas = run.NewSchemas(client)
	}
}

func readSchema(path string) (*qapi.Schema, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("--schema: %v", err)
	}
	schema, err := run.ReadSchema(content)
	if err != nil {
		return nil, usagef("--schema: %s: %v", path, err)
	}
	return schema, nil
}

// lookupEnv tells an empty variable from one that is not set as well as Getenv can.
func (o *options) lookupEnv(name string) (string, bool) {
	value := o.sys.Getenv(name)
	return value, value != ""
}

// results writes results on stdout, and nothing else does, or on the file that the
// user names in a line.
func (o *options) results() func(io.Writer, qmp.Reply) error {
	p := o.printer(o.sys.Out)
	file := o.filePrinter()
	return func(w io.Writer, r qmp.Reply) error {
		if w != nil {
			return file.WriteResult(w, r)
		}
		return p.WriteResult(o.sys.Out, r)
	}
}

// filePrinter makes results for files: as in a pipe, unless -o says otherwise.
func (o *options) filePrinter() *render.Printer {
	format := o.format
	if o.output == "" {
		format = render.JSON
	}
	return render.New(render.Options{Format: format})
}

// withSchema runs f with the server's schema, or that of --schema.
func (o *options) withSchema(f func(*qapi.Schema) error) error {
	if o.schemaFile != "" {
		schema, err := readSchema(o.schemaFile)
		if err != nil {
			return err
		}
		return f(schema)
	}
	if o.agent || o.skipNegotiation {
		return usagef("a guest agent, or a server without negotiation, tells no schema: give a file with --schema")
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
	raw, err := client.Execute(ctx, "query-qmp-schema", nil)
	if err != nil {
		return err
	}
	schema, err := run.ReadSchema(raw)
	if err != nil {
		return errors.Join(run.ErrNoSchema, err)
	}
	return f(schema)
}
