package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

func TestFilterMakesResults(t *testing.T) {
	const result = `[{"b": 18446744073709551615, "a": "x\u0007"}, {"b": 1.50, "a": null}]`
	for program, want := range map[string][]string{
		"":                             {result},
		"| .[].a":                      {`"x\u0007"`, "null"},
		"| .[].b":                      {"18446744073709551615", "1.50"},
		"| .[0]":                       {`{"a":"x\u0007","b":18446744073709551615}`},
		"| empty":                      nil,
		"| length":                     {"2"},
		"| .[1].b + 1":                 {"2.5"},
		`| .[0] | .c`:                  {"null"},
		"| 1, halt, 2":                 {"1"},
		"| [.[] | .b]":                 {"[18446744073709551615,1.50]"},
		"| \"\\(.[0].b)\" # a comment": {`"18446744073709551615"`},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, replies{"q": result})
			if err := b.run("q " + program); err != nil {
				t.Errorf("%s: %v", program, err)
			}
			wantEqual(t, program, b.results, want)
			b.sends("q")
		})
	}
}

// What comes before a filter fails is written; the command was done.
func TestFilterFails(t *testing.T) {
	for program, want := range map[string]int{".[0]": 0, "1, (.a | error)": 1, ".a.b": 0, `"x" | halt_error`: 0} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, replies{"q": `{"a": 1}`})
			err := b.run("q | " + program)
			var failed *FilterError
			if !errors.As(err, &failed) || !strings.HasPrefix(err.Error(), "the filter: ") {
				t.Errorf("%s: %v", program, err)
			}
			wantEqual(t, program, len(b.results), want)
			b.sends("q")
		})
	}
}

func TestFilterThatDoesNotCompile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		for _, program := range []string{".[", "nosuch", "$x", "."} {
			err := b.run("query-block  | " + program)
			var fault *cmdline.Error
			if program == "." {
				if err != nil {
					t.Error(err)
				}
				continue
			}
			if !errors.As(err, &fault) || fault.Column != 16 || !strings.HasPrefix(fault.Msg, "the filter does not compile: ") {
				t.Errorf("%s: %+v", program, err)
			}
		}
		b.sends("query-block")
	})
}

func TestFilterOfTheFlagIsForStatementsWithoutOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, replies{"q": `{"a": 1, "b": 2}`})
		var err error
		if b.Filter, err = CompileFilter(".a"); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"q", "q | .b"} {
			if err := b.run(line); err != nil {
				t.Error(err)
			}
		}
		wantEqual(t, "results", b.results, []string{"1", "2"})
	})
}

// A filter that never ends is ended with its command.
func TestFilterIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		b.Executed = func(string) { cancel(errStopped) }
		if err := b.Execute(ctx, statement(t, "q | def f: f; f")); !errors.Is(err, errStopped) {
			t.Errorf("%v", err)
		}
		b.sends("q")
	})
}

// So is one that does not look up from its calculation: this one takes two seconds.
func TestFilterThatCannotBeCalledBackIsLeft(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	f, err := CompileFilter(`("x" * 8000000) | test("(x+x+)+y")`)
	if err != nil {
		t.Fatal(err)
	}
	goesOn := func() bool {
		stacks := make([]byte, 1<<20)
		return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("regexp."))
	}
	go func() {
		for !goesOn() && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		cancel(errStopped)
	}()
	err = f.run(ctx, []byte("null"), func(json.RawMessage) error { return nil })
	if left := goesOn(); !errors.Is(err, errStopped) || !left {
		t.Errorf("%v; it goes on by itself: %v", err, left)
	}
	for goesOn() {
		time.Sleep(10 * time.Millisecond)
	}
}

func TestOutputGoesToTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.json")
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, replies{"q": `{"a": [1, 2]}`, "no": "!GenericError no"})
		b.Schemas = NoSchema() // these commands are in none
		for _, step := range []struct {
			line, want string
			fails      bool
		}{
			{"q > '%'", `{"a": [1, 2]}` + "\n", false},
			{"q >> '%'", `{"a": [1, 2]}` + "\n" + `{"a": [1, 2]}` + "\n", false},
			{"q | .a[] > %", "1\n2\n", false},
			{"no > '%'", "1\n2\n", true},
			{"no >> '%'", "1\n2\n", true},
			{"q | .[ > %", "1\n2\n", true},
			{"q | .a.x > %", "1\n2\n", true},
			{"q | .a[0], .a.x > %", "1\n2\n", true},
			{"q | .a.x >> %", "1\n2\n", true},
		} {
			line := strings.ReplaceAll(step.line, "%", file)
			if err := b.run(line); (err != nil) != step.fails {
				t.Errorf("%s: %v", step.line, err)
			}
			content, err := os.ReadFile(file)
			if err != nil || string(content) != step.want {
				t.Errorf("%s: the file holds %q, %v; want %q", step.line, content, err, step.want)
			}
		}
		if b.results != nil {
			t.Errorf("stdout got %q", b.results)
		}
	})
}

// A command that fails leaves no file behind that was not there.
func TestOutputOfAFailedCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, replies{"no": "!GenericError no"})
		path := filepath.Join(t.TempDir(), "new")
		for _, line := range []string{"no > '" + path + "'", "no >> '" + path + "'"} {
			if err := b.run(line); err == nil {
				t.Errorf("%s: no error", line)
			}
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: the file: %v", line, err)
			}
		}
	})
}

// A file that cannot be written is found before the command is sent.
func TestOutputThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		dir := t.TempDir()
		for _, line := range []string{"q > " + dir, "q >> " + dir + "/no/such", "q | .x > " + dir + "/no/such"} {
			var fault *cmdline.Error
			if err := b.run(line); !errors.As(err, &fault) || fault.Offset != strings.LastIndex(line, " ")+1 {
				t.Errorf("%s: %v", line, err)
			}
		}
		b.sends()
		var output *OutputError
		if err := b.run("q > /dev/full"); !errors.As(err, &output) {
			t.Errorf("a full disk: %v", err)
		}
		b.sends("q")
		if err := b.run("q > /dev/null"); err != nil {
			t.Errorf("a device: %v", err)
		}
	})
}
