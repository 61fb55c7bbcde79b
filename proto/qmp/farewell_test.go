package qmp

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// A server answers quit, says SHUTDOWN and goes, while other callers write to it all the
// time: the answer and the event are there nevertheless, whichever loop fails first.
func TestE17_TheLastWordsOfAServerAreHeard(t *testing.T) {
	for range 40 {
		near, far := socketPair(t)
		served := make(chan struct{})
		go func() {
			defer close(served)
			play(t, far, func(p *peer) {
				p.greet()
				for {
					m, err := ParseMessage([]byte(p.next()))
					if err != nil {
						return
					}
					if string(m.ID) == `"quit"` {
						io.WriteString(far, `{"return": {}, "id": "quit"}`+"\n"+event("SHUTDOWN"))
						far.(interface{ CloseRead() error }).CloseRead()
						return
					}
				}
			})
		}()
		c := NewClient(Options{})
		if err := c.ConnectStream(t.Context(), near, "quit"); err != nil {
			t.Fatal(err)
		}
		sub := c.Subscribe(EventFilter{})
		heard, stop := context.WithCancel(t.Context())
		var others sync.WaitGroup
		for range 4 {
			others.Go(func() {
				// Nobody waits for an answer: only the writing counts.
				for heard.Err() == nil {
					short, cancel := context.WithTimeout(heard, 20*time.Microsecond)
					c.Do(short, Command{Name: "query-status", OOB: true})
					cancel()
				}
			})
		}
		if _, err := c.Do(t.Context(), Command{Name: "quit", ID: []byte(`"quit"`)}); err != nil {
			t.Errorf("quit: %v", err)
		}
		ev, err := sub.Next(t.Context())
		if err != nil || ev.Name != "SHUTDOWN" {
			t.Errorf("got %v, %v in place of the event", ev.Name, err)
		}
		stop()
		others.Wait()
		c.Disconnect(t.Context())
		<-served
		if t.Failed() {
			return
		}
	}
}

// So are those of one that goes before the negotiation. One that stays, and takes nothing,
// is heard for a moment.
func TestE17_Q2_TheLastWordsBeforeTheNegotiationAreHeard(t *testing.T) {
	for _, stays := range []bool{false, true} {
		near, far := socketPair(t)
		io.WriteString(far, greetingLine+event("A")+event("B"))
		far.(interface{ CloseRead() error }).CloseRead()
		if !stays {
			far.Close()
		}
		c := NewClient(Options{})
		sub := c.Subscribe(EventFilter{})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := c.ConnectStream(ctx, near, "gone")
		cancel()
		if wantError[*NegotiationError](t, err); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("got %v", err)
		}
		want := []string{"A", "B", "ended " + wantError[*proto.ConnectError](t, err).Error()}
		if got := drain(sub); !slices.Equal(got, want) {
			t.Errorf("got %q, not %q", got, want)
		}
		far.Close()
	}
}
