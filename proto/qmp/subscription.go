package qmp

import (
	"context"
	"path"
	"slices"
	"sync"
)

// Subscription is one reader's view of a client's events, across sessions. All
// methods may be called from any goroutine; what several readers of one
// Subscription take is shared out among them.
//
// The policy for a reader that is too slow (Q9): the newest events are kept, as many
// as EventFilter.MaxEvents and MaxBytes allow, the oldest are dropped, and Next
// reports in their place how many were. The server's reader never waits for a subscription.
type Subscription struct {
	filter EventFilter
	detach func(*Subscription)

	// names remembers which names pass. Only the goroutine that delivers
	// touches it; deliveries never overlap.
	names map[string]bool

	mu      sync.Mutex
	ring    []entry // a ring whose length is a power of two
	head    int     // index of the oldest entry
	n       int
	bytes   int // of the events in the ring
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

func newSubscription(f EventFilter, detach func(*Subscription)) *Subscription {
	if f.MaxEvents <= 0 {
		f.MaxEvents = defaultMaxEvents
	}
	if f.MaxBytes <= 0 {
		f.MaxBytes = defaultMaxBytes
	}
	f.Names = slices.Clone(f.Names)
	return &Subscription{
		filter: f,
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
//   - ErrSubscriptionClosed: the subscription was closed.
//   - the context's cause. What had arrived before the call comes first.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	s.mu.Lock()
	s.waiting++
	defer func() {
		s.waiting--
		s.wakeLocked() // what is left, or the close, is another reader's
		s.mu.Unlock()
	}()
	for {
		if s.closed {
			return Event{}, ErrSubscriptionClosed
		}
		if ev, err, ok := s.takeLocked(); ok {
			return ev, err
		}
		s.mu.Unlock()
		select {
		case <-s.wake:
			s.mu.Lock()
		case <-ctx.Done():
			s.mu.Lock()
			return Event{}, context.Cause(ctx)
		}
	}
}

// Close ends the subscription: it gets no more events and what it holds is dropped.
// It may be called twice, and ends calls of Next that wait.
func (s *Subscription) Close() {
	s.detach(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.ring, s.head, s.n, s.bytes, s.lost = nil, 0, 0, 0, lost{}
	s.wakeLocked()
}

// wants tells whether an event called name could pass; Match has yet to agree.
func (s *Subscription) wants(name string) bool {
	if len(s.filter.Names) == 0 {
		return true
	}
	pass, known := s.names[name]
	if !known {
		pass = slices.ContainsFunc(s.filter.Names, func(pattern string) bool {
			ok, err := path.Match(pattern, name)
			return ok || err != nil && pattern == name
		})
		// A peer that invents names must not grow the table for ever.
		if len(s.names) < maxNames {
			s.names[name] = pass
		}
	}
	return pass
}

// deliver adds ev if it passes the filter. It never blocks.
func (s *Subscription) deliver(ev Event) {
	if !s.wants(ev.Name) || s.filter.Match != nil && !s.filter.Match(ev) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushLocked(entry{event: ev})
}

// end adds the end of a session.
func (s *Subscription) end(err *SessionEndedError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushLocked(entry{ended: err})
}

func (s *Subscription) pushLocked(e entry) {
	if s.closed {
		return
	}
	size := len(e.event.Raw)
	for s.n > 0 && (s.n == s.filter.MaxEvents || s.bytes+size > s.filter.MaxBytes) {
		s.loseLocked(s.popLocked())
	}
	if s.n == len(s.ring) {
		s.growLocked()
	}
	s.ring[(s.head+s.n)&(len(s.ring)-1)] = e
	s.n++
	s.bytes += size
	s.wakeLocked()
}

func (s *Subscription) growLocked() {
	ring := make([]entry, max(16, 2*len(s.ring)))
	for i := range s.n {
		ring[i] = s.ring[(s.head+i)&(len(s.ring)-1)]
	}
	s.ring, s.head = ring, 0
}

func (s *Subscription) popLocked() entry {
	e := s.ring[s.head]
	s.ring[s.head] = entry{} // the message's bytes are not ours to keep alive
	s.head = (s.head + 1) & (len(s.ring) - 1)
	s.n--
	s.bytes -= len(e.event.Raw)
	return e
}

func (s *Subscription) loseLocked(e entry) {
	switch {
	case e.ended == nil && s.lost.ended == nil:
		s.lost.before++
	case e.ended == nil:
		s.lost.after++
	default:
		s.lost = lost{before: s.lost.before + s.lost.after, ended: e.ended}
	}
}

func (s *Subscription) emptyLocked() bool {
	return s.n == 0 && s.lost == lost{} && !s.closed
}

// takeLocked removes what comes next, if there is anything.
func (s *Subscription) takeLocked() (ev Event, err error, ok bool) {
	if n := s.lost.before; n > 0 {
		s.lost.before = 0
		return Event{}, &MissedError{N: n}, true
	}
	if ended := s.lost.ended; ended != nil {
		s.lost = lost{before: s.lost.after}
		return Event{}, ended, true
	}
	if s.n == 0 {
		return Event{}, nil, false
	}
	e := s.popLocked()
	if e.ended != nil {
		return Event{}, e.ended, true
	}
	return e.event, nil, true
}

// wakeLocked lets one waiting reader look if there is something to see.
func (s *Subscription) wakeLocked() {
	if s.waiting == 0 || s.emptyLocked() {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
