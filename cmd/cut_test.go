package cmd_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

const (
	statusReply = `{"status": "running"}`
	nameReply   = `{"name": "vm1"}`
)

// cutCase is a conversation that is cut after each byte of what the server says.
type cutCase struct {
	name  string
	args  []string
	stdin string
	// parts are what the server does, each up to the end of one message.
	parts []Step
	// session is how many parts make a session: fewer end with 3, more with 5,
	// and all with 0.
	session int
	// results says which parts make which line of stdout, and events which make
	// one of stderr.
	results map[int]string
	events  map[int]string
	// failures are the errors that there may be while there is no session.
	failures []string
	// slack is by how many bytes the conversation may differ from run to run.
	slack int
}

func cutCases() []cutCase {
	qmpFailures := []string{"GreetingError", "NegotiationError"}
	return []cutCase{{
		name:    "exec",
		args:    []string{"exec", "query-status"},
		session: 2, failures: qmpFailures,
		parts: []Step{
			Greet(),
			Steps(Expect("qmp_capabilities"), Reply("{}")),
			Steps(Expect("query-status"), Event("STOP", `{"a": [1]}`)),
			Reply(statusReply),
		},
		results: map[int]string{3: statusReply},
	}, {
		name:    "script",
		args:    []string{"connect"},
		stdin:   "query-status\n# second\nquery-name\n",
		session: 3, failures: qmpFailures,
		parts: []Step{
			Greet(),
			Steps(Expect("qmp_capabilities"), Event("EARLY", "")),
			Reply("{}"),
			Steps(Expect("query-status"), Event("STOP", `{"a": [1]}`)),
			Reply(statusReply),
			Event("RESUME", ""),
			Steps(Expect("query-name"), Reply(nameReply)),
		},
		results: map[int]string{4: statusReply, 6: nameReply},
		events:  map[int]string{1: "EARLY", 3: "STOP", 5: "RESUME"},
	}, {
		name:    "pretty script",
		args:    []string{"connect", "--keep-going"},
		stdin:   "query-status\nquery-name",
		session: 2, failures: qmpFailures,
		parts: []Step{
			Steps(Pretty(), Greet()),
			Steps(Expect("qmp_capabilities"), Reply("{}")),
			Steps(Expect("query-status"), Reply(statusReply)),
			Steps(Expect("query-name"), Reply(nameReply)),
		},
		results: map[int]string{2: statusReply, 3: nameReply},
	}, {
		name:    "agent",
		args:    []string{"exec", "--agent", "guest-ping"},
		session: 1,
		parts: []Step{
			AgentSync(),
			Steps(Expect("guest-ping"), Reply("{}")),
		},
		results:  map[int]string{1: "{}"},
		failures: []string{"AgentSyncError"},
		slack:    4, // the synchronisation sends a random number
	}}
}

// A connection that is lost after any byte ends with 3 while there is no session
// and with 5 later. What arrived before that is shown, nothing hangs, and no
// goroutine is left.
func TestConnectionCutAtEveryByte(t *testing.T) {
	for _, c := range cutCases() {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(Dir(t), "qmp.sock")
			var cut atomic.Int64
			ends := make([]int, len(c.parts)) // in bytes, of each part of the conversation
			measured := make(chan struct{})
			serve(t, "unix", path, serviceFunc(func(ctx context.Context, conn net.Conn) error {
				counted := &countedConn{Conn: conn}
				script := Scenario{func(context.Context, *Peer) error { return nil }}
				if n := cut.Load(); n >= 0 {
					script[0] = CutAfter(int(n))
				}
				for i, part := range c.parts {
					script = append(script, part)
					if cut.Load() < 0 {
						script = append(script, func(context.Context, *Peer) error {
							ends[i] = counted.n
							return nil
						})
					}
				}
				if cut.Load() < 0 {
					script = append(script, tell(measured))
				}
				return append(script, ExpectEnd()).Serve(ctx, counted)
			}))
			args := append([]string{"-s", path}, c.args...)

			cut.Store(-1)
			run(t, c.stdin, args...).must(t, 0)
			<-measured
			total := ends[len(ends)-1]
			existing := goleak.IgnoreCurrent() // the listener
			step := 1
			if testing.Short() {
				step = 7
			}
			for n := 0; n <= total; n += step {
				cut.Store(int64(n))
				r := run(t, c.stdin, args...)
				err := c.check(n, ends, r)
				if err == nil {
					err = goleak.Find(existing)
				}
				if err != nil {
					t.Fatalf("cut after %d of %d bytes: %v", n, total, err)
				}
			}
		})
	}
}

