package qmp

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

func TestQ1_GreetingIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, (*peer).silence)
		g := c.Greeting()
		if g == nil || g.Version.String() != "7.2.22 (Debian)" || !slices.Equal(g.Capabilities, []string{"oob"}) {
			t.Errorf("greeting is %+v", g)
		}
		if want := strings.TrimSpace(greetingLine); string(g.Raw) != want {
			t.Errorf("raw greeting is %s", g.Raw)
		}
	})
}

func TestQ1_WhatCameInsteadOfAGreetingIsTold(t *testing.T) {
	const hmp = "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) "
	eof := func(p *peer) {}
	silent := (*peer).silence
	tests := []struct {
		name  string
		text  string
		then  func(*peer)
		kind  GreetingKind
		cause error // nil: any
	}{
		{"hmp", hmp, silent, HMPMonitor, nil},
		{"hmp that hangs up", hmp, eof, HMPMonitor, nil},
		{"hmp prompt", "\r\n(qemu) ", silent, HMPMonitor, nil},
		{"start of hmp, then silence", "QE", silent, NotJSON, context.DeadlineExceeded},
		{"start of hmp, then the end", "QEM", eof, NotJSON, io.ErrUnexpectedEOF},
		{"tls alert", "\x15\x03\x01\x00\x02\x02\x46", eof, TLSServer, nil},
		{"vnc", "RFB 003.008\n", silent, VNCServer, nil},
		{"ssh", "SSH-2.0-OpenSSH_9.2\r\n", silent, NotJSON, nil},
		{"prompt", "login: ", silent, NotJSON, nil},
		{"array", "[1]\n", silent, NotJSON, nil},
		{"broken object", "{oops}\n", silent, NotJSON, nil},
		{"reply", `{"return": {}}` + "\n", silent, NotQMP, nil},
		{"no version", `{"QMP": {"capabilities": []}}` + "\n", silent, NotQMP, nil},
		{"no capabilities", `{"QMP": {"version": {"qemu": {"major": 1, "minor": 2, "micro": 3}}}}` + "\n", silent, NotQMP, nil},
		{"too long", `{"QMP": "` + strings.Repeat("x", 2000), silent, NotQMP, nil},
		{"end", "", eof, Closed, io.EOF},
		{"end in the middle", `{"QMP": {`, eof, Closed, io.ErrUnexpectedEOF},
		{"nothing", "", silent, Silent, context.DeadlineExceeded},
		{"nothing after a start", `{"QMP": {`, silent, Silent, context.DeadlineExceeded},
	}
	for _, test := range tests {
		for _, piece := range []int{len(test.text), 1} {
			t.Run(test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					conn := serve(t, func(p *peer) {
						for part := range slices.Chunk([]byte(test.text), max(1, piece)) {
							p.send(string(part))
						}
						test.then(p)
					})
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
					defer cancel()
					c := NewClient(Options{MaxMessage: 1000})
					e := wantError[*GreetingError](t, c.ConnectStream(ctx, conn, "test"))
					if e.Kind != test.kind {
						t.Errorf("kind is %v, not %v (%v)", e.Kind, test.kind, e)
					}
					if test.cause != nil && !errors.Is(e, test.cause) {
						t.Errorf("%v does not wrap %v", e, test.cause)
					}
					if test.text != "" && len(e.Received) == 0 {
						t.Error("what was received is not kept")
					}
					if c.State() != proto.Idle {
						t.Errorf("state is %v", c.State())
					}
				})
			})
		}
	}
}

// A QMP server that is only slow must not be harmed by the probe, however often its
// greeting comes in pieces.
func TestQ1_LateGreetingIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) {
			start := make(chan struct{})
			go func() {
				defer close(start)
				time.Sleep(4 * time.Second)
				p.send(greetingLine[:20])
				time.Sleep(500 * time.Millisecond)
				p.send(greetingLine[20:])
			}()
			blank := 0
			line := p.next()
			for ; line == ""; line = p.next() {
				blank++
			}
			<-start
			if blank == 0 || !strings.Contains(line, "qmp_capabilities") {
				t.Errorf("%d blank lines, then %q", blank, line)
			}
			p.reply("", "{}")
			p.echo()
		})
		var traced []string
		c := NewClient(Options{Trace: func(d Direction, m *Message) { traced = append(traced, d.String()+string(m.Raw[:8])) }})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := c.ConnectStream(ctx, conn, "test"); err != nil {
			t.Fatal(err)
		}
		c.Disconnect(t.Context())
		if want := []string{`<-{"QMP": `, `->{"execut`, `<-{"return`}; !slices.Equal(traced, want) {
			t.Errorf("traced %q", traced)
		}
	})
}

