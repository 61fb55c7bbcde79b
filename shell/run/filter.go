package run

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/itchyny/gojq"
)

// Filter is a jq program for results. The zero value lets them pass as they are.
type Filter struct{ code *gojq.Code }

// CompileFilter compiles a jq program.
func CompileFilter(program string) (Filter, error) {
	query, err := gojq.Parse(program)
	if err != nil {
		return Filter{}, err
	}
	code, err := gojq.Compile(query)
	return Filter{code}, err
}

// FilterError is a filter that failed on a result. The command was done.
type FilterError struct{ Err error }

func (e *FilterError) Error() string { return "the filter: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FilterError) Unwrap() error { return e.Err }

// run sends value through the filter and hands out what comes, one value after the
// other. Numbers keep their digits unless the filter calculates with them; an
// object's keys come sorted, as jq has it. When ctx ends, run returns at once: a
// calculation of jq's that cannot be called back is left to end by itself.
func (f Filter) run(ctx context.Context, value json.RawMessage, out func(json.RawMessage) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	values := make(chan filtered, 16)
	go f.calculate(ctx, value, values)
	for {
		select {
		case <-ctx.Done():
			return &OutputError{Done: true, Err: context.Cause(ctx)}
		case v, more := <-values:
			switch {
			case !more:
				return nil
			case ctx.Err() != nil:
				return &OutputError{Done: true, Err: context.Cause(ctx)}
			case v.err != nil:
				return &FilterError{v.err}
			}
			if err := out(v.raw); err != nil {
				return err
			}
		}
	}
}

// filtered is a value that a filter made, or why it makes no more.
type filtered struct {
	raw json.RawMessage
	err error
}

// calculate sends what the filter makes of value, until that is all or ctx ends.
func (f Filter) calculate(ctx context.Context, value json.RawMessage, to chan<- filtered) {
	defer close(to)
	send := func(v filtered) {
		select {
		case to <- v:
		case <-ctx.Done():
		}
	}
	in, err := decode(value)
	if err != nil {
		send(filtered{err: err})
		return
	}
	results := f.code.RunWithContext(ctx, in)
	for ctx.Err() == nil {
		v, more := results.Next()
		if !more {
			return
		}
		if err, failed := v.(error); failed {
			if halt, ok := err.(*gojq.HaltError); !ok || halt.Value() != nil {
				send(filtered{err: err})
			}
			return
		}
		raw, err := gojq.Marshal(v)
		if err != nil {
			err = fmt.Errorf("its result cannot be written: %w", err)
		}
		send(filtered{raw, err})
	}
}
