package qmpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// talk is a client that sends raw bytes and compares raw lines.
type talk struct {
	t    *testing.T
	conn net.Conn
	got  chan string // whole messages as they come
	end  chan error  // how Serve ended
}

// serve runs s at the other end of a pipe, inside a synctest bubble.
func serve(t *testing.T, s Service) *talk {
	t.Helper()
	client, server := net.Pipe()
	k := &talk{t: t, conn: client, got: make(chan string, 1000), end: make(chan error, 1)}
	go func() { k.end <- s.Serve(t.Context(), server) }()
	go func() {
		defer close(k.got)
		var buf []byte
		p := make([]byte, 4096)
		for {
			n, err := client.Read(p)
			buf = append(buf, p[:n]...)
			for {
				line, rest, ok := strings.Cut(string(buf), "\n")
				if !ok {
					break
				}
				k.got <- strings.TrimSuffix(line, "\r")
				buf = []byte(rest)
			}
			if err != nil {
				if len(buf) > 0 {
					k.got <- string(buf)
				}
				return
			}
		}
	}()
	t.Cleanup(func() { client.Close() })
	return k
}

func (k *talk) send(text string) {
	k.t.Helper()
	if _, err := io.WriteString(k.conn, text); err != nil {
		k.t.Fatal(err)
	}
}

// lines returns what has come so far.
func (k *talk) lines() []string {
	k.t.Helper()
	synctest.Wait()
	var all []string
	for {
		select {
		case line, ok := <-k.got:
			if !ok {
				return all
			}
			all = append(all, line)
		default:
			return all
		}
	}
}

// expect compares what has come since with want, in order.
func (k *talk) expect(want ...string) {
	k.t.Helper()
	got := k.lines()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		k.t.Fatalf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// ask sends one message and compares what comes.
func (k *talk) ask(text string, want ...string) {
	k.t.Helper()
	k.send(text + "\n")
	k.expect(want...)
}

func (k *talk) close() error {
	k.conn.Close()
	return <-k.end
}

const (
	testGreeting = `{"QMP": {"version": {"qemu": {"micro": 3, "minor": 2, "major": 7}, "package": "test"}, "capabilities": ["oob"]}}`
	needsCaps    = `"error": {"class": "CommandNotFound", "desc": "Expecting capabilities negotiation with 'qmp_capabilities'"}}`
)

func testServer() *Server {
	commands := Commands{
		"query-x": {Run: func(context.Context, *Session, qmp.Command) (any, error) { return json.RawMessage(`{"x":1}`), nil }},
		"echo":    {Run: func(_ context.Context, _ *Session, c qmp.Command) (any, error) { return c.Arguments, nil }},
		"nothing": {Run: func(context.Context, *Session, qmp.Command) (any, error) { return nil, nil }},
		"fail":    {Run: func(context.Context, *Session, qmp.Command) (any, error) { return nil, errors.New("it broke") }},
		"gone": {Run: func(context.Context, *Session, qmp.Command) (any, error) {
			return nil, fmt.Errorf("wrapped: %w", &Error{DeviceNotFound, "Device 'd' not found"})
		}},
		"slow": {Run: func(ctx context.Context, _ *Session, _ qmp.Command) (any, error) {
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
			}
			return "slow", nil
		}},
		"fast": {OOB: true, Run: func(context.Context, *Session, qmp.Command) (any, error) { return "fast", nil }},
		"bye": {Run: func(_ context.Context, s *Session, _ qmp.Command) (any, error) {
			s.Event("SHUTDOWN", nil)
			s.CloseAfterReply()
			return nil, nil
		}},
	}
	return &Server{
		Version: qmp.Version{Major: 7, Minor: 2, Micro: 3, Package: "test"},
		OOB:     true,
		Lookup:  commands.Lookup,
		Now:     func() time.Time { return time.Unix(1700000000, 5000) },
	}
}

func TestConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := serve(t, testServer())
		k.expect(testGreeting)
		k.ask(`{"execute": "query-x", "id": 1}`, `{"id": 1, `+needsCaps)
		k.ask(`{"execute": "qmp_capabilities", "id": [2]}`, `{"return": {}, "id": [2]}`)
		k.ask(`{"execute": "query-x"}`, `{"return": {"x":1}}`)
		k.ask(`{"execute": "echo", "arguments": {"a": 1.50}, "id": 12345678901234567890123}`,
			`{"return": {"a": 1.50}, "id": 12345678901234567890123}`)
		k.ask(`{"execute": "nothing"}`, `{"return": {}}`)
		k.ask(`{"execute": "fail"}`, `{"error": {"class": "GenericError", "desc": "it broke"}}`)
		k.ask(`{"execute": "gone"}`, `{"error": {"class": "DeviceNotFound", "desc": "Device 'd' not found"}}`)
		k.ask(`{"execute": "<none>", "id": "a"}`,
			`{"id": "a", "error": {"class": "CommandNotFound", "desc": "The command <none> has not been found"}}`)
		if err := k.close(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// negotiated starts s and negotiates; oob says with what.
func negotiated(t *testing.T, s Service, oob bool) *talk {
	t.Helper()
	k := serve(t, s)
	if len(k.lines()) != 1 {
		t.Fatal("no greeting")
	}
	enable := ""
	if oob {
		enable = `"oob"`
	}
	k.ask(`{"execute": "qmp_capabilities", "arguments": {"enable": [`+enable+`]}}`, `{"return": {}}`)
	return k
}

func TestNegotiationErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		s.OOB = false
		k := serve(t, s)
		k.expect(strings.Replace(testGreeting, `["oob"]`, `[]`, 1))
		refuse := func(text, desc string) {
			t.Helper()
			k.ask(text, `{"error": {"class": "GenericError", "desc": "`+desc+`"}}`)
		}
		refuse(`{"exec-oob": "query-x"}`, "QMP input member 'exec-oob' is unexpected")
		refuse(`{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}`, "Capability oob not available")
		refuse(`{"execute": "qmp_capabilities", "arguments": {"enable": ["x"]}}`, "Parameter 'null' does not accept value 'x'")
		refuse(`{"execute": "qmp_capabilities", "arguments": {"enable": [1]}}`, "Invalid parameter type for 'enable[0]', expected: string")
		refuse(`{"execute": "qmp_capabilities", "arguments": {"enable": 1}}`, "Invalid parameter type for 'enable', expected: array")
		k.ask(`{"execute": "qmp_capabilities"}`, `{"return": {}}`)
		k.ask(`{"execute": "qmp_capabilities", "id": 1}`, `{"id": 1, "error": {"class": "CommandNotFound", `+
			`"desc": "Capabilities negotiation is already complete, command ignored"}}`)
		refuse(`{"exec-oob": "fast"}`, "QMP input member 'exec-oob' is unexpected")
	})
}

