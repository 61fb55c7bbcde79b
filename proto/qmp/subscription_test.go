package qmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func eventNamed(name string) Event { return Event{Name: name} }

// drain describes what the subscription has at hand, without waiting.
func drain(sub *Subscription) (got []string) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		ev, err := sub.Next(done)
		var missed *MissedError
		var ended *SessionEndedError
		switch {
		case err == nil:
			got = append(got, ev.Name)
		case errors.As(err, &missed):
			got = append(got, fmt.Sprint("missed ", missed.N))
		case errors.As(err, &ended):
			got = append(got, fmt.Sprint("ended ", ended.Err))
		default:
			return got
		}
	}
}

func TestQ9_EachSubscriptionHasItsFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tests := []struct {
			filter EventFilter
			want   string
		}{
			{EventFilter{}, "STOP JOB_STATUS_CHANGE RESUME BLOCK_JOB_READY [odd"},
			{EventFilter{Names: []string{"STOP"}}, "STOP"},
			{EventFilter{Names: []string{"*JOB_*", "RESUME"}}, "JOB_STATUS_CHANGE RESUME BLOCK_JOB_READY"},
			{EventFilter{Names: []string{"[odd"}}, "[odd"},
			{EventFilter{Names: []string{"stop"}}, ""},
			{EventFilter{Match: func(e Event) bool { return strings.Contains(string(e.Data), "yes") }}, "RESUME"},
			{EventFilter{Names: []string{"S*"}, Match: func(e Event) bool { return e.Data == nil }}, "STOP"},
		}
		c := NewClient(Options{})
		var all []*Subscription
		for _, test := range tests {
			all = append(all, c.Subscribe(test.filter))
		}
		connect(t, c, func(p *peer) {
			p.send(event("STOP"), event("JOB_STATUS_CHANGE"), `{"event": "RESUME", "data": {"x": "yes"}}`, event("BLOCK_JOB_READY"), event("[odd"))
			p.silence()
		})
		synctest.Wait()
		for i, test := range tests {
			if got := strings.Join(drain(all[i]), " "); got != test.want {
				t.Errorf("%v: got %s", test.filter.Names, got)
			}
		}
	})
}

func TestQ9_EventsCarryTheServersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		c := NewClient(Options{Logger: book.logger()})
		sub := c.Subscribe(EventFilter{})
		connect(t, c, func(p *peer) {
			p.send(event("A"), `{"event": "B", "timestamp": {"seconds": -1, "microseconds": -1}}`,
				`{"event": "C", "timestamp": {"seconds": "now"}}`, event("A"))
			p.silence()
		})
		want := time.Unix(1700000000, 5000)
		for _, test := range []struct {
			name string
			time time.Time
		}{{"A", want}, {"B", time.Time{}}, {"C", time.Time{}}, {"A", want}} {
			ev, err := sub.Next(t.Context())
			if err != nil || ev.Name != test.name || !ev.Time.Equal(test.time) {
				t.Errorf("got %s at %v, %v", ev.Name, ev.Time, err)
			}
		}
		if !book.has("level=WARN", "timestamp", "event=C") {
			t.Error("no warning about the bad timestamp")
		}
	})
}

func TestQ9_OverflowIsToldInItsPlace(t *testing.T) {
	sub := newSubscription(EventFilter{MaxEvents: 20}, func(*Subscription) {})
	for i := range 50 {
		sub.deliver(eventNamed(fmt.Sprint(i)))
	}
	want := []string{"missed 30"}
	for i := 30; i < 50; i++ {
		want = append(want, fmt.Sprint(i))
	}
	if got := drain(sub); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	sub.deliver(eventNamed("more"))
	if got := drain(sub); !slices.Equal(got, []string{"more"}) {
		t.Errorf("then got %v", got)
	}
}

func TestQ9_ASubscriptionIsBoundedInBytes(t *testing.T) {
	long := func(name string, n int) Event { return Event{Name: name, Raw: make([]byte, n)} }
	sub := newSubscription(EventFilter{MaxBytes: 1000}, func(*Subscription) {})
	steps := []struct {
		events []Event
		want   string
	}{
		{[]Event{long("A", 400), long("B", 600)}, "A, B"},
		{[]Event{long("A", 400), long("B", 600), long("C", 1)}, "missed 1, B, C"},
		{[]Event{long("A", 400), long("B", 500), long("C", 700)}, "missed 2, C"},
		{[]Event{long("A", 400), long("B", 5000)}, "missed 1, B"}, // the newest, however long
		{[]Event{long("B", 5000), long("C", 1)}, "missed 1, C"},
		{[]Event{long("A", 1000)}, "A"}, // what was read does not count
	}
	for _, step := range steps {
		for _, ev := range step.events {
			sub.deliver(ev)
		}
		if got := strings.Join(drain(sub), ", "); got != step.want {
			t.Errorf("got %s, not %s", got, step.want)
		}
	}
	// The end of a session has its place among few, and weighs nothing.
	sub.deliver(long("A", 900))
	sub.end(&SessionEndedError{})
	sub.deliver(long("B", 900))
	if got, want := strings.Join(drain(sub), ", "), "missed 1, ended <nil>, B"; got != want {
		t.Errorf("got %s, not %s", got, want)
	}
}

