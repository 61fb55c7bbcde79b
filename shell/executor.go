// Package shell runs the command language on a QMP session: the executor that
// the shell, scripts and exec share, the script runner, and the interactive
// loop.
package shell

import (
	"context"
	"fmt"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// Executor sends commands and writes their results. It knows no terminal: the
// shell, scripts and exec share it. One goroutine uses it at a time.
type Executor struct {
	Client *qmp.Client
	// Result writes one result where the user wants it.
	Result func(qmp.Reply) error
}

// Execute sends cmd, waits for the answer and writes its result. The errors are
// those of qmp.Client.Do, and OutputError when the result cannot be written:
// the command has then been done all the same.
func (x *Executor) Execute(ctx context.Context, cmd qmp.Command) error {
	reply, err := x.Client.Do(ctx, cmd)
	if err != nil {
		return err
	}
	if err := x.Result(reply); err != nil {
		return &OutputError{Err: err}
	}
	return nil
}

// OutputError says that a result could not be written.
type OutputError struct {
	Err error
}

func (e *OutputError) Error() string { return fmt.Sprintf("cannot write the result: %v", e.Err) }

func (e *OutputError) Unwrap() error { return e.Err }
