package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// D14: what is poured stops within a screenful once its context has ended, with the colour off;
// what is short comes whole.
func TestPourStops(t *testing.T) {
	r := newRig(t, Config{})
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	total := 0
	err := r.Pour(ctx, func(w io.Writer) error {
		for n := 0; ; n++ {
			if n == 10 {
				cancel(stopped)
				total = len(r.out.String())
			}
			if _, err := fmt.Fprintf(w, "line %d \x1b[31m%s\n", n, strings.Repeat("x", 40_000)); err != nil {
				return err
			}
		}
	})
	got := r.out.String()
	if !errors.Is(err, stopped) || total < 400_000 || len(got)-total > pourSize+10 {
		t.Errorf("%v; %d bytes came, and %d more behind the end", err, total, len(got)-total)
	}
	if strings.Contains(got, "\x1b[31m") {
		t.Error("it is not clean")
	}
	short := newRig(t, Config{})
	err = short.Pour(ctx, func(w io.Writer) error { _, err := io.WriteString(w, "short\n"); return err })
	if err != nil || short.out.String() != "short\n" {
		t.Errorf("got %q, %v", short.out, err)
	}
}
