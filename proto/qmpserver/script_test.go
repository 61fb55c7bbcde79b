package qmpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

const ask = `{"execute": "query-x", "id": "i"}`

// TestScript_Steps shows what each step puts on the wire.
func TestScript_Steps(t *testing.T) {
	const event = `{"timestamp": {"seconds": 1700000000, "microseconds": 123456}, "event": "E"`
	for name, test := range map[string]struct {
		script Script
		send   []string // one message after the other
		want   string
	}{
		"greeting":    {Script{Greet()}, nil, QEMUGreeting + "\r\n"},
		"raw bytes":   {Script{Send("\x00{")}, nil, "\x00{"},
		"negotiation": {Script{Negotiate()}, []string{`{"execute": "qmp_capabilities", "id": 1}`}, QEMUGreeting + "\r\n" + `{"return": {}, "id": 1}` + "\r\n"},
		"reply":       {Script{Expect("query-x"), Reply(`{"a":  1.0}`)}, []string{ask}, `{"return": {"a":  1.0}, "id": "i"}` + "\r\n"},
		"error":       {Script{Expect("*"), ReplyError("C", "d")}, []string{ask}, `{"id": "i", "error": {"class": "C", "desc": "d"}}` + "\r\n"},
		"no ids":      {Script{IgnoreIDs(), Expect("*"), Reply(`1`)}, []string{ask}, `{"return": 1}` + "\r\n"},
		"another id":  {Script{Expect("*"), ReplyAs(`[7]`, `1`)}, []string{ask}, `{"return": 1, "id": [7]}` + "\r\n"},
		"without id":  {Script{Expect("*"), ReplyAs("", `1`)}, []string{ask}, `{"return": 1}` + "\r\n"},
		"reordered": {Script{Expect("a", "b", "c"), ReplyTo(-1, `1`), ReplyTo(0, `2`), Reply(`3`)},
			[]string{`{"execute": "a", "id": "A"}`, `{"execute": "b", "id": "B"}`, `{"execute": "c", "id": "C"}`},
			`{"return": 1, "id": "C"}` + "\r\n" + `{"return": 2, "id": "A"}` + "\r\n" + `{"return": 3, "id": "B"}` + "\r\n"},
		"events":  {Script{Event("E", ""), Event("E", `{"x":1}`)}, nil, event + "}\r\n" + event + `, "data": {"x":1}}` + "\r\n"},
		"pretty":  {Script{Pretty(), Expect("*"), Reply(`{}`)}, []string{ask}, "{\r\n    \"return\": {},\r\n    \"id\": \"i\"\r\n}\r\n"},
		"repeat":  {Script{Repeat(3, Send("a"), Send("b"))}, nil, "ababab"},
		"close":   {Script{Send("a"), Close(), Send("b")}, nil, "a"},
		"reset":   {Script{Send("a"), Reset(), Send("b")}, nil, "a"},
		"raw ask": {Script{ExpectRaw(ask), Reply("1")}, []string{ask}, `{"return": 1, "id": "i"}` + "\r\n"},
		"answer all": {Script{AnswerAll(map[string]string{"query-x": "1"})}, []string{ask, `{"execute": "b"}`},
			`{"return": 1, "id": "i"}` + "\r\n" + `{"error": {"class": "CommandNotFound", "desc": "The command b has not been found"}}` + "\r\n"},
		"answer anything": {Script{AnswerAll(map[string]string{"*": "2"})}, []string{ask}, `{"return": 2, "id": "i"}` + "\r\n"},
		"agent": {Script{AgentSync()}, []string{"\xff", `{"execute": "guest-sync-delimited", "arguments": {"id": 5}}`},
			`{"error": {"class": "GenericError", "desc": "JSON parse error, stray '\ufffd'"}}` + "\r\n\xff" + `{"return": 5}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := run(t, test.script, test.send...)
				if err != nil || got != test.want {
					t.Errorf("wrote %q, want %q; error %v", got, test.want, err)
				}
			})
		})
	}
}

// run lets a script talk to a client that sends messages and then closes its end.
func run(t *testing.T, s Script, send ...string) (wrote string, err error) {
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

func TestScript_Errors(t *testing.T) {
	for name, test := range map[string]struct {
		script Script
		send   []string
		want   string
	}{
		"another command": {Script{Greet(), Expect("a")}, []string{ask}, `script step 2: expected a, got ` + ask},
		"other bytes":     {Script{ExpectRaw("{}")}, []string{ask}, `script step 1: expected {}, got ` + ask},
		"no command":      {Script{Expect("a")}, []string{"[]"}, `script step 1: expecting a: the client sent "[]": GenericError: QMP input must be a JSON object`},
		"the end":         {Script{Expect("a")}, nil, `script step 1: expecting a: EOF`},
		"no end":          {Script{ExpectEnd()}, []string{ask}, fmt.Sprintf(`script step 1: expected the end, got %q`, ask)},
		"nothing waits":   {Script{Reply("{}")}, nil, `script step 1: no command to answer: 0 wait`},
		"inside a step":   {Script{Steps(Send("a"), Expect("a"))}, []string{ask}, `script step 1: expected a, got ` + ask},
		"no sync":         {Script{AgentSync()}, []string{ask}, fmt.Sprintf(`script step 1: expected 0xFF, got %q`, ask)},
		"another sync":    {Script{AgentSync()}, []string{"\xff", ask}, `script step 1: expected guest-sync-delimited, got ` + ask},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := run(t, test.script, test.send...)
				var se *ScriptError
				if !errors.As(err, &se) || err.Error() != test.want {
					t.Errorf("error %v, want %s", err, test.want)
				}
			})
		})
	}
}

func TestScript_ExpectEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, err := run(t, Script{Send("a"), ExpectEnd()}); err != nil {
			t.Error(err)
		}
	})
}

// CutAfter(n) lets exactly n bytes through, for every n.
func TestScript_CutAfterEveryByte(t *testing.T) {
	whole := Script{Negotiate(), Event("E", `{"a": 1}`), Expect("query-x"), Reply(`{"x": 1}`)}
	send := []string{`{"execute": "qmp_capabilities"}`, ask}
	synctest.Test(t, func(t *testing.T) {
		all, err := run(t, whole, send...)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(all) + 2 {
			got, err := run(t, append(Script{CutAfter(n), SplitEvery(7)}, whole...), send...)
			if err != nil || got != all[:min(n, len(all))] {
				t.Fatalf("cut after %d: wrote %d bytes, error %v", n, len(got), err)
			}
		}
	})
}

// The stream closes with the last byte, not with the first that does not fit.
func TestScript_CutIsPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		end := make(chan error, 1)
		go func() { end <- Script{CutAfter(5), Send("12345"), Expect("a")}.Serve(t.Context(), server) }()
		if got, err := io.ReadAll(client); string(got) != "12345" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if err := <-end; err != nil {
			t.Error(err)
		}
	})
}

func TestScript_ResetOverTCP(t *testing.T) {
	l, err := Listen(t.Context(), "tcp", "127.0.0.1:0", Script{Expect("query-x"), Reset()})
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

func TestScript_SplitEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		go Script{Send("a"), SplitEvery(3), Send("12345678"), SplitEvery(0), Send("12345678")}.Serve(t.Context(), server)
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
func TestScript_Waiting(t *testing.T) {
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
				go func() { end <- Script{Send(""), step()}.Serve(ctx, server) }()
				synctest.Wait()
				cancel(cause)
				var se *ScriptError
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
		if got, err := run(t, Script{Wait(time.Second), Await(hold), Silence()}, ask); got != "" || err != nil {
			t.Errorf("wrote %q, error %v", got, err)
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("waited %v", d)
		}
	})
}

// The client of this project gets along with a script.
func TestScript_WithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		end := make(chan error, 1)
		script := Script{Negotiate(), SplitEvery(1), Expect("a"), Event("E", ""), Wait(time.Minute), Reply(`"late"`), ExpectEnd()}
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

// The greeting that scripts send is one that the client takes.
func TestQEMUGreeting(t *testing.T) {
	m, err := qmp.ParseMessage([]byte(QEMUGreeting))
	if err != nil {
		t.Fatal(err)
	}
	if g, err := qmp.ParseGreeting(m); err != nil || !g.Offers("oob") {
		t.Errorf("%+v, %v", g, err)
	}
	for banner, want := range map[string]qmp.GreetingKind{
		HMPBanner: qmp.HMPMonitor, VNCBanner: qmp.VNCServer, TLSAlert: qmp.TLSServer,
	} {
		if got := qmp.SniffGreeting([]byte(banner)); got != want {
			t.Errorf("%q is taken for %v", banner, got)
		}
	}
}

func TestSpaced(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1,"b":[1,2,{}],"c,:\" d":"x:y,\\"}`: `{"a": 1, "b": [1, 2, {}], "c,:\" d": "x:y,\\"}`,
		" [ 1 ,\n2 ] ": "[1, 2]",
	} {
		got := spaced([]byte(in))
		if string(got) != want || !json.Valid(got) || !bytes.Equal(spaced(got), got) {
			t.Errorf("spaced(%s) = %s", in, got)
		}
	}
}
