package cmd_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// One signal ends qmpsh in every phase, with its number in the code and no heap of
// goroutines on stderr.
func TestSignalsInEveryPhase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []Step
		args  []string
		fate  string
	}{
		"greeting":    {[]Step{}, []string{"exec", "query-status"}, ""},
		"negotiation": {[]Step{Greet(), Expect("qmp_capabilities")}, []string{"exec", "query-status"}, ""},
		"agent":       {[]Step{}, []string{"exec", "--agent", "guest-ping"}, ""},
		"command":     {[]Step{Negotiate(), Expect("query-status")}, []string{"exec", "query-status"}, mayRun},
		"schema":      {[]Step{Negotiate(), Expect("query-qmp-schema")}, []string{"exec", "device_del", "id=1"}, "; the command was not sent"},
		"script":      {[]Step{Negotiate()}, []string{"connect"}, ""},
	} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
			t.Run(name+" "+sig.String(), func(t *testing.T) {
				t.Parallel()
				if sig == syscall.SIGHUP {
					needHangUp(t)
				}
				there := make(chan struct{})
				path := listen(t, append(c.steps, tell(there), Silence())...)
				r := signalAt(t, sig, at(there), append([]string{"-s", path}, c.args...)...).must(t, 128+int(sig))
				what := "ended by signal: " + sig.String()
				if sig == syscall.SIGINT {
					what = "interrupted"
				}
				if r.err != "qmpsh: "+what+c.fate+"\n" {
					t.Errorf("want one line that says %q, got %v", what+c.fate, r)
				}
			})
		}
	}
}

// A signal while qmpsh waits for QEMU leaves no socket behind.
func TestSignalsWhileListening(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(sig.String(), func(t *testing.T) {
			if sig == syscall.SIGHUP {
				needHangUp(t)
			}
			path := filepath.Join(Dir(t), "qmp.sock")
			listening := func(_, stderr *buffer) bool { return strings.Contains(stderr.String(), "qmpsh: listening on ") }
			signalAt(t, sig, listening, "connect", "--listen", path).must(t, 128+int(sig))
			if _, err := os.Stat(path); err == nil {
				t.Error("the socket's file is left")
			}
		})
	}
}

// A write that nobody reads cannot be called back: one Ctrl-C ends it all the same, also
// when stderr is the same pipe.
func TestInterruptAWriteThatNobodyReads(t *testing.T) {
	t.Parallel()
	for _, both := range []bool{false, true} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer read.Close()
		c := child(t, nil, "exec", "-s", "demo:", "query-qmp-schema")
		var stderr buffer
		c.Stdout, c.Stderr = write, &stderr
		if both {
			c.Stderr = write
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		write.Close()
		full := make([]byte, 1)
		if _, err := io.ReadFull(read, full); err != nil { // it has begun to write
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		begin := time.Now()
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		ended(t, c, &buffer{}, &stderr).must(t, 130)
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
	}
}

// One Ctrl-C ends a calculation that does not look up.
func TestInterruptALongFilter(t *testing.T) {
	t.Parallel()
	there := make(chan struct{})
	path := listen(t, Negotiate(), Expect("query-status"), Reply("{}"), tell(there), ExpectEnd())
	begin := time.Now()
	r := signalAt(t, syscall.SIGINT, at(there), "exec", "-s", path, `query-status | ("x" * 60000000) | test("(x+x+)+y")`).must(t, 130)
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %v: %v", took, r)
	}
}

// signalAt is interruptAt for any signal, without a stdin that ends.
func signalAt(t *testing.T, sig syscall.Signal, reached func(stdout, stderr *buffer) bool, args ...string) result {
	t.Helper()
	c := child(t, nil, args...)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, stderr buffer
	c.Stdout, c.Stderr = &out, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return reached(&out, &stderr) })
	if err := c.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	return ended(t, c, &out, &stderr)
}

// In the shell Ctrl-C ends such a write too, and only that.
func TestShellCtrlCEndsAWriteThatNobodyReads(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	s := openTTY(t, Dir(t), func(c *exec.Cmd) { c.Stdout = write }, "connect", "demo:")
	write.Close()
	s.shows("(demo) ")
	s.types("query-qmp-schema\r")
	if _, err := io.ReadFull(read, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	s.types("\x03")
	s.shows("stopped; query-qmp-schema was done, but its result is not whole", "(demo) ")
	go func() { _, _ = io.Copy(io.Discard, read) }()
	s.types("\x04")
	if code := s.leaves(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
