package cmd

import (
	"context"
	"fmt"
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
	o.registerSchema(cmd)
	f.BoolVar(&o.noValidate, "no-validate", false, "send also what the server's schema does not allow")
	f.BoolVarP(&o.hmp, "hmp", "H", false, "lines are of the human monitor (HMP), and its text is the result")
	f.StringVarP(&o.filter, "jq", "q", "", "`FILTER` results with this jq program")
}

// registerSchema adds the flags that say where the types of values come from.
func (o *options) registerSchema(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.schemaFile, "schema", "", "`FILE` with the answer to query-qmp-schema, instead of asking the server")
	f.StringVar(&o.qemu, "qemu", "", "`BINARY` of QEMU to learn the schema and the device types from, instead of the server")
	must(cmd.MarkFlagFilename("schema"))
	must(cmd.MarkFlagFilename("qemu"))
}

// executor makes what runs statements as the flags say. client may be nil for
// statements that are not sent.
func (o *options) executor(ctx context.Context, client *qmp.Client) (*run.Executor, error) {
	schemas, err := o.schemas(ctx, client)
	if err != nil {
		return nil, err
	}
	x := &run.Executor{
		Client:     client,
		Schemas:    schemas,
		NoValidate: o.noValidate,
		HMP:        o.hmp,
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
	return x, nil
}

// asksSchema says whether the types of values come from the server. A guest agent
// has no schema, and without negotiation the server does not answer questions about it.
func (o *options) asksSchema() bool {
	return o.schemaFile == "" && o.qemu == "" && o.negotiates()
}

// negotiates says whether the server answers questions of ours.
func (o *options) negotiates() bool { return !o.agent && !o.skipNegotiation }

// schemas chooses where the types of values come from: the server and what is kept of
// its binary, another binary, a file, or nowhere.
func (o *options) schemas(ctx context.Context, client *qmp.Client) (*run.Schemas, error) {
	if o.agent && o.schemaFile == "" && o.qemu == "" && client != nil {
		return run.AgentSchemas(client), nil
	}
	if !o.negotiates() {
		client = nil
	}
	switch {
	case o.qemu != "":
		k, err := o.ofBinary(ctx)
		if err != nil {
			return nil, err
		}
		return run.FixedKnowledge(k, client), nil
	case o.schemaFile != "":
		schema, err := readSchemaFile(o.schemaFile)
		if err != nil {
			return nil, err
		}
		return run.FixedSchema(schema, client), nil
	case client == nil:
		return run.NoSchema(), nil
	}
	return run.NewSchemas(client, o.machineRoom(client).kept()), nil
}

// readFile reads a file whole, a pipe or a device too, if it has no more than limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%s has more than %d MiB: is it the right file?", path, limit>>20)
	}
	return content, err
}

func readSchemaFile(path string) (*qapi.Schema, error) {
	content, err := readFile(path, qapi.MaxSchema)
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
func (o *options) results() func(context.Context, io.Writer, qmp.Reply) error {
	p := o.printer(o.sys.Out)
	file := o.filePrinter()
	return func(ctx context.Context, w io.Writer, r qmp.Reply) error {
		if w != nil {
			return file.WriteResult(o.named(w), r)
		}
		stdout := toPipe(ctx, o.sys.Out)
		if said, ok := o.hmpText(r); ok {
			_, err := io.WriteString(stdout, said)
			return err
		}
		return p.WriteResult(stdout, r)
	}
}

// named puts a file that the user named behind the boundary if it is a terminal.
func (o *options) named(w io.Writer) io.Writer {
	if isTerminal(w) {
		return forPeople(o.sys)(w)
	}
	return w
}

// hmpText is what the human monitor said, where text is wanted.
func (o *options) hmpText(r qmp.Reply) (said string, ok bool) {
	if !o.hmp || o.output != "" {
		return "", false
	}
	return run.HMPText(r)
}

// filePrinter makes results for files: as in a pipe, unless -o says otherwise.
func (o *options) filePrinter() *render.Printer {
	format := o.format
	if o.output == "" {
		format = render.JSON
	}
	return render.New(render.Options{Format: format})
}
