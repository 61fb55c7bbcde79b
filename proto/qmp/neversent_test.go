package qmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// stingy is a connection whose peer takes a number of bytes and then resets it. From
// the first write that is more, or as soon as it shall wait, it blocks until broken is
// closed.
type stingy struct {
	net.Conn
	left   atomic.Int64
	wait   atomic.Bool
	broken chan struct{}
}

func (c *stingy) Write(p []byte) (int, error) {
	if c.wait.Load() {
		<-c.broken
	}
	n := int(min(int64(len(p)), c.left.Load()))
	c.left.Add(int64(-n))
	if n < len(p) {
		<-c.broken
		c.Conn.Write(p[:n])
		return n, syscall.ECONNRESET
	}
	return c.Conn.Write(p)
}

// A client whose peer takes some bytes of what it is sent and then resets: each command
// knows whether any byte of it was among them.
func TestQ8_WhatWasNeverSentIsKnownAtEveryByte(t *testing.T) {
	const each = len(`{"execute": "a", "id": "x1"}` + "\n")
	for round := range 2 * 4 * each {
		// One message a write, and most of them with one write.
		taken, together := round/2, round%2 == 1
		t.Run(fmt.Sprint(taken, together), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				conn := &stingy{Conn: near, broken: make(chan struct{})}
				conn.left.Store(1 << 20)
				go play(t, far, func(p *peer) {
					p.greet()
					p.silence()
				})
				c := NewClient(Options{})
				if err := c.ConnectStream(t.Context(), conn, "stingy"); err != nil {
					t.Fatal(err)
				}
				defer c.Disconnect(context.Background())
				conn.left.Store(int64(taken))
				conn.wait.Store(together)
				var calls []*started
				for i := range 4 {
					calls = append(calls, do(t.Context(), c, Command{Name: "a", ID: fmt.Appendf(nil, `"x%d"`, i)}))
					synctest.Wait()
				}
				close(conn.broken)
				for i, d := range calls {
					_, err := d.wait()
					if e := wantError[*InterruptedError](t, err); !errors.Is(e, syscall.ECONNRESET) {
						t.Errorf("the cause is %v", e.Err)
					}
					if got, want := NeverSent(err), taken <= i*each; got != want {
						t.Errorf("command %d: never sent is %v (%v)", i, got, err)
					}
				}
			})
		})
	}
}

// What waits in the engine's queue or for its turn when the server goes was not sent.
func TestQ8_WhatWaitedForItsTurnWasNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			for range eight {
				p.command()
			}
		})
		var calls []*started
		for range eight + 3 {
			calls = append(calls, do(t.Context(), c, Command{Name: "slow"}))
			synctest.Wait()
		}
		for i, d := range calls {
			if _, err := d.wait(); NeverSent(err) != (i >= eight) {
				t.Errorf("command %d: %v", i, err)
			}
		}
	})
}

// An agent that does not synchronise never got the command behind the synchronisation.
func TestQ12_BehindAFailedSynchronisationNothingWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := agent(t, func(p *peer) {
			p.synced()
			p.expect(`{"execute": "guest-ping"}`)
			p.next() // a synchronisation without an answer
			p.synced()
			p.expect(`{"execute": "guest-ping"}`)
			p.silence()
		})
		if err != nil {
			t.Fatal(err)
		}
		// The second finds no agent that listens, the third does.
		for i, never := range []bool{false, true, false} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := c.Execute(ctx, "guest-ping", nil)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || NeverSent(err) != never {
				t.Errorf("command %d: %v", i, err)
			}
		}
	})
}

func TestQ8_NeverSentBelievesTheOutermostThatKnows(t *testing.T) {
	unsent, sent := &InterruptedError{Unsent: true, Err: io.EOF}, &InterruptedError{Err: io.EOF}
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{io.EOF, false},
		{context.Canceled, false},
		{unsent, true},
		{sent, false},
		{fmt.Errorf("line 3: %w", unsent), true},
		{&WaitError{Unsent: true, Err: context.Canceled}, true},
		{&WaitError{Err: context.Canceled}, false},
		{&WaitError{Err: &proto.ConnectError{Err: io.EOF}}, false}, // a caller's own cause
		{&ExecuteError{}, false},
		{&BadReplyError{}, false},
		{&ServerParseError{Err: &ExecuteError{}}, false},
		{&CommandError{}, true},
		{&AddressError{}, true},
		{&proto.StateError{}, true},
		{&proto.ConnectError{Err: &GreetingError{Kind: Silent}}, true},
		{&GreetingError{Kind: Silent}, true},
		{&NegotiationError{}, true},
		{&AgentSyncError{}, true},
		{errors.Join(unsent, &CommandError{}), true},
		{errors.Join(unsent, sent), false},
		{errors.Join(unsent, io.EOF), false},
	} {
		if got := NeverSent(test.err); got != test.want {
			t.Errorf("%T (%v): got %v", test.err, test.err, got)
		}
	}
}
