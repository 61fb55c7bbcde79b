package qmp

import (
	"context"
	"errors"
	"fmt"
	"path"
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

// Listener is one reader's view of a client's events, across sessions. All
// methods may be called from any goroutine; what several readers of one
// Listener take is shared out among them.
//
// The policy for a reader that is too slow (Q9): the newest Filter.Buffer
// entries are kept, the oldest are dropped, and Next reports in their place how
// many were. The server's reader never waits for a listener.
type Listener struct {
	filter Filter
	limit  int
	detach func(*Listener)

	// names remembers which names pass. Only the goroutine that delivers
	// touches it; deliveries never overlap.
	names map[string]bool

	mu      sync.Mutex
	ring    []entry // a ring whose length is a power of two
	head    int     // index of the oldest entry
	n       int
	lost    lost
	waiting int           // readers inside Next
	closed  bool          // by Close
	wake    chan struct{} // holds a token when a waiting reader should look
}

// entry is an event, or the end of a session when ended is set.
type entry struct {
	event Event
	ended *SessionEndedError
}

// lost is what overflow removed from before the oldest entry of the ring. The
// end of a session survives the overflow; of several the last.
type lost struct {
	before uint64
	ended  *SessionEndedError
	after  uint64
}

func newListener(f Filter, detach func(*Listener)) *Listener {
	limit := f.Buffer
	if limit <= 0 {
		limit = DefaultBuffer
	}
	f.Names = slices.Clone(f.Names)
	return &Listener{
		filter: f,
		limit:  limit,
		detach: detach,
		names:  map[string]bool{},
		wake:   make(chan struct{}, 1),
	}
}

// Next returns the next event, in the order in which they came. Its errors:
//
//   - *MissedError: events were dropped here; call again for the next one.
//   - *SessionEndedError: the session ended here; call again to wait for the
//     events of the next.
//   - ErrListenerClosed: the listener was closed.
//   - the context's cause. Events that have arrived are returned first.
func (l *Listener) Next(ctx context.Context) (Event, error) {
	l.mu.Lock()
	l.waiting++
	defer func() {
		l.waiting--
		l.wakeLocked() // what is left, or the close, is another reader's
		l.mu.Unlock()
	}()
	for {
		if l.closed {
			return Event{}, ErrListenerClosed
		}
		if ev, err, ok := l.takeLocked(); ok {
			return ev, err
		}
		l.mu.Unlock()
		select {
		case <-l.wake:
			l.mu.Lock()
		case <-ctx.Done():
			l.mu.Lock()
			if l.emptyLocked() {
				return Event{}, context.Cause(ctx)
			}
		}
	}
}

// Close ends the listener: it gets no more events and what it holds is dropped.
// It may be called twice, and ends calls of Next that wait.
func (l *Listener) Close() {
	l.detach(l)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.ring, l.head, l.n, l.lost = nil, 0, 0, lost{}
	l.wakeLocked()
}

// wants tells whether an event called name could pass; Match has yet to agree.
func (l *Listener) wants(name string) bool {
	if len(l.filter.Names) == 0 {
		return true
	}
	pass, known := l.names[name]
	if !known {
		pass = slices.ContainsFunc(l.filter.Names, func(pattern string) bool {
			ok, err := path.Match(pattern, name)
			return ok || err != nil && pattern == name
		})
		// A peer that invents names must not grow the table for ever.
		if len(l.names) < maxNames {
			l.names[name] = pass
		}
	}
	return pass
}

// deliver adds ev if it passes the filter. It never blocks.
func (l *Listener) deliver(ev Event) {
	if !l.wants(ev.Name) || l.filter.Match != nil && !l.filter.Match(ev) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pushLocked(entry{event: ev})
}

// end adds the end of a session.
func (l *Listener) end(err *SessionEndedError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pushLocked(entry{ended: err})
}

func (l *Listener) pushLocked(e entry) {
	if l.closed {
		return
	}
	if l.n == l.limit {
		l.loseLocked(l.popLocked())
	}
	if l.n == len(l.ring) {
		l.growLocked()
	}
	l.ring[(l.head+l.n)&(len(l.ring)-1)] = e
	l.n++
	l.wakeLocked()
}

func (l *Listener) growLocked() {
	ring := make([]entry, max(16, 2*len(l.ring)))
	for i := range l.n {
		ring[i] = l.ring[(l.head+i)&(len(l.ring)-1)]
	}
	l.ring, l.head = ring, 0
}

func (l *Listener) popLocked() entry {
	e := l.ring[l.head]
	l.ring[l.head] = entry{} // the message's bytes are not ours to keep alive
	l.head = (l.head + 1) & (len(l.ring) - 1)
	l.n--
	return e
}

func (l *Listener) loseLocked(e entry) {
	switch {
	case e.ended == nil && l.lost.ended == nil:
		l.lost.before++
	case e.ended == nil:
		l.lost.after++
	default:
		l.lost = lost{before: l.lost.before + l.lost.after, ended: e.ended}
	}
}

func (l *Listener) emptyLocked() bool {
	return l.n == 0 && l.lost == lost{} && !l.closed
}

// takeLocked removes what comes next, if there is anything.
func (l *Listener) takeLocked() (ev Event, err error, ok bool) {
	if n := l.lost.before; n > 0 {
		l.lost.before = 0
		return Event{}, &MissedError{N: n}, true
	}
	if ended := l.lost.ended; ended != nil {
		l.lost = lost{before: l.lost.after}
		return Event{}, ended, true
	}
	if l.n == 0 {
		return Event{}, nil, false
	}
	e := l.popLocked()
	if e.ended != nil {
		return Event{}, e.ended, true
	}
	return e.event, nil, true
}

// wakeLocked lets one waiting reader look if there is something to see.
func (l *Listener) wakeLocked() {
	if l.waiting == 0 || l.emptyLocked() {
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
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
