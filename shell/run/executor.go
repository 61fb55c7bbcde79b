// Package run runs the command language on a QMP session: the executor that the
// shell, scripts and exec share, and the script runner. It knows no terminal.
package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// Executor runs statements: it gives their values types, sends them, and writes
// their results. It knows no terminal: the shell, scripts and exec share it. One
// goroutine uses it at a time.
type Executor struct {
	Client  *qmp.Client
	Schemas *Schemas
	Inputs  Inputs
	// CheckAll looks into the schema before any statement with arguments is sent,
	// and not only when their values leave a doubt: worth its time where more
	// statements will follow.
	CheckAll bool
	// NoValidate sends what the schema does not allow.
	NoValidate bool
	// HMP takes lines for the human monitor's, but for words that begin with a dot.
	HMP bool
	// Filter is for the results of statements without one of their own.
	Filter Filter
	// Executed is told the name of each command that the server has answered; may be nil.
	Executed func(command string)
	// Result writes one result to w, or to stdout when w is nil. It may stop in the
	// middle when ctx ends.
	Result func(ctx context.Context, w io.Writer, r qmp.Reply) error

	before []func(context.Context, qmp.Command) error
}

// Before has f asked about each command before it is sent. With f's error nothing is
// sent.
func (x *Executor) Before(f func(context.Context, qmp.Command) error) {
	x.before = append(x.before, f)
}

// allowed asks about a command.
func (x *Executor) allowed(ctx context.Context, cmd qmp.Command) error {
	for _, f := range x.before {
		if err := f(ctx, cmd); err != nil {
			return err
		}
	}
	return nil
}

// bound is a statement that has become a command.
type bound struct {
	command qmp.Command
	with    cmdline.Binding
}

// bind gives a statement's values their types. Nothing is sent but, if the values need
// it, questions about the schema. sending says that the command is about to be sent.
func (x *Executor) bind(ctx context.Context, st cmdline.Statement, sending bool) (bound, error) {
	sources, err := x.Inputs.read(ctx, st)
	if err != nil {
		return bound{}, err
	}
	schema := x.Schemas.Known()
	if schema == nil && (st.NeedsSchema() || x.CheckAll && !st.Bare() && !st.Raw()) {
		if x.CheckAll { // for all that follow too
			schema = x.Schemas.Get(ctx)
		} else {
			schema = x.Schemas.For(ctx, st.Name)
		}
		if ctx.Err() != nil {
			return bound{}, context.Cause(ctx)
		}
	}
	b, err := x.bindWith(ctx, st, schema, sources, sending)
	var fault *cmdline.Error
	if errors.As(err, &fault) && schema != nil && x.Schemas.Doubtful() {
		// The server itself has the last word on what is refused.
		schema = x.Schemas.Own(ctx)
		if ctx.Err() != nil {
			return bound{}, context.Cause(ctx)
		}
		b, err = x.bindWith(ctx, st, schema, sources, sending)
	}
	return b, err
}

func (x *Executor) bindWith(ctx context.Context, st cmdline.Statement, schema *qapi.Schema, sources []string, sending bool) (bound, error) {
	with := cmdline.Binding{
		Schema:     schema,
		Validate:   !x.NoValidate,
		Sources:    sources,
		Properties: x.Schemas.properties(ctx, sending),
		DeviceType: func(driver string) string { return x.Schemas.DeviceType(driver, schema) },
	}
	cmd, err := st.Bind(with)
	return bound{cmd, with}, err
}

// filter returns the filter for a statement's results: its own one before that of
// the Executor.
func (x *Executor) filter(st cmdline.Statement) (Filter, error) {
	if st.Filter == "" {
		return x.Filter, nil
	}
	f, err := CompileFilter(st.Filter)
	if err != nil {
		return Filter{}, st.ErrorAt(st.FilterAt, "the filter does not compile: "+err.Error(), "it is a jq program, for example | .[].device")
	}
	return f, nil
}

// JSON returns the message that a statement would send, without an id. It finds the
// mistakes that Execute would find before sending, but does not open the file for
// the result.
func (x *Executor) JSON(ctx context.Context, st cmdline.Statement) ([]byte, error) {
	if _, err := x.filter(st); err != nil {
		return nil, err
	}
	b, err := x.bind(ctx, st, false)
	if err != nil {
		return nil, err
	}
	b.command.NoID = true
	return b.command.Append(nil)
}

// Execute binds a statement, sends its command, waits for the answer and writes
// the result. A mistake in the statement is a *cmdline.Error; it is found before
// anything is sent, unless no schema was needed to send it and the server refused
// first. Other errors are those of qmp.Client.Do, and, when the command has been
// done, OutputError and FilterError.
func (x *Executor) Execute(ctx context.Context, st cmdline.Statement) error {
	filter, err := x.filter(st)
	if err != nil {
		return err
	}
	b, err := x.bind(ctx, st, true)
	if ctx.Err() != nil {
		return unsent(ctx)
	}
	if err == nil {
		err = x.allowed(ctx, b.command)
	}
	if err != nil {
		return err
	}
	into, err := redirect(ctx, st)
	if ctx.Err() != nil {
		into.drop()
		return unsent(ctx)
	}
	if err != nil {
		return err
	}
	reply, err := x.send(ctx, st, b)
	if err != nil {
		into.drop()
		return err
	}
	if err := x.write(ctx, filter, into, reply); err != nil {
		into.close()
		return err
	}
	return into.close()
}

