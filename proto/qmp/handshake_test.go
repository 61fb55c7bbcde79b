package qmp

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

func TestQ2_OOBIsEnabledWhenOffered(t *testing.T) {
	tests := []struct {
		offered, message string
		oob              bool
	}{
		{`"oob"`, `{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": 1}`, true},
		{`"x-new", "oob"`, `{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": 1}`, true},
		{``, `{"execute": "qmp_capabilities", "id": 1}`, false},
		{`"x-new"`, `{"execute": "qmp_capabilities", "id": 1}`, false},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			rest := make(chan string, 1)
			conn := serve(t, func(p *peer) {
				p.send(strings.Replace(greetingLine, `"oob"`, test.offered, 1))
				p.expect(test.message)
				p.send(`{"return": {}, "id": 1}` + "\r\n")
				rest <- p.next()
			})
			c := NewClient(Options{})
			if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
				t.Fatal(err)
			}
			if c.OOB() != test.oob {
				t.Errorf("OOB is %v", c.OOB())
			}
			c.Disconnect(t.Context())
			if more := <-rest; more != "" {
				t.Errorf("the client also sent %q", more)
			}
		})
	}
}

func TestQ2_FailedNegotiationIsANegotiationError(t *testing.T) {
	tests := []struct {
		name, answer string
		then         func(*peer)
		desc         string
		cause        error
	}{
		{"refused", `{"error": {"class": "CommandNotFound", "desc": "no such thing"}, "id": 1}`, (*peer).silence, "no such thing", nil},
		{"refused without id", `{"error": {"class": "CommandNotFound", "desc": "no such thing"}}`, (*peer).silence, "no such thing", nil},
		{"no reply", `{"id": 1}`, (*peer).silence, "", nil},
		{"end", ``, func(*peer) {}, "", io.EOF},
		{"cut", `{"return"`, func(*peer) {}, "", io.ErrUnexpectedEOF},
		{"silence", ``, (*peer).silence, "", context.DeadlineExceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := serve(t, func(p *peer) {
					p.send(greetingLine)
					p.next()
					p.send(test.answer)
					test.then(p)
				})
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				e := wantError[*NegotiationError](t, NewClient(Options{}).ConnectStream(ctx, conn, "test"))
				if e.Desc != test.desc {
					t.Errorf("desc is %q", e.Desc)
				}
				if test.cause != nil && !errors.Is(e, test.cause) {
					t.Errorf("%v does not wrap %v", e, test.cause)
				}
			})
		})
	}
}

// qemu-storage-daemon does so to a client that comes very early.
func TestQ2_AServerMayGreetTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) {
			p.send(greetingLine)
			_, id := p.command()
			p.send(greetingLine)
			p.reply(id, "{}")
			p.silence()
		})
		c := NewClient(Options{})
		if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
			t.Fatal(err)
		}
		c.Disconnect(t.Context())
	})
}

func TestQ2_EventsOfTheHandshakeAreDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) {
			p.send(event("A"), greetingLine, event("B"))
			p.next()
			p.send(event("C"), `{"error": {}, "id": "somebody-else"}`+"\r\n", event("D"), `{"return": {}}`+"\r\n", event("E"))
			p.silence()
		})
		c := NewClient(Options{})
		sub := c.Subscribe(EventFilter{})
		if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"A", "B", "C", "D", "E"} {
			if ev, err := sub.Next(t.Context()); err != nil || ev.Name != want {
				t.Errorf("got %v, %v, not %s", ev.Name, err, want)
			}
		}
		c.Disconnect(t.Context())
	})
}

// Events of an attempt that failed are followed by its end, as those of every session.
func TestQ2_EventsOfAFailedHandshakeEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClient(Options{})
		sub := c.Subscribe(EventFilter{})
		for _, text := range []string{"", event("A")} {
			conn := serve(t, func(p *peer) {
				p.send(greetingLine)
				p.next()
				p.send(text)
			})
			if err := c.ConnectStream(t.Context(), conn, "test"); err == nil {
				t.Fatal("connected")
			}
		}
		if ev, err := sub.Next(t.Context()); err != nil || ev.Name != "A" {
			t.Errorf("got %v, %v", ev.Name, err)
		}
		_, err := sub.Next(t.Context())
		wantError[*NegotiationError](t, wantError[*SessionEndedError](t, err).Err)
		_, err = c.Execute(t.Context(), "stop", nil)
		wantError[*proto.StateError](t, err)
	})
}

func TestQ3_GreetingAndNegotiationCanBeSkipped(t *testing.T) {
	tests := []struct {
		name     string
		options  Options
		greeting string
	}{
		{"both", Options{SkipGreeting: true, SkipNegotiation: true}, ""},
		{"negotiation", Options{SkipNegotiation: true}, greetingLine},
		{"greeting", Options{SkipGreeting: true}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := serve(t, func(p *peer) {
					p.send(test.greeting)
					if !test.options.SkipNegotiation {
						p.expect(`{"execute": "qmp_capabilities", "id": 1}`)
						p.reply("1", "{}")
					}
					p.echo()
				})
				c := NewClient(test.options)
				if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
					t.Fatal(err)
				}
				defer c.Disconnect(t.Context())
				if got := c.Greeting() != nil; got != (test.greeting != "") {
					t.Errorf("there is a greeting: %v", got)
				}
				if c.OOB() {
					t.Error("OOB without a negotiation")
				}
				if _, err := c.Execute(t.Context(), "query-status", nil); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestQ3_NegotiationByHandEnablesOOB(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) {
			p.send(greetingLine)
			p.echo()
		})
		c := NewClient(Options{SkipNegotiation: true})
		if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
			t.Fatal(err)
		}
		defer c.Disconnect(t.Context())
		oob := Command{Name: "migrate-pause", OOB: true}
		_, err := c.Do(t.Context(), oob)
		wantError[*CommandError](t, err)
		if _, err := c.Execute(t.Context(), "qmp_capabilities", []byte(`{"enable": ["oob"]}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(t.Context(), oob); err != nil || !c.OOB() {
			t.Errorf("OOB is %v, %v", c.OOB(), err)
		}
	})
}

func TestQ4_PrettyServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pretty := strings.NewReplacer(`: {`, ": {\r\n    ", `, `, ",\r\n    ", `}}`, "}\r\n}")
		conn := serve(t, func(p *peer) {
			p.send(pretty.Replace(greetingLine))
			_, id := p.command()
			p.send("{\r\n    \"return\": {\r\n    },\r\n    \"id\": " + id + "\r\n}\r\n")
			_, id = p.command()
			p.send("{\r\n    \"return\": [\r\n        1\r\n    ],\r\n    \"id\": " + id + "\r\n}\r\n" + pretty.Replace(event("STOP")))
			p.silence()
		})
		c := NewClient(Options{})
		sub := c.Subscribe(EventFilter{})
		if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
			t.Fatal(err)
		}
		defer c.Disconnect(t.Context())
		got, err := c.Execute(t.Context(), "query-x", nil)
		if err != nil || string(got) != "[\r\n        1\r\n    ]" {
			t.Errorf("got %q, %v", got, err)
		}
		if ev, err := sub.Next(t.Context()); err != nil || ev.Name != "STOP" {
			t.Errorf("got %v, %v", ev, err)
		}
	})
}
