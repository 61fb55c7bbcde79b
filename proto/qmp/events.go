package qmp

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// What a Subscription keeps for a slow reader when its EventFilter does not say.
const (
	defaultMaxEvents = 16384
	defaultMaxBytes  = 16 << 20
)

// maxNames bounds what is remembered of event names. QEMU 9 has about 70.
const maxNames = 512

// ErrSubscriptionClosed is what Next returns after Close.
var ErrSubscriptionClosed = errors.New("the subscription is closed")

// MissedError stands in a subscription's stream in the place of N events that were
// dropped because the subscription had not been read for too long (Q9). The stream
// goes on after it.
type MissedError struct{ N uint64 }

func (e *MissedError) Error() string {
	if e.N == 1 {
		return "1 event was missed"
	}
	return fmt.Sprintf("%d events were missed", e.N)
}

// SessionEndedError stands in a subscription's stream behind the last event of a
// session. Err is why it ended, nil when the client disconnected. The subscription
// goes on with the client's next session.
type SessionEndedError struct{ Err error }

func (e *SessionEndedError) Error() string {
	if e.Err == nil {
		return "the session has ended"
	}
	return "the session has ended: " + e.Err.Error()
}

func (e *SessionEndedError) Unwrap() error { return e.Err }

// EventFilter says which events a Subscription gets. The zero value lets all pass.
type EventFilter struct {
	// Names holds patterns in the syntax of path.Match; an event passes if one
	// of them matches its name. A malformed pattern stands for itself. None at
	// all means every name.
	Names []string
	// Match is asked about the events whose name passes. It runs on the
	// goroutine that reads from the server: it must be quick, and must not call
	// the client.
	Match func(Event) bool
	// MaxEvents is how many events are kept for a slow reader; 0 means 16,384.
	MaxEvents int
	// MaxBytes is how long those events may be together, as the server sent them; 0
	// means 16 MiB. The newest is kept however long it is.
	MaxBytes int
}

// subscriptions is the set of a client's subscriptions. Deliveries do not take its
// lock, so that adding one never delays the reader.
type subscriptions struct {
	mu  sync.Mutex // serialises changes
	set atomic.Pointer[[]*Subscription]
}

func (s *subscriptions) all() []*Subscription {
	if p := s.set.Load(); p != nil {
		return *p
	}
	return nil
}

func (s *subscriptions) add(f EventFilter) *Subscription {
	sub := newSubscription(f, s.remove)
	s.mu.Lock()
	defer s.mu.Unlock()
	set := append(slices.Clone(s.all()), sub)
	s.set.Store(&set)
	return sub
}

func (s *subscriptions) remove(sub *Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := slices.DeleteFunc(slices.Clone(s.all()), func(x *Subscription) bool { return x == sub })
	s.set.Store(&set)
}

func (s *subscriptions) deliver(ev Event) {
	for _, sub := range s.all() {
		sub.deliver(ev)
	}
}

func (s *subscriptions) end(cause error) {
	ended := &SessionEndedError{Err: cause}
	for _, sub := range s.all() {
		sub.end(ended)
	}
}

// deliver hands an event of the server to the subscriptions. It runs where messages are
// received.
func (c *Client) deliver(m *Message) error {
	if len(c.subscriptions.all()) == 0 && isString(m.Event) {
		return nil
	}
	ev, err := c.decodeEvent(m)
	if err != nil {
		return err
	}
	c.subscriptions.deliver(ev)
	return nil
}

// decodeEvent is Message.decodeEvent, but makes the name's string once for all events
// of that name, and takes an event whose timestamp makes no sense for one without.
func (c *Client) decodeEvent(m *Message) (Event, error) {
	name, known := c.names[string(m.Event)]
	if !known {
		ev, err := (&Message{Raw: m.Raw, Event: m.Event}).decodeEvent()
		if err != nil {
			return Event{}, err
		}
		name = ev.Name
		if len(c.names) < maxNames {
			c.names[string(m.Event)] = name
		}
	}
	when, err := parseTimestamp(m.Timestamp)
	if err != nil {
		c.log.Warn("an event has a bad timestamp", "event", name, "error", err)
	}
	return Event{Name: name, Data: m.Data, Raw: m.Raw, Time: when}, nil
}
