package completion

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// Ask executes a command on the server and returns its result. It gives up when ctx ends.
type Ask func(ctx context.Context, command string, args json.RawMessage) (json.RawMessage, error)

// CacheOptions may be empty.
type CacheOptions struct {
	Limit  time.Duration // for one look-up; 0: 2 s
	Fresh  time.Duration // how long values are good without being looked up again; 0: 10 s
	Change func()        // called after each look-up, on the look-up's goroutine; must not call Close
}

const (
	defaultLimit = 2 * time.Second
	defaultFresh = 10 * time.Second

	// maxFlights bounds the look-ups under way, so that a server that does not answer is not asked more and more, and
	// the user's own commands find room in the session.
	maxFlights = 4
	// maxEntries bounds what is kept, since paths in the QOM tree have no end.
	maxEntries = 512
)

// Cache is the Live of one server. Any goroutine may use it. Close it.
type Cache struct {
	ask     Ask
	options CacheOptions
	ctx     context.Context // of all look-ups
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	closed  bool             // under mu
	flights int              // under mu: look-ups under way
	entries map[Query]*entry // under mu
}

// entry is what is known of one query. All of it is under the cache's lock. An entry that is no longer in the cache is
// not looked at any more; so a look-up that began before a change leaves nothing behind.
type entry struct {
	list   []Value
	known  bool
	at     time.Time          // when it became known, or was last tried
	flight chan struct{}      // closed at the end of the look-up under way; nil if there is none
	cancel context.CancelFunc // ends that look-up
}

// NewCache makes an empty cache of what ask can tell. Nothing is asked yet.
func NewCache(ask Ask, o CacheOptions) *Cache {
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	if o.Fresh == 0 {
		o.Fresh = defaultFresh
	}
	c := &Cache{ask: ask, options: o, entries: map[Query]*entry{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Values returns what is known and never waits. What is not known, or may be old, is being looked up from then on.
func (c *Cache) Values(q Query) (list []Value, known bool) {
	list, known, _ = c.look(q)
	return list, known
}

// look does what Values does, and returns what is closed when the look-up under way has ended; nil if there is none.
func (c *Cache) look(q Query) (list []Value, known bool, flight <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, false, nil
	}
	e := c.entries[q]
	if e == nil {
		if len(c.entries) >= maxEntries {
			c.dropLocked(func(LiveKind) bool { return true })
		}
		e = &entry{}
		c.entries[q] = e
	}
	if e.flight == nil && c.flights < maxFlights && (!e.known || time.Since(e.at) >= c.options.Fresh) {
		c.startLocked(q, e)
	}
	return e.list, e.known, e.flight
}

func (c *Cache) startLocked(q Query, e *entry) {
	ctx, cancel := context.WithTimeout(c.ctx, c.options.Limit)
	e.flight, e.cancel = make(chan struct{}), cancel
	c.flights++
	c.running.Go(func() {
		defer cancel()
		list, err := lookUp(ctx, c.ask, q)
		c.land(e, list, err, ctx.Err() != nil)
		if c.options.Change != nil && c.ctx.Err() == nil {
			c.options.Change()
		}
	})
}

// land notes how a look-up ended. A server that refuses has no such values; one that does not answer in time leaves what
// is known as it is.
func (c *Cache) land(e *entry, list []Value, err error, late bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flights--
	close(e.flight)
	e.flight, e.at = nil, time.Now()
	switch {
	case err == nil:
		e.list, e.known = list, true
	case !late:
		e.list, e.known = nil, true
	}
}

// Within returns a Live on the same values whose Values waits for a look-up until ctx ends.
func (c *Cache) Within(ctx context.Context) Live { return waiting{c, ctx} }

type waiting struct {
	cache *Cache
	ctx   context.Context
}

func (w waiting) Values(q Query) (list []Value, known bool) {
	for w.ctx.Err() == nil {
		list, known, flight := w.cache.look(q)
		if known || flight == nil {
			return list, known
		}
		select {
		case <-flight:
		case <-w.ctx.Done():
		}
	}
	return nil, false
}

// Event tells the cache of an event of the server, which may make values old.
func (c *Cache) Event(name string) {
	kinds := changedBy(name)
	if kinds == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropLocked(kinds.has)
}

// Executed tells the cache of a command that has been sent, by anybody but the cache, and has had its answer. Commands
// that only look make nothing old.
func (c *Cache) Executed(command string) {
	if onlyLooks(command) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropLocked(func(LiveKind) bool { return true })
}

// Forget drops everything: the server is another one.
func (c *Cache) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropLocked(func(LiveKind) bool { return true })
}

func (c *Cache) dropLocked(old func(LiveKind) bool) {
	for q, e := range c.entries {
		if !old(q.Kind) {
			continue
		}
		if e.flight != nil {
			e.cancel()
		}
		delete(c.entries, q)
	}
}

// Close ends all look-ups and waits for them. Values goes on to tell that nothing is known.
func (c *Cache) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.running.Wait()
}