// A server that sends long events to a reader who has gone to sleep does not fill the
// memory: what is kept stays within the bound.
func TestQ9_NobodyReadsLongEvents(t *testing.T) {
	near, far := socketPair(t)
	c := NewClient(Options{SkipGreeting: true, SkipNegotiation: true})
	sub := c.Subscribe(EventFilter{})
	if err := c.ConnectStream(t.Context(), near, "events"); err != nil {
		t.Fatal(err)
	}
	const n, size = 200, 1 << 20
	line := []byte(`{"event": "E", "data": {"x": "` + strings.Repeat("x", size) + `"}}` + "\n")
	for range n {
		if _, err := far.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	far.Close()
	c.Wait(t.Context())
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc > 3*defaultMaxBytes {
		t.Errorf("%d MiB are in use", memory.HeapAlloc>>20)
	}
	got := drain(sub)
	kept := len(got) - 2
	if got[0] != fmt.Sprint("missed ", n-kept) || got[len(got)-1] != "ended EOF" || kept < 10 || kept*size > defaultMaxBytes {
		t.Errorf("%d events are left, behind %q, before %q", kept, got[0], got[len(got)-1])
	}
	c.Disconnect(t.Context())
}

func TestQ9_TheEndOfASessionSurvivesOverflow(t *testing.T) {
	sub := newSubscription(EventFilter{MaxEvents: 2}, func(*Subscription) {})
	events := func(n int) {
		for range n {
			sub.deliver(eventNamed("e"))
		}
	}
	end := func(text string) { sub.end(&SessionEndedError{Err: errors.New(text)}) }
	steps := []struct {
		name string
		do   func()
		want string
	}{
		{"kept", func() { events(1); end("one") }, "e, ended one"},
		{"at the edge", func() { events(2); end("one") }, "missed 1, e, ended one"},
		{"dropped", func() { events(2); end("one"); events(3) }, "missed 2, ended one, missed 1, e, e"},
		{"two, the first dropped", func() { events(1); end("one"); events(2); end("two") }, "missed 1, ended one, missed 1, e, ended two"},
		{"both dropped", func() { end("one"); events(1); end("two"); events(4) }, "missed 1, ended two, missed 2, e, e"},
	}
	for _, step := range steps {
		step.do()
		if got := strings.Join(drain(sub), ", "); got != step.want {
			t.Errorf("%s: got %s", step.name, got)
		}
	}
}

// Nobody reads the subscription, and the replies come all the same.
func TestQ9_SlowSubscriptionDelaysNoReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClient(Options{})
		sub := c.Subscribe(EventFilter{MaxEvents: 3})
		connect(t, c, func(p *peer) {
			for range 100 {
				line, id := p.command()
				if line == "" {
					return
				}
				p.send(event("A"))
				p.reply(id, "{}")
			}
			p.silence()
		})
		for range 100 {
			if _, err := c.Execute(t.Context(), "x", nil); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := drain(sub), []string{"missed 97", "A", "A", "A"}; !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestQ9_ASubscriptionOutlivesSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClient(Options{})
		sub := c.Subscribe(EventFilter{Names: []string{"*"}})
		connect(t, c, func(p *peer) { p.send(event("A"), event("B")) })
		if err := c.Wait(t.Context()); err != io.EOF {
			t.Fatal(err)
		}
		c.Disconnect(t.Context())
		connect(t, c, func(p *peer) { p.send(event("C")); p.silence() })
		synctest.Wait()
		c.Disconnect(t.Context())
		if got, want := drain(sub), []string{"A", "B", "ended EOF", "C", "ended <nil>"}; !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestQ9_NextWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sub := newSubscription(EventFilter{}, func(*Subscription) {})
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { sub.deliver(eventNamed("A")) })
		time.AfterFunc(2*time.Second, func() { cancel(why) })
		if ev, err := sub.Next(ctx); err != nil || ev.Name != "A" {
			t.Errorf("got %v, %v", ev, err)
		}
		if _, err := sub.Next(ctx); err != why {
			t.Errorf("got %v", err)
		}
		// What has come is not lost to an ended context.
		sub.deliver(eventNamed("B"))
		if ev, err := sub.Next(ctx); err != nil || ev.Name != "B" {
			t.Errorf("got %v, %v", ev, err)
		}
	})
}

func TestQ9_ReadersOfOneSubscriptionShareItsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sub := newSubscription(EventFilter{}, func(*Subscription) {})
		got := make(chan string, 10)
		for range 3 {
			go func() {
				for {
					ev, err := sub.Next(t.Context())
					if err != nil {
						got <- err.Error()
						return
					}
					got <- ev.Name
				}
			}()
		}
		synctest.Wait()
		for range 5 {
			sub.deliver(eventNamed("A"))
		}
		synctest.Wait()
		sub.Close()
		sub.Close()
		synctest.Wait()
		close(got)
		count := map[string]int{}
		for name := range got {
			count[name]++
		}
		if count["A"] != 5 || count[ErrSubscriptionClosed.Error()] != 3 {
			t.Errorf("got %v", count)
		}
	})
}

func TestQ9_ClosedSubscriptionGetsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClient(Options{})
		closed, open := c.Subscribe(EventFilter{}), c.Subscribe(EventFilter{})
		closed.Close()
		connect(t, c, func(p *peer) { p.send(event("A")); p.silence() })
		if ev, err := open.Next(t.Context()); err != nil || ev.Name != "A" {
			t.Errorf("got %v, %v", ev, err)
		}
		if _, err := closed.Next(t.Context()); err != ErrSubscriptionClosed {
			t.Errorf("got %v", err)
		}
		if n := len(c.subscriptions.all()); n != 1 {
			t.Errorf("the client has %d subscriptions", n)
		}
	})
}

func TestQ9_EventWithoutANameEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) { p.send(`{"event": 5}`); p.silence() })
		wantError[*ServerParseError](t, c.Wait(t.Context()))
	})
}