// A TLS server waits for the client to speak first. It cannot be told from a silent
// one but by what it does when the client speaks no TLS: it hangs up.
func TestQ1_TLSServerHangsUpWhenProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) { io.ReadFull(p.conn, make([]byte, 5)) })
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		started := time.Now()
		e := wantError[*GreetingError](t, NewClient(Options{}).ConnectStream(ctx, conn, "test"))
		if e.Kind != TLSServer {
			t.Errorf("kind is %v", e.Kind)
		}
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("found out after %v", took)
		}
	})
}

// A server that ends much later than the probe does not do so because of it.
func TestQ1_LateEndIsNoTLSServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) {
			p.next()
			time.Sleep(3 * time.Second)
		})
		e := wantError[*GreetingError](t, NewClient(Options{}).ConnectStream(t.Context(), conn, "test"))
		if e.Kind != Closed {
			t.Errorf("kind is %v", e.Kind)
		}
	})
}

func TestQ1_CancelledConnectGivesTheCause(t *testing.T) {
	for _, greeted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			conn := serve(t, func(p *peer) {
				if greeted {
					p.send(greetingLine)
				}
				p.silence()
			})
			why := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(3*time.Second, func() { cancel(why) })
			if err := NewClient(Options{}).ConnectStream(ctx, conn, "test"); err != why {
				t.Errorf("greeted %v: got %v", greeted, err)
			}
		})
	}
}

func TestQ2_OOBIsEnabledWhenOffered(t *testing.T) {
	tests := []struct {
		offered, message string
		oob              bool
	}{
		{`"oob"`, `{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": "qmpsh-1"}`, true},
		{`"x-new", "oob"`, `{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": "qmpsh-1"}`, true},
		{``, `{"execute": "qmp_capabilities", "id": "qmpsh-1"}`, false},
		{`"x-new"`, `{"execute": "qmp_capabilities", "id": "qmpsh-1"}`, false},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			rest := make(chan string, 1)
			conn := serve(t, func(p *peer) {
				p.send(strings.Replace(greetingLine, `"oob"`, test.offered, 1))
				p.expect(test.message)
				p.send(`{"return": {}, "id": "qmpsh-1"}` + "\r\n")
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
		{"refused", `{"error": {"class": "CommandNotFound", "desc": "no such thing"}, "id": "qmpsh-1"}`, (*peer).silence, "no such thing", nil},
		{"refused without id", `{"error": {"class": "CommandNotFound", "desc": "no such thing"}}`, (*peer).silence, "no such thing", nil},
		{"no reply", `{"id": "qmpsh-1"}`, (*peer).silence, "", nil},
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

func TestQ2_EventsOfTheHandshakeAreDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) {
			p.send(event("A"), greetingLine, event("B"))
			p.next()
			p.send(event("C"), `{"return": {}, "id": "somebody-else"}`+"\r\n", event("D"), `{"return": {}}`+"\r\n", event("E"))
			p.silence()
		})
		c := NewClient(Options{})
		l := c.Events(Filter{})
		if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"A", "B", "C", "D", "E"} {
			if ev, err := l.Next(t.Context()); err != nil || ev.Name != want {
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
		l := c.Events(Filter{})
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
		if ev, err := l.Next(t.Context()); err != nil || ev.Name != "A" {
			t.Errorf("got %v, %v", ev.Name, err)
		}
		_, err := l.Next(t.Context())
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
						p.expect(`{"execute": "qmp_capabilities", "id": "qmpsh-1"}`)
						p.reply(`"qmpsh-1"`, "{}")
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
		l := c.Events(Filter{})
		if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
			t.Fatal(err)
		}
		defer c.Disconnect(t.Context())
		got, err := c.Execute(t.Context(), "query-x", nil)
		if err != nil || string(got) != "[\r\n        1\r\n    ]" {
			t.Errorf("got %q, %v", got, err)
		}
		if ev, err := l.Next(t.Context()); err != nil || ev.Name != "STOP" {
			t.Errorf("got %v, %v", ev, err)
		}
	})
}
