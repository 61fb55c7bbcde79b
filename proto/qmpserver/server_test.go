package qmpserver_test

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
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

const (
	testGreeting = `{"QMP": {"version": {"qemu": {"micro": 3, "minor": 2, "major": 7}, "package": "test"}, "capabilities": ["oob"]}}`
	needsCaps    = `"error": {"class": "CommandNotFound", "desc": "Expecting capabilities negotiation with 'qmp_capabilities'"}}`
)

func testTime() time.Time { return time.Unix(1700000000, 5000) }

func testServer() *qmpserver.Server {
	commands := qmpserver.Handlers{
		"query-x": {Run: func(context.Context, *qmpserver.Conversation, qmp.Command) (any, error) {
			return json.RawMessage(`{"x":1}`), nil
		}},
		"echo": {Run: func(_ context.Context, _ *qmpserver.Conversation, c qmp.Command) (any, error) {
			return c.Arguments, nil
		}},
		"nothing": {Run: func(context.Context, *qmpserver.Conversation, qmp.Command) (any, error) { return nil, nil }},
		"fail": {Run: func(context.Context, *qmpserver.Conversation, qmp.Command) (any, error) {
			return nil, errors.New("it broke")
		}},
		"gone": {Run: func(context.Context, *qmpserver.Conversation, qmp.Command) (any, error) {
			return nil, fmt.Errorf("wrapped: %w", &qmpserver.Error{Class: qmpserver.DeviceNotFound, Desc: "Device 'd' not found"})
		}},
		"slow": {Run: func(ctx context.Context, _ *qmpserver.Conversation, _ qmp.Command) (any, error) {
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
			}
			return "slow", nil
		}},
		"fast": {OOB: true, Run: func(context.Context, *qmpserver.Conversation, qmp.Command) (any, error) { return "fast", nil }},
		"bye": {Run: func(_ context.Context, s *qmpserver.Conversation, _ qmp.Command) (any, error) {
			s.Event(qmpserver.MakeEvent(testTime(), "SHUTDOWN", nil))
			s.CloseAfterReply()
			return nil, nil
		}},
	}
	return &qmpserver.Server{
		Version: qmp.Version{Major: 7, Minor: 2, Micro: 3, Package: "test"},
		OOB:     true,
		Lookup:  commands.Lookup,
		Now:     testTime,
	}
}

func TestConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := qmptest.NewTalk(t, testServer())
		k.Expect(testGreeting)
		k.Ask(`{"execute": "query-x", "id": 1}`, `{"id": 1, `+needsCaps)
		k.Ask(`{"execute": "qmp_capabilities", "id": [2]}`, `{"return": {}, "id": [2]}`)
		k.Ask(`{"execute": "query-x"}`, `{"return": {"x":1}}`)
		k.Ask(`{"execute": "echo", "arguments": {"a": 1.50}, "id": 12345678901234567890123}`,
			`{"return": {"a": 1.50}, "id": 12345678901234567890123}`)
		k.Ask(`{"execute": "nothing"}`, `{"return": {}}`)
		k.Ask(`{"execute": "fail"}`, `{"error": {"class": "GenericError", "desc": "it broke"}}`)
		k.Ask(`{"execute": "gone"}`, `{"error": {"class": "DeviceNotFound", "desc": "Device 'd' not found"}}`)
		k.Ask(`{"execute": "<none>", "id": "a"}`,
			`{"id": "a", "error": {"class": "CommandNotFound", "desc": "The command <none> has not been found"}}`)
		if err := k.Close(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func TestNegotiationErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		s.OOB = false
		k := qmptest.NewTalk(t, s)
		k.Expect(strings.Replace(testGreeting, `["oob"]`, `[]`, 1))
		refuse := func(text, desc string) {
			t.Helper()
			k.Ask(text, `{"error": {"class": "GenericError", "desc": "`+desc+`"}}`)
		}
		refuse(`{"exec-oob": "query-x"}`, "QMP input member 'exec-oob' is unexpected")
		refuse(`{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}`, "Capability oob not available")
		refuse(`{"execute": "qmp_capabilities", "arguments": {"enable": ["x"]}}`, "Parameter 'enable' does not accept value 'x'")
		refuse(`{"execute": "qmp_capabilities", "arguments": {"enable": [1]}}`, "qmp_capabilities takes nothing but 'enable', an array of strings")
		refuse(`{"execute": "qmp_capabilities", "arguments": {"enable": 1}}`, "qmp_capabilities takes nothing but 'enable', an array of strings")
		k.Ask(`{"execute": "qmp_capabilities"}`, `{"return": {}}`)
		k.Ask(`{"execute": "qmp_capabilities", "id": 1}`, `{"id": 1, "error": {"class": "CommandNotFound", `+
			`"desc": "Capabilities negotiation is already complete, command ignored"}}`)
		refuse(`{"exec-oob": "fast"}`, "QMP input member 'exec-oob' is unexpected")
	})
}

