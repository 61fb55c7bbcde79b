package cmd_test

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	. "github.com/qmpsh/qmpsh/proto/qmpserver"
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
}

func cutCases() []cutCase {
	return []cutCase{{
		name:    "exec",
		args:    []string{"exec", "query-status"},
		session: 2,
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
		session: 3,
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
		session: 2,
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
		results: map[int]string{1: "{}"},
	}}
}

// A connection that is lost after any byte ends with 3 while there is no session
// and with 5 later. What arrived before that is shown, nothing hangs, and no
// goroutine is left.
func TestConnectionCutAtEveryByte(t *testing.T) {
	for _, c := range cutCases() {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(qmptest.Dir(t), "qmp.sock")
			var cut atomic.Int64
			ends := make([]int, len(c.parts)) // in bytes, of each part of the conversation
			measured := make(chan struct{})
			serve(t, "unix", path, serviceFunc(func(ctx context.Context, conn net.Conn) error {
				counted := &countedConn{Conn: conn}
				script := Script{func(context.Context, *Peer) error { return nil }}
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
			for n := range total + 1 {
				cut.Store(int64(n))
				r := run(t, c.stdin, args...)
				c.check(t, n, ends, r)
				if err := goleak.Find(existing); err != nil {
					t.Errorf("cut after %d of %d bytes: %v", n, total, err)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// check judges a run that was cut after n bytes, where the parts of the uncut
// conversation end at ends.
func (c *cutCase) check(t *testing.T, n int, ends []int, r result) {
	t.Helper()
	whole := 0
	for whole < len(ends) && n >= ends[whole]-c.lineEnd(whole) {
		whole++
	}
	want, out := 0, ""
	switch {
	case whole < c.session:
		want = 3
	case whole < len(ends):
		want = 5
	}
	for part := range whole {
		if line, ok := c.results[part]; ok {
			out += line + "\n"
		}
		if word := c.events[part]; !strings.Contains(r.err, word) && whole >= c.session {
			t.Errorf("cut after %d bytes: the event %s is lost: %v", n, word, r)
		}
	}
	if r.code != want || r.out != out {
		t.Errorf("cut after %d bytes, %d whole messages: want exit code %d and stdout %q, got %v", n, whole, want, out, r)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.err, "qmpsh: "), ":")
	switch {
	case want == 3 && first != "GreetingError" && first != "NegotiationError" && first != "AgentSyncError" && first != "ConnectError":
		t.Errorf("cut after %d bytes: want an error of the connection, got %v", n, r)
	case want == 5 && !strings.Contains(r.err, "InterruptedError: the session ended before the reply"):
		t.Errorf("cut after %d bytes: want an InterruptedError, got %v", n, r)
	case want == 0 && strings.Contains(r.err, "Error"):
		t.Errorf("cut after %d bytes: want no error, got %v", n, r)
	}
}

// lineEnd is the length of what ends a part but is not needed to understand it.
func (c *cutCase) lineEnd(part int) int {
	if c.name == "agent" && part == 0 {
		return len("\n")
	}
	return len("\r\n")
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
