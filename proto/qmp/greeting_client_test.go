package qmp

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
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
	tests := []insteadOfGreeting{
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
		for _, piece := range []int{max(1, len(test.text)), 1} {
			t.Run(test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { test.run(t, piece) })
			})
		}
	}
}

// insteadOfGreeting is a server that sends a text, does something and should be known
// as a kind.
type insteadOfGreeting struct {
	name  string
	text  string
	then  func(*peer)
	kind  GreetingKind
	cause error // nil: any
}

// run sends the text in pieces of a size.
func (test insteadOfGreeting) run(t *testing.T, piece int) {
	conn := serve(t, func(p *peer) {
		for part := range slices.Chunk([]byte(test.text), piece) {
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
}

// A QMP server that is only slow must not be harmed by the probe, however often its
// greeting comes in pieces.
func TestQ1_LateGreetingIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) {
			time.Sleep(4 * time.Second)
			p.send(greetingLine[:20])
			time.Sleep(500 * time.Millisecond)
			p.send(greetingLine[20:])
			blank := 0
			line := p.next()
			for ; line == ""; line = p.next() {
				blank++
			}
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
	for limit, most := range map[time.Duration]time.Duration{
		5 * time.Second:        time.Second,
		500 * time.Millisecond: 250 * time.Millisecond,
		0:                      time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			conn := serve(t, func(p *peer) { p.next() })
			ctx := t.Context()
			if limit > 0 {
				var cancel func()
				ctx, cancel = context.WithTimeout(ctx, limit)
				defer cancel()
			}
			start := time.Now()
			e := wantError[*GreetingError](t, NewClient(Options{}).ConnectStream(ctx, conn, "test"))
			if took := time.Since(start); e.Kind != TLSServer || took > most {
				t.Errorf("%v after %v", e.Kind, took)
			}
		})
	}
}

// stubborn is a connection whose Write does not return at once when it is closed.
type stubborn struct {
	net.Conn
	closed  chan struct{}
	writing atomic.Bool
}

func (c *stubborn) Write(p []byte) (int, error) {
	c.writing.Store(true)
	defer c.writing.Store(false)
	<-c.closed
	time.Sleep(time.Second)
	return 0, net.ErrClosed
}

func (c *stubborn) Close() error {
	select {
	case <-c.closed:
	default:
		close(c.closed)
	}
	return c.Conn.Close()
}

func TestQ1_NothingOfTheProbeIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := &stubborn{Conn: serve(t, (*peer).silence), closed: make(chan struct{})}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		wantError[*GreetingError](t, NewClient(Options{}).ConnectStream(ctx, conn, "test"))
		if conn.writing.Load() {
			t.Error("the probe is still being written")
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
