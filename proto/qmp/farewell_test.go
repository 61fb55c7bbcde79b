package qmp

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// A server answers quit, says SHUTDOWN and goes, while other callers write to it all the
// time: the answer and the event are there nevertheless, whichever loop fails first.
func TestE17_TheLastWordsOfAServerAreHeard(t *testing.T) {
	for range 60 {
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
					if id := string(m.ID); id == `"quit"` {
						p.reply(id, "{}")
						p.send(event("SHUTDOWN"))
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
		var others sync.WaitGroup
		for range 4 {
			others.Go(func() {
				for {
					// Nobody waits for an answer: only the writing counts.
					gone, cancel := context.WithCancel(t.Context())
					d := do(gone, c, Command{Name: "query-status", OOB: true})
					cancel()
					if _, err := d.wait(); !errors.Is(err, context.Canceled) {
						return
					}
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
		others.Wait()
		c.Disconnect(t.Context())
		<-served
		if t.Failed() {
			return
		}
	}
}
