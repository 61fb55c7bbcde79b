package qmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// conversation is what a server says in one: to the connection, to qmp_capabilities
// and to a command, after which an event follows.
var conversation = [...]string{
	greetingLine,
	`{"return": {}, "id": 1}` + "\r\n",
	`{"return": {"status": "running"}, "id": 1}` + "\r\n",
	event("STOP"),
}

// reached returns how many parts of the conversation are complete within n bytes. A
// message ends with its brace; the line end is only its own.
func reached(n int) int {
	parts := 0
	for _, part := range conversation {
		if n < len(strings.TrimSpace(part)) {
			break
		}
		parts++
		n -= len(part)
	}
	return parts
}

// sayUntil speaks the conversation but for what comes after n bytes.
func sayUntil(p *peer, n int) {
	for i, part := range conversation {
		if i == 1 || i == 2 {
			p.command()
		}
		p.send(part[:min(n, len(part))])
		if n -= len(part); n <= 0 {
			return
		}
	}
}

// A connection that dies, or falls silent, at any byte ends in the right error: while
// connecting a ConnectError around what failed, later an InterruptedError; nothing
// hangs and nothing is left behind.
func TestQ1_Q2_Q8_CutAtEveryByte(t *testing.T) {
	total := len(strings.Join(conversation[:], ""))
	for n := range total + 1 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := serve(t, func(p *peer) { sayUntil(p, n) })
				talk(t, conn, reached(n), io.EOF)
			})
			synctest.Test(t, func(t *testing.T) {
				conn := serve(t, func(p *peer) {
					sayUntil(p, n)
					p.silence()
				})
				talk(t, conn, reached(n), context.DeadlineExceeded)
			})
		})
	}
}

// talk is the client's side of a conversation of which parts come through before it
// ends with io.EOF, or falls silent until a deadline.
func talk(t *testing.T, conn net.Conn, parts int, end error) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	c := NewClient(Options{})
	sub := c.Subscribe(EventFilter{})
	err := c.ConnectStream(ctx, conn, "test")
	if parts < 2 {
		notConnected(t, err, parts, end)
		if c.State() != proto.Idle {
			t.Errorf("state is %v", c.State())
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Execute(ctx, "query-status", nil)
	switch {
	case parts > 2:
		if err != nil || string(got) != `{"status": "running"}` {
			t.Errorf("got %s, %v", got, err)
		}
	case end == io.EOF:
		if cause := wantError[*InterruptedError](t, err).Err; !isEnd(cause) {
			t.Errorf("got %v", err)
		}
	case !errors.Is(err, end):
		t.Errorf("got %v", err)
	}
	ev, err := sub.Next(ctx)
	if parts > 3 {
		if err != nil || ev.Name != "STOP" {
			t.Errorf("got %v, %v", ev.Name, err)
		}
		_, err = sub.Next(ctx)
	}
	if end == io.EOF {
		if cause := wantError[*SessionEndedError](t, err).Err; !isEnd(cause) {
			t.Errorf("got %v", err)
		}
	} else if err != end {
		t.Errorf("got %v", err)
	}
	if err := c.Disconnect(t.Context()); end == io.EOF && !isEnd(err) || end != io.EOF && err != nil {
		t.Errorf("disconnect gave %v", err)
	}
}

// notConnected checks why there is no session.
func notConnected(t *testing.T, err error, parts int, end error) {
	if parts == 0 {
		e := wantError[*GreetingError](t, err)
		if want := map[bool]GreetingKind{true: Closed, false: Silent}[end == io.EOF]; e.Kind != want {
			t.Errorf("kind is %v", e.Kind)
		}
	} else {
		wantError[*NegotiationError](t, err)
	}
	if end == io.EOF {
		wantError[*proto.ConnectError](t, err)
		if !isEnd(err) {
			t.Errorf("got %v", err)
		}
	} else if !errors.Is(err, end) {
		t.Errorf("got %v", err)
	}
}

// isEnd reports whether err is a way in which the end of the stream shows.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe)
}
