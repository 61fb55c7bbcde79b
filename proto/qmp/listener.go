package qmp

import (
	"context"
	"path"
	"slices"
	"sync"
)

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
//   - the context's cause. What had arrived before the call comes first.
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
			return Event{}, context.Cause(ctx)
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
