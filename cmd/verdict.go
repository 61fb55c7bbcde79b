package cmd

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/render"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/text"
)

// Exit codes, as docs/exit-codes.md promises them.
const (
	exitDone        = 0
	exitServerError = 1
	exitRefused     = 2
	exitNoSession   = 3
	exitTimeout     = 4
	exitLost        = 5
	exitSignal      = 128 // plus the signal's number, as a shell sees any program that a signal ends
)

// verdict is what qmpsh makes of an error: for the process that waits for us, and for
// the person who reads. Without a summary there is nothing to say.
type verdict struct {
	code    int
	place   string // in a script; empty elsewhere
	summary string
	source  func(columns int) string // the line that it is about, with a caret; nil: none
	chain   error                    // nil where the summary says it all
	hint    string
}

// judge is the one place where an error becomes a verdict. Whatever it does not know
// may have happened behind the sending of a command: only what is known to come before
// ends with exitRefused.
func (o *options) judge(err error) verdict {
	if err == nil {
		return verdict{code: exitDone}
	}
	var (
		kept      *run.KeptGoingError
		place     *run.PlaceError
		signalled *SignalError
		output    *run.OutputError
	)
	switch {
	case errors.As(err, &kept): // its first failure was reported when it happened
		return verdict{code: o.judge(kept.First).code, summary: kept.Error()}
	case errors.As(err, &place):
		v := o.judge(place.Err)
		v.place = place.LinkText()
		return v
	case errors.As(err, &signalled):
		return verdict{code: exitSignal + int(signalled.Signal), summary: signalled.Error() + fate(err)}
	case errors.As(err, &output) && output.File == "" && errors.Is(err, syscall.EPIPE): // as any program in a pipe
		return verdict{code: exitSignal + int(syscall.SIGPIPE)}
	}
	if v, known := judgeMistake(err); known {
		return v
	}
	return o.judgeServer(err)
}

// judgeMistake knows what is wrong on our side of the connection.
func judgeMistake(err error) (v verdict, known bool) {
	var (
		usage   *usageError
		line    *cmdline.Error
		word    *run.WordError
		address *qmp.AddressError
		command *qmp.CommandError
		name    *qapi.NameError
		devices *run.NoDevicesError
		unasked *run.NotAskedError
		path    *qapi.PathError
		read    *run.ReadError
		output  *run.OutputError
		filter  *run.FilterError
	)
	switch {
	case errors.As(err, &usage):
		v = verdict{summary: usage.Error()}
		if usage.help != "" {
			v.hint = fmt.Sprintf("run `%s --help`", usage.help)
		}
	case errors.As(err, &line):
		v = verdict{summary: line.Msg, source: line.Caret, hint: text.CleanLine(line.Hint)}
	case errors.As(err, &filter):
		v = verdict{summary: filter.Error(), hint: "the command itself was done; only its result is missing"}
	case errors.As(err, &output):
		v = verdict{summary: output.Error()}
		if output.Done {
			v.hint = "the command itself was done; only its result is missing"
		}
	case errors.As(err, &devices):
		v = verdict{summary: err.Error(), hint: "a binary tells its device types: add --qemu BINARY"}
	case errors.As(err, &word), errors.As(err, &unasked), errors.As(err, &address), errors.As(err, &command), errors.As(err, &name),
		errors.As(err, &path), errors.As(err, &read):
		v = verdict{summary: err.Error()}
	default:
		return verdict{}, false
	}
	v.code = exitRefused
	return v, true
}

// judgeServer knows what the server, or the way to it, has done.
func (o *options) judgeServer(err error) verdict {
	var (
		server  *qmp.ExecuteError
		unknown *run.UnknownCommandError
		schema  *run.NoSchemaError
		state   *proto.StateError
		lost    *qmp.InterruptedError
		bad     *qmp.BadReplyError
		absent  *noSessionError
	)
	v := verdict{code: exitLost, summary: proto.Summary(err), chain: err}
	switch {
	case errors.As(err, &absent):
		v = verdict{code: exitNoSession, summary: proto.Summary(absent.err), chain: absent.err, hint: advice(o, absent)}
		if timedOut(err) {
			v.code = exitTimeout
		}
	case errors.As(err, &schema):
		v = verdict{code: exitRefused, summary: schema.Error()}
		if errors.As(err, &server) {
			v.code = exitServerError
		}
	case errors.As(err, &unknown):
		v = verdict{code: exitServerError, summary: unknown.Error(), hint: fmt.Sprintf("did you mean %s?", unknown.Near)}
	case errors.As(err, &server): // QEMU repeats a command's name in its text, however long that is
		v = verdict{code: exitServerError, summary: render.Shorten(server.Error(), longest)}
	case errors.As(err, &lost) && lost.Unsent, errors.As(err, &state):
		v.hint = "the next command was not sent"
	case errors.As(err, &lost):
		v.hint = "the command was sent, and may have been done"
	case errors.As(err, &bad):
		v.hint = "the server has answered, so the command may have been done"
	case timedOut(err):
		v.code = exitTimeout
	}
	return v
}

// fate says what became of a command that a signal has interrupted, if there was one.
func fate(err error) string {
	var (
		wait   *qmp.WaitError
		output *run.OutputError
	)
	switch {
	case errors.As(err, &output) && output.Done:
		return "; the command was done, but its result is not whole"
	case !errors.As(err, &wait):
		return ""
	case qmp.NeverSent(err):
		return "; the command was not sent"
	}
	return "; the command was sent, and the server may still do it"
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT)
}

// report prints what a person reads of err and returns the exit code.
func report(o *options, err error) int {
	v := o.judge(err)
	if v.summary != "" {
		o.stderr.Print(o.words(o.printer(o.sys.Err), "qmpsh: ", v))
	}
	return v.code
}

// words are what a person reads of a verdict. program stands before it where other
// programs may write too.
func (o *options) words(p *render.Printer, program string, v verdict) text.Painted {
	if v.place != "" {
		program += v.place + ": "
	}
	source := ""
	if v.source != nil {
		source = v.source(p.Width())
	}
	return p.Failure(render.Failure{
		Program: program, Summary: v.summary, Source: source, Chain: v.chain, Origins: o.debug, Hint: v.hint, Hide: o.secrets.Text,
	})
}