// check judges a run that was cut after n bytes, where the parts of the uncut
// conversation end at ends.
func (c *cutCase) check(n int, ends []int, r result) error {
	var err error
	for d := -c.slack; d <= c.slack; d++ {
		if err = c.judge(n+d, ends, r); err == nil {
			return nil
		}
	}
	return err
}

func (c *cutCase) judge(n int, ends []int, r result) error {
	whole := 0
	for whole < len(ends) && n >= ends[whole]-c.lineEnd(whole) {
		whole++
	}
	code, out := 0, ""
	switch {
	case whole < c.session:
		code = 3
	case whole < len(ends):
		code = 5
	}
	for part := range whole {
		if line, ok := c.results[part]; ok {
			out += line + "\n"
		}
		// When a write meets the closed connection first, the engine stops reading:
		// events that the system holds already are not seen then.
		if word := c.events[part]; !strings.Contains(r.err, word) && whole >= c.session && !strings.Contains(r.err, "EPIPE") {
			return fmt.Errorf("the event %s is lost: %v", word, r)
		}
	}
	said := func(failure string) bool { return strings.Contains(r.err, "  | "+failure+": ") }
	switch {
	case r.code != code, r.out != out:
		return fmt.Errorf("want exit code %d and stdout %q, got %v", code, out, r)
	case code == 3 && !(said("ConnectError") && slices.ContainsFunc(c.failures, said)):
		return fmt.Errorf("want one of %q, got %v", c.failures, r)
	case code == 5 && !said("InterruptedError"):
		return fmt.Errorf("want an InterruptedError, got %v", r)
	case code == 0 && strings.Contains(r.err, "Error"):
		return fmt.Errorf("want no error, got %v", r)
	}
	return nil
}

// lineEnd is the length of what ends a part but is not needed to understand it.
func (c *cutCase) lineEnd(part int) int {
	if c.name == "agent" && part == 0 {
		return len("\n")
	}
	return len("\r\n")
}

// A TCP connection that is reset, not closed.
func TestConnectionReset(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []Step
		code  int
	}{
		"before the greeting":    {[]Step{Reset()}, 3},
		"behind the greeting":    {[]Step{Greet(), Reset()}, 3},
		"in the negotiation":     {[]Step{Greet(), Expect("qmp_capabilities"), Reset()}, 3},
		"behind the negotiation": {[]Step{Negotiate(), Reset()}, 5},
		"before the reply":       {[]Step{Negotiate(), Expect("query-status"), Reset()}, 5},
		"in the reply":           {[]Step{Negotiate(), Expect("query-status"), Send(`{"return": `), Reset()}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := serve(t, "tcp", "127.0.0.1:0", Scenario(c.steps))
			execAt(t, l.Addr().String()).must(t, c.code).prints(t, "")
			run(t, "query-status\n", "connect", l.Addr().String()).must(t, c.code).prints(t, "")
		})
	}
}

// serviceFunc makes a peer of a function.
type serviceFunc func(context.Context, net.Conn) error

func (f serviceFunc) Serve(ctx context.Context, conn net.Conn) error { return f(ctx, conn) }

// countedConn counts the bytes written.
type countedConn struct {
	net.Conn
	n int
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.n += n
	return n, err
}
