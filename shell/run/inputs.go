package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// maxInput is the largest file that key=@file: takes, in bytes: QEMU's own limit
// for a message.
const maxInput = 64 << 20

// Inputs read the values that a statement takes from elsewhere.
type Inputs struct {
	// Getenv looks up an environment variable.
	Getenv func(string) (string, bool)
	// Secret asks the user for a value that must not be seen; nil where nobody can
	// be asked.
	Secret func(ctx context.Context, question string) (string, error)
}

// read returns the values of the statement's sources in their order. What cannot
// be read is a *cmdline.Error at the place that names it.
func (in *Inputs) read(ctx context.Context, st cmdline.Statement) ([]string, error) {
	values := make([]string, 0, len(st.Sources))
	for _, s := range st.Sources {
		value, err := in.one(ctx, s)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err == nil && !utf8.ValidString(value) {
			err = fmt.Errorf("%s: it is not UTF-8 text, which QMP cannot carry", s.Name)
		}
		if err != nil {
			return nil, st.ErrorAt(s.At, err.Error(), "")
		}
		values = append(values, value)
	}
	return values, nil
}

func (in *Inputs) one(ctx context.Context, s cmdline.Source) (string, error) {
	switch s.Kind {
	case cmdline.Env:
		value, ok := in.Getenv(s.Name)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set, or empty", s.Name)
		}
		return value, nil
	case cmdline.Prompt:
		if in.Secret == nil {
			return "", errors.New("@prompt needs a terminal to ask on; @file: and @env: do not")
		}
		value, err := in.Secret(ctx, s.Key)
		if errors.Is(err, io.EOF) {
			err = errors.New("nothing was typed")
		}
		return value, err
	}
	return readInput(ctx, s.Name)
}

// readInput reads a file, which may be a pipe that has no size.
func readInput(ctx context.Context, path string) (string, error) {
	f, err := openFile(ctx, path, os.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer f.Close()
	defer deadline(ctx, f)()
	content, err := io.ReadAll(io.LimitReader(f, maxInput+1))
	if len(content) > maxInput {
		return "", fmt.Errorf("%s has more than %d MiB", path, maxInput>>20)
	}
	return string(content), err
}
