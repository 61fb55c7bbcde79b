package run

import (
	"bytes"
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
// object's keys come sorted, as jq has it.
func (f Filter) run(ctx context.Context, value json.RawMessage, out func(json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	var in any
	if err := d.Decode(&in); err != nil {
		return &FilterError{err}
	}
	results := f.code.RunWithContext(ctx, in)
	for {
		v, more := results.Next()
		if !more {
			return nil
		}
		if err, failed := v.(error); failed {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if halt, ok := err.(*gojq.HaltError); ok && halt.Value() == nil {
				return nil
			}
			return &FilterError{err}
		}
		raw, err := gojq.Marshal(v)
		if err != nil {
			return &FilterError{fmt.Errorf("its result cannot be written: %w", err)}
		}
		if err := out(raw); err != nil {
			return err
		}
	}
}
