package cmd_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// interruptAt starts qmpsh, waits until it has come to some point, sends it the
// signal of Ctrl-C and returns how it ended. With open, its stdin stays open
// behind what it gets.
func interruptAt(t *testing.T, stdin string, open bool, reached func(stdout, stderr *buffer) bool, args ...string) result {
	t.Helper()
	c := child(t, nil, args...)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, stderr buffer
	c.Stdout, c.Stderr = &out, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, stdin); err != nil {
		t.Fatal(err)
	}
	if !open {
		in.Close()
	}
	eventually(t, func() bool { return reached(&out, &stderr) })
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	return ended(t, c, &out, &stderr)
}

// eventually waits until something is so.
func eventually(t testing.TB, reached func() bool) {
	t.Helper()
	for limit := time.Now().Add(hangLimit); !reached(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("it never came to that point")
		}
	}
}

// at reports whether a scripted peer has closed the channel.
func at(c <-chan struct{}) func(_, _ *buffer) bool {
	return func(_, _ *buffer) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
}

// mayRun is what follows when a command was under way.
const mayRun = "; the command was sent, and the server may still do it"

// interrupted checks that one line says so, and what became of the command.
func interrupted(t *testing.T, r result, fate string) {
	t.Helper()
	r.must(t, 130)
	if !strings.HasSuffix(r.err, "interrupted"+fate+"\n") || strings.Contains(r.err, "  | ") || strings.Contains(r.err, "hint:") {
		t.Errorf("want one line that says so, got %v", r)
	}
}

func TestInterruptWhileDialling(t *testing.T) {
	t.Parallel()
	address := fullTCP(t)
	_, port, _ := net.SplitHostPort(address)
	var n int
	fmt.Sscan(port, &n)
	dialling := fmt.Sprintf(" 0100007F:%04X 02 ", n) // remote address, state SYN_SENT
	r := interruptAt(t, "", true, func(_, _ *buffer) bool {
		table, err := os.ReadFile("/proc/net/tcp")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(table), dialling)
	}, "exec", "-s", address, "query-status")
	interrupted(t, r, "")
}

func TestInterruptWhileAwaitingGreeting(t *testing.T) {
	t.Parallel()
	there := make(chan struct{})
	path := listen(t, tell(there), Silence())
	interrupted(t, interruptAt(t, "", true, at(there), "exec", "-s", path, "query-status"), "")
}

func TestInterruptWhileNegotiating(t *testing.T) {
	t.Parallel()
	there := make(chan struct{})
	path := listen(t, Greet(), Expect("qmp_capabilities"), tell(there), Silence())
	interrupted(t, interruptAt(t, "query-status\n", true, at(there), "connect", path), "")
}

func TestInterruptWhileSynchronising(t *testing.T) {
	t.Parallel()
	there := make(chan struct{})
	path := listen(t, tell(there), Silence())
	interrupted(t, interruptAt(t, "", true, at(there), "exec", "--agent", "-s", path, "guest-ping"), "")
}

func TestInterruptPendingCommand(t *testing.T) {
	t.Parallel()
	there := make(chan struct{})
	path := listen(t, Negotiate(), Expect("query-status"), tell(there), Silence())
	interrupted(t, interruptAt(t, "", true, at(there), "exec", "-s", path, "query-status"), mayRun)
}

func TestInterruptPendingCommandOfScript(t *testing.T) {
	t.Parallel()
	there := make(chan struct{})
	path := listen(t, Negotiate(), Expect("a"), Reply("1"), Expect("b"), tell(there), Silence())
	r := interruptAt(t, "a\nb\nc\n", false, at(there), "connect", "--keep-going", path)
	interrupted(t, r.prints(t, "1\n"), mayRun)
	if want := "qmpsh: stdin:2: interrupted" + mayRun + "\n"; r.err != want {
		t.Errorf("want %q, got %v", want, r)
	}
}

func TestInterruptScriptThatWaitsForStdin(t *testing.T) {
	t.Parallel()
	path := listen(t, Negotiate(), Expect("a"), Reply("1"), ExpectEnd())
	printed := func(out, _ *buffer) bool { return out.String() == "1\n" }
	interrupted(t, interruptAt(t, "a\n", true, printed, "connect", path), "")
}

func TestInterruptWhileListening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(Dir(t), "qmp.sock")
	listening := func(_, stderr *buffer) bool {
		return strings.Contains(stderr.String(), "qmpsh: listening on unix:"+path+" for QEMU to connect\n")
	}
	interrupted(t, interruptAt(t, "", true, listening, "connect", "--listen", path), "")
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket's file is left")
	}
}

// A server that reads nothing, with more to send than the system keeps for it.
func TestInterruptWhileSending(t *testing.T) {
	t.Parallel()
	there := make(chan struct{})
	path := listen(t, Negotiate(), tell(there), Stall())
	script := "x a=" + strings.Repeat("y", 4<<20) + "\n"
	interruptAt(t, script, true, at(there), "connect", path).must(t, 130).says(t, "interrupted")
}
