package qmpserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// proxy is a server in front of a client of far: what answers and what happens there reaches any number of clients.
func proxy(t testing.TB, far net.Conn) *qmpserver.Server {
	t.Helper()
	client := qmp.NewClient(qmp.Options{})
	events := client.Subscribe(qmp.EventFilter{})
	if err := client.ConnectStream(t.Context(), far, "far"); err != nil {
		t.Fatal(err)
	}
	s := &qmpserver.Server{Greeting: client.Greeting().Raw, OOB: client.OOB(), Lookup: qmpserver.Forward(client)}
	relayed := make(chan error, 1)
	go func() { relayed <- s.Relay(context.Background(), events) }()
	t.Cleanup(func() {
		client.Disconnect(context.Background())
		var ended *qmp.SessionEndedError
		if err := <-relayed; !errors.As(err, &ended) {
			t.Errorf("Relay: %v", err)
		}
		events.Close()
	})
	return s
}

// Whatever stands in a command, a result, an error or an event, it arrives as it was sent, whoever is in between.
func TestQ10_ForwardingKeepsBytes(t *testing.T) {
	const (
		args   = `{"size":12345678901234567890123,"f":1.50e-07,"s":"\u00e9\/<&>","z":{"b":1,"a":2}}`
		result = `{"n": 0.10000000000000000001, "a":[1,2 , 3],"s":"\ud83d\ude00\u001b"}`
		fault  = `{"desc": "it broke: \u001b[1m\/", "class":"DeviceNotFound","more":  1}`
		event  = `{"event": "E", "timestamp": {"microseconds": 7, "seconds": 1600000000}, "data":{"x":1.0}}`
	)
	synctest.Test(t, func(t *testing.T) {
		told := make(chan string, 1)
		tell := func(_ context.Context, p *qmptest.Peer) error {
			told <- string(p.Waiting()[0].Arguments)
			return nil
		}
		refuse := func(_ context.Context, p *qmptest.Peer) error {
			return p.WriteMessage(fmt.Appendf(nil, `{"id": %s, "error": %s}`, p.Waiting()[0].ID, fault))
		}
		far := qmptest.Scenario{
			qmptest.Negotiate(), qmptest.Expect("a"), tell, qmptest.Reply(result),
			qmptest.Expect("b"), refuse, qmptest.Send(event + "\r\n"), qmptest.Silence(),
		}
		k := qmptest.Negotiated(t, proxy(t, qmpserver.Local(far)), false)
		k.Ask(`{"execute": "a", "arguments": `+args+`, "id": {"mine": 1.0}}`, `{"return": `+result+`, "id": {"mine": 1.0}}`)
		if got := <-told; got != args {
			t.Errorf("the far server got %s", got)
		}
		k.Send(`{"execute": "b", "id": 2}`)
		got := slices.Sorted(slices.Values(k.Lines())) // an event and a reply may change places
		if want := []string{event, `{"id": 2, "error": ` + fault + `}`}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Many clients share one session: their ids are their own, and each command is answered once.
func TestForwardingKeepsConversationsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := testServer()
		s := proxy(t, qmpserver.Local(far))
		a, b := qmptest.Negotiated(t, s, true), qmptest.Negotiated(t, s, true)
		a.Send(`{"execute": "slow", "id": 1}`)
		synctest.Wait()
		b.Ask(`{"exec-oob": "fast", "id": 1}`, `{"return": "fast", "id": 1}`) // overtakes
		a.Ask(`{"exec-oob": "fast", "id": 2}`, `{"return": "fast", "id": 2}`)
		b.Send(`{"execute": "query-x", "id": 1}`) // its turn comes behind slow, at the far server
		b.Expect()
		time.Sleep(time.Minute)
		a.Expect(`{"return": "slow", "id": 1}`)
		b.Expect(`{"return": {"x":1}, "id": 1}`)
		far.Broadcast(json.RawMessage(`{"event": "E", "timestamp": {"seconds": 1, "microseconds": 2}}`))
		for _, k := range []*qmptest.Talk{a, b} {
			k.Expect(`{"event": "E", "timestamp": {"seconds": 1, "microseconds": 2}}`)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		b.Ask(`{"execute": "nothing"}`, `{"return": {}}`) // though the other has gone
		b.Ask(`{"execute": "none"}`, `{"error": {"class": "CommandNotFound", "desc": "The command none has not been found"}}`)
		b.Send(`{"execute": "bye", "id": 9}`)
		got := b.Lines()
		if len(got) != 2 || !strings.Contains(strings.Join(got, ""), `{"return": {}, "id": 9}`) || !strings.Contains(strings.Join(got, ""), `"SHUTDOWN"`) {
			t.Errorf("bye: %q", got)
		}
		b.Send(`{"execute": "query-x"}`) // nobody is there any more: an error, and the end
		if got := b.Lines(); len(got) != 1 || !strings.Contains(got[0], `"GenericError"`) {
			t.Errorf("behind the end: %q", got)
		}
		if err := <-b.End; err != nil {
			t.Error(err)
		}
	})
}

// When the far server has gone, a command is told so before the conversation ends: each time, not nearly each time.
func TestForwardingAnswersBeforeItEnds(t *testing.T) {
	for range 200 {
		for _, command := range []string{`{"execute": "query-x"}`, `{"exec-oob": "fast"}`} {
			synctest.Test(t, func(t *testing.T) {
				k := qmptest.Negotiated(t, proxy(t, qmpserver.Local(testServer())), true)
				k.Send(`{"execute": "bye"}`)
				k.Lines()
				k.Send(command)
				if got := k.Lines(); len(got) != 1 || !strings.Contains(got[0], `"GenericError"`) {
					t.Fatalf("%s: %q", command, got)
				}
				if err := <-k.End; err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// Two clients share the one monitor of a real QEMU, over a socket.
func TestLive_ForwardingSharesAMonitor(t *testing.T) {
	monitor, _ := qmptest.QMP(t, "-name", "shared")
	far, err := net.Dial("unix", monitor)
	if err != nil {
		t.Fatal(err)
	}
	l, err := qmpserver.ListenMany(t.Context(), "unix", filepath.Join(qmptest.Dir(t), "s"), proxy(t, far))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	type end struct {
		*qmp.Client
		events *qmp.Subscription
	}
	var clients []end
	for range 2 {
		c := qmp.NewClient(qmp.Options{})
		e := end{c, c.Subscribe(qmp.EventFilter{})}
		defer e.events.Close()
		if err := c.Connect(t.Context(), qmp.Address{Kind: qmp.Unix, Path: l.Addr().String()}); err != nil {
			t.Fatal(err)
		}
		defer c.Disconnect(context.Background())
		clients = append(clients, e)
	}
	a, b := clients[0], clients[1]
	if a.Greeting().Version != b.Greeting().Version || !a.OOB() {
		t.Errorf("greetings %+v, %+v, oob %v", a.Greeting(), b.Greeting(), a.OOB())
	}
	for range 20 { // at once, and with the same ids
		answers := make(chan string, 2)
		for _, c := range clients {
			go func() {
				ret, err := c.Execute(t.Context(), "query-name", nil)
				answers <- fmt.Sprint(string(ret), err)
			}()
		}
		for range clients {
			if got := <-answers; got != `{"name": "shared"}<nil>` {
				t.Fatal(got)
			}
		}
	}
	_, err = b.Execute(t.Context(), "qom-get", json.RawMessage(`{"path": "/none", "property": "x"}`))
	var refused *qmp.ExecuteError
	if !errors.As(err, &refused) || refused.Class != "DeviceNotFound" || !strings.Contains(refused.Desc, "/none") {
		t.Errorf("qom-get: %v", err)
	}
	if _, err := a.Do(t.Context(), qmp.Command{Name: "query-yank", OOB: true}); err != nil {
		t.Errorf("out of band: %v", err)
	}
	if _, err := a.Execute(t.Context(), "cont", nil); err != nil {
		t.Fatal(err)
	}
	first, err := a.events.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.events.Next(t.Context())
	if err != nil || first.Name != "RESUME" || string(first.Raw) != string(second.Raw) || !first.Time.Equal(second.Time) {
		t.Errorf("the events differ: %s, %s, %v", first.Raw, second.Raw, err)
	}
}

func TestListenMany(t *testing.T) {
	l, err := qmpserver.ListenMany(t.Context(), "tcp", "127.0.0.1:0", qmptest.Scenario{qmptest.Send("hello\n"), qmptest.Silence()})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // all of them stay
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if line, err := bufio.NewReader(conn).ReadString('\n'); line != "hello\n" {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// Closing the client's end of a stream in memory ends the service, even one that looks at nothing, and waits for it.
func TestLocal_CloseEndsTheService(t *testing.T) {
	for _, step := range []qmptest.Step{qmptest.Silence(), qmptest.Stall(), qmptest.Close()} {
		ended := false
		conn := qmpserver.Local(service(func(ctx context.Context, conn net.Conn) error {
			defer func() { ended = true }()
			return qmptest.Scenario{qmptest.Send("hello\n"), step}.Serve(ctx, conn)
		}))
		if line, err := bufio.NewReader(conn).ReadString('\n'); line != "hello\n" {
			t.Errorf("got %q, %v", line, err)
		}
		if err := conn.Close(); err != nil || !ended {
			t.Errorf("Close: %v, the service has ended: %v", err, ended)
		}
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("Read: %v", err)
		}
	}
}

// service is a function as a Service.
type service func(context.Context, net.Conn) error

func (s service) Serve(ctx context.Context, conn net.Conn) error { return s(ctx, conn) }
