package qmptest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

const ask = `{"execute": "query-x", "id": "i"}`

// TestScenario_Steps shows what each step puts on the wire.
func TestScenario_Steps(t *testing.T) {
	const event = `{"timestamp": {"seconds": 1700000000, "microseconds": 123456}, "event": "E"`
	for name, test := range map[string]struct {
		scenario Scenario
		send     []string // one message after the other
		want     string
	}{
		"greeting":    {Scenario{Greet()}, nil, QEMUGreeting + "\r\n"},
		"raw bytes":   {Scenario{Send("\x00{")}, nil, "\x00{"},
		"negotiation": {Scenario{Negotiate()}, []string{`{"execute": "qmp_capabilities", "id": 1}`}, QEMUGreeting + "\r\n" + `{"return": {}, "id": 1}` + "\r\n"},
		"reply":       {Scenario{Expect("query-x"), Reply(`{"a":  1.0}`)}, []string{ask}, `{"return": {"a":  1.0}, "id": "i"}` + "\r\n"},
		"error":       {Scenario{Expect("*"), ReplyError("C", "d")}, []string{ask}, `{"id": "i", "error": {"class": "C", "desc": "d"}}` + "\r\n"},
		"no ids":      {Scenario{IgnoreIDs(), Expect("*"), Reply(`1`)}, []string{ask}, `{"return": 1}` + "\r\n"},
		"another id":  {Scenario{Expect("*"), ReplyAs(`[7]`, `1`)}, []string{ask}, `{"return": 1, "id": [7]}` + "\r\n"},
		"without id":  {Scenario{Expect("*"), ReplyAs("", `1`)}, []string{ask}, `{"return": 1}` + "\r\n"},
		"reordered": {Scenario{Expect("a", "b", "c"), ReplyTo(-1, `1`), ReplyTo(0, `2`), Reply(`3`)},
			[]string{`{"execute": "a", "id": "A"}`, `{"execute": "b", "id": "B"}`, `{"execute": "c", "id": "C"}`},
			`{"return": 1, "id": "C"}` + "\r\n" + `{"return": 2, "id": "A"}` + "\r\n" + `{"return": 3, "id": "B"}` + "\r\n"},
		"events":  {Scenario{Event("E", ""), Event("E", `{"x":1}`)}, nil, event + "}\r\n" + event + `, "data": {"x":1}}` + "\r\n"},
		"pretty":  {Scenario{Pretty(), Expect("*"), Reply(`{}`)}, []string{ask}, "{\r\n    \"return\": {},\r\n    \"id\": \"i\"\r\n}\r\n"},
		"repeat":  {Scenario{Repeat(3, Send("a"), Send("b"))}, nil, "ababab"},
		"close":   {Scenario{Send("a"), Close(), Send("b")}, nil, "a"},
		"reset":   {Scenario{Send("a"), Reset(), Send("b")}, nil, "a"},
		"raw ask": {Scenario{ExpectRaw(ask), Reply("1")}, []string{ask}, `{"return": 1, "id": "i"}` + "\r\n"},
		"answer all": {Scenario{AnswerAll(map[string]string{"query-x": "1"})}, []string{ask, `{"execute": "b"}`},
			`{"return": 1, "id": "i"}` + "\r\n" + `{"error": {"class": "CommandNotFound", "desc": "The command b has not been found"}}` + "\r\n"},
		"answer anything": {Scenario{AnswerAll(map[string]string{"*": "2"})}, []string{ask}, `{"return": 2, "id": "i"}` + "\r\n"},
		"agent": {Scenario{AgentSync()}, []string{"\xff", `{"execute": "guest-sync-delimited", "arguments": {"id": 5}}`},
			`{"error": {"class": "GenericError", "desc": "JSON parse error, expected a value, found byte 0xFF"}}` + "\r\n\xff" + `{"return": 5}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := run(t, test.scenario, test.send...)
				if err != nil || got != test.want {
					t.Errorf("wrote %q, want %q; error %v", got, test.want, err)
				}
			})
		})
	}
}

// run lets a script talk to a client that sends messages and then closes its end.
func run(t *testing.T, s Scenario, send ...string) (wrote string, err error) {
	t.Helper()
	client, server := net.Pipe()
	end := make(chan error, 1)
	go func() { end <- s.Serve(t.Context(), server) }()
	all := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(client)
		all <- string(b)
	}()
	for _, text := range send {
		if _, err := io.WriteString(client, text); err != nil {
			break
		}
	}
	synctest.Wait()
	if s != nil {
		client.Close()
	}
	return <-all, <-end
}

func TestScenario_Errors(t *testing.T) {
	for name, test := range map[string]struct {
		scenario Scenario
		send     []string
		want     string
	}{
		"another command": {Scenario{Greet(), Expect("a")}, []string{ask}, `scenario step 2: expected a, got ` + ask},
		"other bytes":     {Scenario{ExpectRaw("{}")}, []string{ask}, `scenario step 1: expected {}, got ` + ask},
		"no command":      {Scenario{Expect("a")}, []string{"[]"}, `scenario step 1: expecting a: the client sent "[]": GenericError: QMP input must be a JSON object`},
		"the end":         {Scenario{Expect("a")}, nil, `scenario step 1: expecting a: EOF`},
		"no end":          {Scenario{ExpectEnd()}, []string{ask}, fmt.Sprintf(`scenario step 1: expected the end, got %q`, ask)},
		"nothing waits":   {Scenario{Reply("{}")}, nil, `scenario step 1: no command to answer: 0 wait`},
		"inside a step":   {Scenario{Steps(Send("a"), Expect("a"))}, []string{ask}, `scenario step 1: expected a, got ` + ask},
		"no sync":         {Scenario{AgentSync()}, []string{ask}, fmt.Sprintf(`scenario step 1: expected 0xFF, got %q`, ask)},
		"another sync":    {Scenario{AgentSync()}, []string{"\xff", ask}, `scenario step 1: expected guest-sync-delimited, got ` + ask},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := run(t, test.scenario, test.send...)
				var se *ScenarioError
				if !errors.As(err, &se) || err.Error() != test.want {
					t.Errorf("error %v, want %s", err, test.want)
				}
			})
		})
	}
}

func TestScenario_ExpectEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, err := run(t, Scenario{Send("a"), ExpectEnd()}); err != nil {
			t.Error(err)
		}
	})
}

// CutAfter(n) lets exactly n bytes through, for every n.
func TestScenario_CutAfterEveryByte(t *testing.T) {
	whole := Scenario{Negotiate(), Event("E", `{"a": 1}`), Expect("query-x"), Reply(`{"x": 1}`)}
	send := []string{`{"execute": "qmp_capabilities"}`, ask}
	synctest.Test(t, func(t *testing.T) {
		all, err := run(t, whole, send...)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(all) + 2 {
			got, err := run(t, append(Scenario{CutAfter(n), SplitEvery(7)}, whole...), send...)
			if err != nil || got != all[:min(n, len(all))] {
				t.Fatalf("cut after %d: wrote %d bytes, error %v", n, len(got), err)
			}
		}
	})
}

// The stream closes with the last byte, not with the first that does not fit.
func TestScenario_CutIsPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		end := make(chan error, 1)
		go func() { end <- Scenario{CutAfter(5), Send("12345"), Expect("a")}.Serve(t.Context(), server) }()
		if got, err := io.ReadAll(client); string(got) != "12345" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if err := <-end; err != nil {
			t.Error(err)
		}
	})
}

func TestScenario_ResetOverTCP(t *testing.T) {
	l, err := qmpserver.Listen(t.Context(), "tcp", "127.0.0.1:0", Scenario{Expect("query-x"), Reset()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, ask) // or it would be reset before Dial has returned
	if _, err := io.Copy(io.Discard, conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestScenario_SplitEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		go Scenario{Send("a"), SplitEvery(3), Send("12345678"), SplitEvery(0), Send("12345678")}.Serve(t.Context(), server)
		var sizes []int
		p := make([]byte, 100)
		for {
			n, err := client.Read(p)
			if err != nil {
				break
			}
			sizes = append(sizes, n)
		}
		if fmt.Sprint(sizes) != "[1 3 3 2 8]" {
			t.Errorf("pieces: %v", sizes)
		}
	})
}

// Steps that wait end with the context, and with the client where they can see it.
func TestScenario_Waiting(t *testing.T) {
	for name, step := range map[string]func() Step{
		"silence": Silence, "stall": Stall,
		"wait":   func() Step { return Wait(time.Hour) },
		"await":  func() Step { return Await(make(chan struct{})) }, // made inside the bubble
		"expect": func() Step { return Expect("a") },
	} {
		t.Run(name, func(t *testing.T) {
			cause := errors.New("enough")
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				client, server := net.Pipe()
				defer client.Close()
				end := make(chan error, 1)
				go func() { end <- Scenario{Send(""), step()}.Serve(ctx, server) }()
				synctest.Wait()
				cancel(cause)
				var se *ScenarioError
				if err := <-end; !errors.As(err, &se) || se.Step != 2 || !errors.Is(err, cause) {
					t.Errorf("Serve: %v", err)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		close(hold)
		start := time.Now()
		if got, err := run(t, Scenario{Wait(time.Second), Await(hold), Silence()}, ask); got != "" || err != nil {
			t.Errorf("wrote %q, error %v", got, err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("waited %v", d)
		}
	})
}

// The client of this project gets along with a script.
func TestScenario_WithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		end := make(chan error, 1)
		script := Scenario{Negotiate(), SplitEvery(1), Expect("a"), Event("E", ""), Wait(time.Minute), Reply(`"late"`), ExpectEnd()}
		go func() { end <- script.Serve(t.Context(), server) }()
		c := qmp.NewClient(qmp.Options{})
		if err := c.ConnectStream(t.Context(), client, "script"); err != nil {
			t.Fatal(err)
		}
		if ret, err := c.Execute(t.Context(), "a", nil); err != nil || string(ret) != `"late"` {
			t.Errorf("Execute: %s, %v", ret, err)
		}
		synctest.Wait() // the end of the line comes behind the reply
		if err := c.Disconnect(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-end; err != nil {
			t.Error(err)
		}
	})
}

// The greeting that scripts send is one that the client takes, and the other first words
// are known for what they are.
func TestQEMUGreeting(t *testing.T) {
	for words, want := range map[string]qmp.GreetingKind{
		QEMUGreeting + "\n": 0, HMPBanner: qmp.HMPMonitor, VNCBanner: qmp.VNCServer, TLSAlert: qmp.TLSServer,
	} {
		near, far := net.Pipe()
		go io.WriteString(far, words)
		c := qmp.NewClient(qmp.Options{SkipNegotiation: true})
		err := c.ConnectStream(t.Context(), near, "words")
		var other *qmp.GreetingError
		switch {
		case errors.As(err, &other) && other.Kind == want:
		case err != nil || want != 0 || !c.Greeting().Offers("oob"):
			t.Errorf("%q: %v", words, err)
		}
		c.Disconnect(t.Context())
		far.Close()
	}
}
