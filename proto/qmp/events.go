package qmp

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// DefaultBuffer is how many events a Listener keeps for a slow reader when its
// Filter does not say.
const DefaultBuffer = 16384

// maxNames bounds what is remembered of event names. QEMU 9 has about 70.
const maxNames = 512

// ErrListenerClosed is what Next returns after Close.
var ErrListenerClosed = errors.New("the event listener is closed")

// MissedError stands in a listener's stream in the place of N events that were
// dropped because the listener had not been read for too long (Q9). The stream
// goes on after it.
type MissedError struct{ N uint64 }

func (e *MissedError) Error() string {
	if e.N == 1 {
		return "1 event was missed"
	}
	return fmt.Sprintf("%d events were missed", e.N)
}

// SessionEndedError stands in a listener's stream behind the last event of a
// session. Err is why it ended, nil when the client disconnected. The listener
// goes on with the client's next session.
type SessionEndedError struct{ Err error }

func (e *SessionEndedError) Error() string {
	if e.Err == nil {
		return "the session has ended"
	}
	return "the session has ended: " + e.Err.Error()
}

func (e *SessionEndedError) Unwrap() error { return e.Err }

// Filter says which events a Listener gets. The zero value lets all pass.
type Filter struct {
	// Names holds patterns in the syntax of path.Match; an event passes if one
	// of them matches its name. A malformed pattern stands for itself. None at
	// all means every name.
	Names []string
	// Match is asked about the events whose name passes. It runs on the
	// goroutine that reads from the server: it must be quick, and must not call
	// the client.
	Match func(Event) bool
	// Buffer is how many events are kept for a slow reader; 0 is DefaultBuffer.
	Buffer int
}

// listeners is the set of a client's listeners. Deliveries do not take its
// lock, so that adding one never delays the reader.
type listeners struct {
	mu  sync.Mutex // serialises changes
	set atomic.Pointer[[]*Listener]
}

func (s *listeners) all() []*Listener {
	if p := s.set.Load(); p != nil {
		return *p
	}
	return nil
}

func (s *listeners) add(f Filter) *Listener {
	l := newListener(f, s.remove)
	s.mu.Lock()
	defer s.mu.Unlock()
	set := append(slices.Clone(s.all()), l)
	s.set.Store(&set)
	return l
}

func (s *listeners) remove(l *Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := slices.DeleteFunc(slices.Clone(s.all()), func(x *Listener) bool { return x == l })
	s.set.Store(&set)
}

func (s *listeners) deliver(ev Event) {
	for _, l := range s.all() {
		l.deliver(ev)
	}
}

func (s *listeners) end(cause error) {
	ended := &SessionEndedError{Err: cause}
	for _, l := range s.all() {
		l.end(ended)
	}
}

// deliver hands an event of the server to the listeners. It runs where messages are
// received.
func (c *Client) deliver(m *Message) error {
	if len(c.listeners.all()) == 0 && isString(m.Event) {
		return nil
	}
	ev, err := c.decodeEvent(m)
	if err != nil {
		return err
	}
	c.listeners.deliver(ev)
	return nil
}

// decodeEvent is Message.DecodeEvent, but makes the name's string once for all events
// of that name, and takes an event whose timestamp makes no sense for one without.
func (c *Client) decodeEvent(m *Message) (Event, error) {
	name, known := c.names[string(m.Event)]
	if !known {
		ev, err := (&Message{Raw: m.Raw, Event: m.Event}).DecodeEvent()
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
