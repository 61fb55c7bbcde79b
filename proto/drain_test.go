package proto_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// A peer says much and goes, while the handler is busy and we write: what it said is
// handled to the end, and the error of the write is what everybody is told.
func TestE17_WhatHasArrivedIsHandledAfterAFailedWrite(t *testing.T) {
	const n = 1000
	near, far := socketPair(t)
	busy, release := make(chan struct{}), make(chan struct{})
	var handled []string
	p := text()
	p.Handle = func(ctx context.Context, m string) error {
		if ctx.Err() != nil {
			t.Errorf("the handler's context ended before message %d: %v", len(handled), context.Cause(ctx))
		}
		if handled = append(handled, m); len(handled) == 1 {
			close(busy)
			<-release
		}
		return nil
	}
	c := proto.New(p, proto.Options{})
	if err := c.ConnectStream(t.Context(), near, "pair"); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "%d %s\n", i, strings.Repeat("x", 100))
	}
	say(t, far, all.String()) // more than the reader's buffer holds
	<-busy
	far.Close()
	if err := c.Send("hello?"); err != nil {
		t.Fatal(err)
	}
	look := c.Look()
	for look.State() != proto.Disconnecting {
		look, _ = look.Next(t.Context())
	}
	close(release)
	if err := c.Disconnect(t.Context()); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("got %v", err)
	}
	if len(handled) != n {
		t.Errorf("%d of %d messages were handled", len(handled), n)
	}
	for i, m := range handled {
		if !strings.HasPrefix(m, fmt.Sprint(i, " ")) {
			t.Fatalf("message %d is %.20q", i, m)
		}
	}
}

// A peer that stays ends the reading on soon, whether it is silent, goes on talking, or
// sends what the handler refuses; and a caller who waits no longer ends it at once.
func TestE17_ReadingOnIsBounded(t *testing.T) {
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		at      time.Duration // that the handler takes for each message
		every   time.Duration // between two messages of the peer; 0 for none
		refused bool
		patient time.Duration // of the caller who disconnects; 0 for ever
		atMost  time.Duration
	}{
		"silent":    {atMost: 300 * time.Millisecond},
		"talking":   {every: 10 * time.Millisecond, atMost: 3 * time.Second},
		"slow":      {every: time.Millisecond, at: 99 * time.Millisecond, atMost: 3 * time.Second},
		"refused":   {every: 10 * time.Millisecond, refused: true, atMost: 50 * time.Millisecond},
		"impatient": {every: 10 * time.Millisecond, patient: 400 * time.Millisecond, atMost: 400 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handled := 0
				p := text()
				p.Send = func(*proto.Writer, string) error { return boom }
				p.Handle = func(context.Context, string) error {
					handled++
					time.Sleep(test.at)
					if test.refused {
						return errors.New("a consequence")
					}
					return nil
				}
				c, far := overPipe(t, p)
				var peer sync.WaitGroup
				peer.Go(func() {
					for test.every > 0 {
						time.Sleep(test.every)
						if _, err := far.Write([]byte(strings.Repeat("more\n", 100))); err != nil {
							return
						}
					}
				})
				start := time.Now()
				c.Send("x")
				ctx := context.Background()
				if test.patient > 0 {
					var cancel func()
					ctx, cancel = context.WithTimeout(ctx, test.patient)
					defer cancel()
				}
				if err := c.Disconnect(ctx); err != boom {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took > test.atMost {
					t.Errorf("it took %v", took)
				}
				if test.every > 0 && handled == 0 {
					t.Error("nothing was handled")
				}
				far.Close()
				peer.Wait()
			})
		})
	}
}
