package cmd_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/qmpsh/qmpsh/cmd"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// TestMain makes the test binary serve as qmpsh too: while the tests run, the
// first folder of PATH holds a copy of it by that name.
func TestMain(m *testing.M) {
	testscript.Main(checked{m}, map[string]func(){
		"qmpsh": func() {
			os.Exit(cmd.Main(os.Args[1:], cmd.System{
				In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
			}))
		},
	})
}

// checked runs the tests and then looks for goroutines that they left.
type checked struct{ m *testing.M }

func (c checked) Run() int {
	// A process of the race detector's else sleeps a second before it ends.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	// What is kept of the QEMU here is the user's own affair.
	cache, err := os.MkdirTemp("", "qmpsh")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(cache)
	os.Setenv("XDG_CACHE_HOME", cache)
	qmptest.ManyAtOnce()
	code := c.m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "after all tests:", err)
			return 1
		}
	}
	return code
}
