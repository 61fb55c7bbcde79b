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
	"github.com/qmpsh/qmpsh/shell/terminal"
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
	exitInterrupted = exitSignal + int(syscall.SIGINT)
	exitClosedPipe  = exitSignal + int(syscall.SIGPIPE)
)

// connectFailure marks an error that kept a session from coming about, and
// names the server for the hint.
type connectFailure struct {
	addr   qmp.Address
	listen bool // we waited for the server to connect
	err    error
}

func (e *connectFailure) Error() string { return e.err.Error() }
func (e *connectFailure) Unwrap() error { return e.err }

// exitCode is the one place where an error becomes a code.
func exitCode(err error) int {
	var (
		failed      *connectFailure
		server      *qmp.ExecuteError
		output      *run.OutputError
		interrupted *qmp.InterruptedError
		parse       *qmp.ServerParseError
		state       *proto.StateError
		usage       *usageError
		signalled   *terminal.SignalError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &signalled):
		if number, ok := signalled.Signal.(syscall.Signal); ok {
			return exitSignal + int(number)
		}
		return exitInterrupted
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.As(err, &usage):
		return exitRefused
	case errors.As(err, &output):
		if errors.Is(err, syscall.EPIPE) {
			return exitClosedPipe
		}
		return exitRefused
	case errors.As(err, &server):
		return exitServerError
	case timedOut(err):
		return exitTimeout
	case errors.As(err, &failed):
		return exitNoSession
	case errors.As(err, &interrupted), errors.As(err, &parse), errors.As(err, &state):
		return exitLost
	}
	return exitRefused
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT)
}

// report prints what a person reads of err and returns the exit code.
func report(o *options, err error) int {
	if err != nil {
		fmt.Fprintln(o.stderr, o.failure(o.printer(o.sys.Err), "qmpsh: ", err))
	}
	return exitCode(err)
}

// failure is what a person reads of err. program stands before it where other
// programs may write too.
func (o *options) failure(p *render.Printer, program string, err error) string {
	f := render.Failure{Program: program, Origins: o.debug}
	var kept *run.KeptGoingError
	if errors.As(err, &kept) { // its first failure was reported when it happened
		f.Summary = kept.Error()
		return p.Failure(f).String()
	}
	var place *run.PlaceError
	if errors.As(err, &place) {
		f.Program += place.LinkText() + ": "
		err = place.Err
	}
	var (
		line    *cmdline.Error
		server  *qmp.ExecuteError
		unknown *run.UnknownCommandError
		failed  *connectFailure
		usage   *usageError
		word    *run.WordError
		bad     *qmp.AddressError
		output  *run.OutputError
		read    *run.ReadError
		filter  *run.FilterError
		name    *qapi.NameError
	)
	switch {
	case errors.Is(err, errInterrupted):
		f.Summary = "interrupted"
	case errors.As(err, &usage):
		f.Summary = usage.msg
		if usage.help != "" {
			f.Hint = fmt.Sprintf("run `%s --help`", usage.help)
		}
	case errors.As(err, &line):
		f.Summary, f.Source, f.Hint = line.Msg, line.Caret(), render.SanitizeLine(line.Hint)
	case errors.As(err, &word), errors.As(err, &bad), errors.As(err, &output), errors.As(err, &read),
		errors.As(err, &name), errors.Is(err, run.ErrNoSchema):
		f.Summary = err.Error()
	case errors.As(err, &filter):
		f.Summary, f.Hint = filter.Error(), "the command itself was done; only its result is missing"
	case errors.As(err, &failed):
		f.Summary, f.Chain, f.Hint = proto.Summary(failed.err), failed.err, hint(o, failed)
	case errors.As(err, &unknown):
		f.Summary, f.Hint = unknown.Error(), fmt.Sprintf("did you mean %s?", unknown.Near)
	case errors.As(err, &server):
		f.Summary = shorten(server.Error()) // QEMU repeats a command's name in it, however long that is
	default:
		f.Summary, f.Chain = proto.Summary(err), err
	}
	return p.Failure(f).String()
}
