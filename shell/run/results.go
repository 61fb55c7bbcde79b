package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// resultFile is the file that takes a result; nil for stdout.
type resultFile struct {
	file *os.File
	add  bool // behind what the file holds
	made bool // it did not exist before
	shut bool
}

// redirect opens the file that a statement sends its result to, before the command
// is sent: a file that cannot be written must not cost the result. What it held
// stays until there is a result.
func redirect(ctx context.Context, st cmdline.Statement) (*resultFile, error) {
	if st.Output == nil {
		return nil, nil
	}
	flags := os.O_WRONLY | os.O_CREATE
	if st.Output.Append {
		flags |= os.O_APPEND
	}
	_, absent := os.Lstat(st.Output.Path)
	f, err := openFile(ctx, st.Output.Path, flags)
	if err != nil {
		return nil, st.ErrorAt(st.Output.At, err.Error(), "")
	}
	return &resultFile{file: f, add: st.Output.Append, made: errors.Is(absent, os.ErrNotExist)}, nil
}

// drop closes the file when there is no result for it. One that was made for it goes.
func (o *resultFile) drop() {
	if o == nil {
		return
	}
	_ = o.close()
	if o.made {
		_ = os.Remove(o.file.Name())
	}
}

// writer readies the file for a result.
func (o *resultFile) writer() (io.Writer, error) {
	if o == nil {
		return nil, nil
	}
	if info, err := o.file.Stat(); err == nil && info.Mode().IsRegular() && !o.add {
		if err := o.file.Truncate(0); err != nil {
			return nil, &OutputError{File: o.name(), Done: true, Err: err}
		}
	}
	return o.file, nil
}

// until calls back a write that waits for the reader of a pipe, once ctx ends.
func (o *resultFile) until(ctx context.Context) (stop func()) {
	if o == nil {
		return func() {}
	}
	return deadline(ctx, o.file)
}

func (o *resultFile) close() error {
	if o == nil || o.shut {
		return nil
	}
	o.shut = true
	if err := o.file.Close(); err != nil {
		return &OutputError{File: o.name(), Done: true, Err: err}
	}
	return nil
}

func (o *resultFile) name() string {
	if o == nil {
		return ""
	}
	return o.file.Name()
}

// OutputError says that a result could not be written.
type OutputError struct {
	File string // that was named in the line; empty for stdout
	Done bool   // the result is that of a command, which was done
	Err  error
}

func (e *OutputError) Error() string { return fmt.Sprintf("cannot write the result: %v", e.Err) }

// Unwrap returns the cause.
func (e *OutputError) Unwrap() error { return e.Err }
