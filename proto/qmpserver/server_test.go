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
				line, rest, ok := strings.Cut(string(buf), "\r\n")
				if !ok {
					break
				}
				k.got <- line
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
	testGreeting  = `{"QMP": {"version": {"qemu": {"micro": 3, "minor": 2, "major": 7}, "package": "test"}, "capabilities": ["oob"]}}`
	needsNegotiat = `"error": {"class": "CommandNotFound", "desc": "Expecting capabilities negotiation with 'qmp_capabilities'"}}`
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
		k.ask(`{"execute": "query-x", "id": 1}`, `{"id": 1, `+needsNegotiat)
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