// An out-of-band command overtakes one that is slow; in-band ones keep their order.
func TestQ6_OutOfBandOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := qmptest.Negotiated(t, testServer(), true)
		k.Ask(`{"execute": "slow", "id": 1} {"execute": "query-x", "id": 2} {"exec-oob": "fast", "id": 3}`, `{"return": "fast", "id": 3}`)
		k.Ask(`{"exec-oob": "query-x", "id": 4}`,
			`{"id": 4, "error": {"class": "GenericError", "desc": "The command query-x does not support OOB"}}`)
		k.Ask(`{"exec-oob": "none", "id": 5}`,
			`{"id": 5, "error": {"class": "CommandNotFound", "desc": "The command none has not been found"}}`)
		time.Sleep(time.Minute)
		k.Expect(`{"return": "slow", "id": 1}`, `{"return": {"x":1}, "id": 2}`)
	})
}

func TestEventsFromAnyGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		sessions := make(chan *qmpserver.Conversation, 1)
		s.Opened = func(se *qmpserver.Conversation) { sessions <- se }
		closed := false
		s.Closed = func(*qmpserver.Conversation) { closed = true }
		k := qmptest.NewTalk(t, s)
		k.Expect(testGreeting)
		se := <-sessions
		if err := se.Event(s.MakeEvent("EARLY", nil)); err != nil || se.Ready() {
			t.Errorf("before negotiation: %v, ready %v", err, se.Ready())
		}
		k.Ask(`{"execute": "qmp_capabilities"}`, `{"return": {}}`)
		for range 10 {
			go se.Event(s.MakeEvent("TICK", map[string]string{"a": "<&>"}))
		}
		const tick = `{"timestamp": {"seconds": 1700000000, "microseconds": 5}, "event": "TICK", "data": {"a": "<&>"}}`
		want := []string{}
		for range 10 {
			want = append(want, tick)
		}
		k.Expect(want...)
		if err := k.Close(); err != nil || !closed {
			t.Errorf("Serve: %v, Closed called: %v", err, closed)
		}
		if se.Event(s.MakeEvent("LATE", nil)) == nil {
			t.Error("an event of a session that is over was taken")
		}
	})
}

func TestQ4_PrettyServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		s.Pretty = true
		k := qmptest.NewTalk(t, s)
		k.Lines()
		k.Ask(`{"execute": "qmp_capabilities", "id": "x"}`, "{", `    "return": {},`, `    "id": "x"`, "}")
	})
}

func TestQ12_AgentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		s.Agent = true
		k := qmptest.NewTalk(t, s)
		k.Expect()
		k.Ask(`{"execute": "query-x"}`, `{"return": {"x":1}}`)
		k.Ask(`{"execute": "que`+"\xFF"+`{"execute": "guest-sync-delimited", "arguments": {"id": 7}}`,
			`{"error": {"class": "GenericError", "desc": "JSON parse error, expected the closing quote of a string, but the text ends"}}`, "\xFF"+`{"return": 7}`)
		k.Ask(`{"execute": "guest-sync", "arguments": {"id": 8}, "id": 1}`, `{"return": 8, "id": 1}`)
		k.Ask(`{"execute": "guest-sync"}`, `{"error": {"class": "GenericError", "desc": "Parameter 'id' is missing"}}`)
		k.Ask(`{"execute": "qmp_capabilities"}`,
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

// What is no JSON costs one error reply, and the next message is understood.
func TestBadMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := qmptest.Negotiated(t, testServer(), false)
		for _, text := range []string{
			"nul\n", "12 13\n", "}", "]}\n", "\xff", "abc\xff", "\x00\n", `{"a" 1}`, `{"a":1,}`, `{]`, "{\"execute\": \"a\n", `{'execute': 'query-x'}`,
			`{"execute": "query-x", "execute": "query-x"}`, `{"execute": "\uffff"}`, `{"a": tru}`, `["a" 1]`, `{"a": 01}`,
			strings.Repeat("[", 1025) + strings.Repeat("]", 1025), `{"a":` + strings.Repeat("[", 1024) + strings.Repeat("]", 1024) + "}",
		} {
			k.Send(text + `{"execute": "query-x", "id": 1}`)
			got := k.Lines()
			if len(got) != 2 || !strings.HasPrefix(got[0], `{"error": {"class": "GenericError", "desc": "JSON parse error, `) ||
				got[1] != `{"return": {"x":1}, "id": 1}` {
				t.Errorf("%.40q is answered with %q", text, got)
			}
		}
		k.Ask(`[]`, `{"error": {"class": "GenericError", "desc": "QMP input must be a JSON object"}}`)
	})
}