// send sends the command and waits for its answer. What was typed by a schema that is
// only kept, and that turns out not to be the server's, is typed and sent again.
func (x *Executor) send(ctx context.Context, st cmdline.Statement, b bound) (qmp.Reply, error) {
	reply, err := x.do(ctx, b.command)
	if err == nil {
		return reply, nil
	}
	again, err := x.explain(ctx, st, b, err)
	if err != nil {
		return reply, err
	}
	return x.do(ctx, again)
}

// do sends a command. The one with which every recipe for socat begins has been sent
// before, and a server takes it once only: it is answered as it was then.
func (x *Executor) do(ctx context.Context, cmd qmp.Command) (qmp.Reply, error) {
	if cmd.Name == "qmp_capabilities" && x.Client.Negotiates() && x.Client.State() == proto.Running {
		raw := json.RawMessage(`{"return": {}}`)
		if cmd.ID != nil {
			raw = fmt.Appendf(nil, `{"return": {}, "id": %s}`, cmd.ID)
		}
		return qmp.Reply{Return: json.RawMessage("{}"), Raw: raw}, nil
	}
	reply, err := x.Client.Do(ctx, cmd)
	if x.Executed != nil {
		x.Executed(cmd.Name)
	}
	return reply, err
}

// unsent is the error for a ctx that ended before the command was sent.
func unsent(ctx context.Context) error {
	return &qmp.WaitError{Origin: proto.Here(), Unsent: true, Err: context.Cause(ctx)}
}

// write writes what the filter makes of a reply. A file keeps what it holds until all
// of that is there: a filter that fails leaves it alone.
func (x *Executor) write(ctx context.Context, filter Filter, into *resultFile, reply qmp.Reply) error {
	if filter.code == nil {
		return x.put(ctx, into, reply)
	}
	var all []qmp.Reply
	err := filter.run(ctx, reply.Return, func(value json.RawMessage) error {
		r := qmp.Reply{Return: value, Raw: value}
		if into == nil {
			return x.put(ctx, nil, r)
		}
		all = append(all, r)
		return nil
	})
	if err != nil {
		into.drop()
		return err
	}
	if into == nil {
		return nil
	}
	return x.put(ctx, into, all...)
}

// put writes results to stdout, or to the file.
func (x *Executor) put(ctx context.Context, into *resultFile, results ...qmp.Reply) error {
	to, err := into.writer()
	if err != nil {
		return err
	}
	defer into.until(ctx)()
	for _, r := range results {
		if err := x.Result(ctx, to, r); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return &OutputError{File: into.name(), Done: true, Err: err}
		}
	}
	return nil
}

// UnknownCommandError is a command that the server does not have, with the nearest
// one that it has.
type UnknownCommandError struct {
	Near string
	Err  *qmp.ExecuteError
}

func (e *UnknownCommandError) Error() string { return e.Err.Error() }

// Unwrap returns the server's answer.
func (e *UnknownCommandError) Unwrap() error { return e.Err }

// explain makes more of the server's refusal of a statement that was sent without a
// look into its own schema: the nearest command, or the word that is wrong. Without an
// error it returns the command that should have been sent.
func (x *Executor) explain(ctx context.Context, st cmdline.Statement, b bound, err error) (again qmp.Command, _ error) {
	var refused *qmp.ExecuteError
	if x.NoValidate || !errors.As(err, &refused) {
		return again, err
	}
	looked := b.with.Schema != nil && !x.Schemas.Doubtful()
	if fault := x.unknownType(ctx, st, b, refused); fault != nil {
		return again, fault
	}
	if looked || st.Raw() && refused.Class != "CommandNotFound" {
		return again, err
	}
	if guest, _ := x.Schemas.Guest(ctx); refused.Class == "CommandNotFound" && guest.Commands != nil {
		if near := qapi.Nearest(b.command.Name, guest.Commands); len(near) > 0 {
			return again, &UnknownCommandError{Near: near[0], Err: refused}
		}
	}
	schema := x.Schemas.Own(ctx)
	if schema == nil {
		return again, err
	}
	command := schema.Command(b.command.Name)
	switch refused.Class {
	case "CommandNotFound":
		if line := st.HMPLine(); command == nil && line != "" {
			return again, &UnknownCommandError{Near: line, Err: refused}
		}
		if near := schema.NearestCommand(b.command.Name); command == nil && len(near) > 0 {
			return again, &UnknownCommandError{Near: near[0], Err: refused}
		}
	case "GenericError":
		var fault *cmdline.Error
		better, failed := x.bindWith(ctx, st, schema, b.with.Sources, false)
		switch {
		case errors.As(failed, &fault):
			return again, fault
		case failed == nil && command != nil && command.Check(b.command.Arguments) != nil && command.Check(better.command.Arguments) == nil:
			// What was sent is none of the server's commands, so that nothing has been done.
			return better.command, nil
		}
	}
	return again, err
}

// unknownType says that the driver of a device_add which the server has refused is none
// of its device types, as far as they are known.
func (x *Executor) unknownType(ctx context.Context, st cmdline.Statement, b bound, refused *qmp.ExecuteError) error {
	k, _ := x.Schemas.Devices()
	if k == nil || refused.Class != "GenericError" || b.command.Name != "device_add" || st.Raw() {
		return nil
	}
	with := b.with
	if with.Schema == nil {
		with.Schema = x.Schemas.Own(ctx)
	}
	with.DeviceTypes = func() []string {
		var names []string
		for _, d := range k.Devices() {
			names = append(append(names, d.Name), d.Aliases...)
		}
		return names
	}
	_, err := st.Bind(with)
	return err
}

// SessionLost says whether err means that there is no session any more.
func SessionLost(err error) bool {
	var interrupted *qmp.InterruptedError
	return errors.As(err, &interrupted)
}
