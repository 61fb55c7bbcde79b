package completion

import (
	"context"
	"encoding/json"
	"time"
)

// Ask executes a command on the server and returns its result.
type Ask func(ctx context.Context, command string, args json.RawMessage) (json.RawMessage, error)

// CacheOptions may be empty.
type CacheOptions struct {
	Limit  time.Duration // for one look-up; 0: 2 s
	Fresh  time.Duration // how long values are good without being looked up again; 0: 10 s
	Change func()        // called after each look-up, on the look-up's goroutine; must not call Close
}

// Cache is the Live of one server. Any goroutine may use it. Close it.
type Cache struct{}

// NewCache makes an empty cache of what ask can tell. Nothing is asked yet.
func NewCache(ask Ask, o CacheOptions) *Cache { return &Cache{} }

// Values returns what is known and never waits. What is not known, or may be old, is being looked up from then on.
func (c *Cache) Values(q Query) (list []Value, known bool) { return nil, false }

// Within returns a Live on the same values whose Values waits for a look-up until ctx ends.
func (c *Cache) Within(ctx context.Context) Live { return c }

// Event tells the cache of an event of the server, which may make values old.
func (c *Cache) Event(name string) {}

// Executed tells the cache of a command that has been sent, by anybody but the cache, and has had its answer. Commands
// that only look make nothing old.
func (c *Cache) Executed(command string) {}

// Forget drops everything: the server is another one.
func (c *Cache) Forget() {}

// Close ends all look-ups and waits for them. Values goes on to tell that nothing is known.
func (c *Cache) Close() {}