// An out-of-band command overtakes one that is slow; in-band ones keep their order.
func TestQ6_OutOfBandOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := negotiated(t, testServer(), true)
		k.ask(`{"execute": "slow", "id": 1} {"execute": "query-x", "id": 2} {"exec-oob": "fast", "id": 3}`, `{"return": "fast", "id": 3}`)
		k.ask(`{"exec-oob": "query-x", "id": 4}`,
			`{"id": 4, "error": {"class": "GenericError", "desc": "The command query-x does not support OOB"}}`)
		k.ask(`{"exec-oob": "none", "id": 5}`,
			`{"id": 5, "error": {"class": "CommandNotFound", "desc": "The command none has not been found"}}`)
		time.Sleep(time.Minute)
		k.expect(`{"return": "slow", "id": 1}`, `{"return": {"x":1}, "id": 2}`)
	})
}

func TestEventsFromAnyGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		sessions := make(chan *Session, 1)
		s.Opened = func(se *Session) { sessions <- se }
		closed := false
		s.Closed = func(*Session) { closed = true }
		k := serve(t, s)
		k.expect(testGreeting)
		se := <-sessions
		if err := se.Event("EARLY", nil); err != nil || se.Ready() {
			t.Errorf("before negotiation: %v, ready %v", err, se.Ready())
		}
		k.ask(`{"execute": "qmp_capabilities"}`, `{"return": {}}`)
		for range 10 {
			go se.Event("TICK", map[string]string{"a": "<&>"})
		}
		const tick = `{"timestamp": {"seconds": 1700000000, "microseconds": 5}, "event": "TICK", "data": {"a": "<&>"}}`
		want := []string{}
		for range 10 {
			want = append(want, tick)
		}
		k.expect(want...)
		if err := k.close(); err != nil || !closed {
			t.Errorf("Serve: %v, Closed called: %v", err, closed)
		}
		if se.Event("LATE", nil) == nil {
			t.Error("an event of a session that is over was taken")
		}
	})
}

func TestQ4_PrettyServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		s.Pretty = true
		k := serve(t, s)
		k.lines()
		k.ask(`{"execute": "qmp_capabilities", "id": "x"}`, "{", `    "return": {},`, `    "id": "x"`, "}")
	})
}

func TestQ12_AgentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		s.Agent = true
		k := serve(t, s)
		k.expect()
		k.ask(`{"execute": "query-x"}`, `{"return": {"x":1}}`)
		k.ask(`{"execute": "que`+"\xFF"+`{"execute": "guest-sync-delimited", "arguments": {"id": 7}}`,
			`{"error": {"class": "GenericError", "desc": "JSON parse error, stray '\"que\ufffd'"}}`, "\xFF"+`{"return": 7}`)
		k.ask(`{"execute": "guest-sync", "arguments": {"id": 8}, "id": 1}`, `{"return": 8, "id": 1}`)
		k.ask(`{"execute": "guest-sync"}`, `{"error": {"class": "GenericError", "desc": "Parameter 'id' is missing"}}`)
		k.ask(`{"execute": "qmp_capabilities"}`,
			`{"error": {"class": "CommandNotFound", "desc": "The command qmp_capabilities has not been found"}}`)
	})
}

// QEMU ends its lines with CR and LF, qemu-ga with LF alone.
func TestLineEnds(t *testing.T) {
	for _, agent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := testServer()
			s.Agent = agent
			client, server := net.Pipe()
			go s.Serve(t.Context(), server)
			go io.WriteString(client, `{"execute": "none"}`)
			p := make([]byte, 1000)
			n, err := io.ReadAtLeast(client, p, 50)
			if got := string(p[max(n-2, 0):n]); err != nil || (got == "\r\n") == agent || got[1] != '\n' {
				t.Errorf("agent %v: a message ends with %q, %v", agent, got, err)
			}
			client.Close()
		})
	}
}
