package completion

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// script is a server that answers query-chardev and query-jobs after a while, as long as the test wants.
type script struct {
	mu    sync.Mutex
	after time.Duration
	ids   []string
	fail  error
	deaf  bool // never answers
	asked int
}

func (s *script) set(change func(*script)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *script) ask(ctx context.Context, command string, _ json.RawMessage) (json.RawMessage, error) {
	s.mu.Lock()
	s.asked++
	after, fail, deaf := s.after, s.fail, s.deaf
	var list []map[string]string
	for _, id := range s.ids {
		list = append(list, map[string]string{"id": id, "label": id, "name": id, "filename": "null"})
	}
	s.mu.Unlock()
	wait := time.After(after)
	if deaf {
		wait = nil
	}
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-wait:
	}
	if fail != nil {
		return nil, fail
	}
	raw, err := json.Marshal(list)
	return raw, err
}

func chardevs(c Live) ([]string, bool) {
	list, known := c.Values(Query{Kind: Chardevs})
	var ids []string
	for _, v := range list {
		ids = append(ids, v.Text)
	}
	return ids, known
}

func expect(t *testing.T, c Live, want ...string) {
	t.Helper()
	if got, known := chardevs(c); !known || !slices.Equal(got, want) {
		t.Errorf("got %q, known %v; want %q", got, known, want)
	}
}

func expectUnknown(t *testing.T, c Live) {
	t.Helper()
	if got, known := chardevs(c); known || len(got) > 0 {
		t.Errorf("got %q, known %v; nothing can be known", got, known)
	}
}

// inBubble runs a test with a cache on a scripted server, on a clock of its own.
func inBubble(t *testing.T, s *script, o CacheOptions, test func(t *testing.T, c *Cache)) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(s.ask, o)
		defer c.Close()
		test(t, c)
	})
}

func TestCache_NeverWaitsAndAsksOnce(t *testing.T) {
	s := &script{after: time.Second, ids: []string{"b", "a"}}
	synctest.Test(t, func(t *testing.T) {
		changes := make(chan struct{}, 9)
		c := NewCache(s.ask, CacheOptions{Change: func() { changes <- struct{}{} }})
		defer c.Close()
		start := time.Now()
		for range 5 {
			expectUnknown(t, c)
		}
		if time.Since(start) != 0 {
			t.Errorf("waited %v", time.Since(start))
		}
		<-changes
		if took := time.Since(start); took != time.Second {
			t.Errorf("told of it after %v", took)
		}
		expect(t, c, "a", "b")
		if s.count() != 1 {
			t.Errorf("asked %d times", s.count())
		}
	})
}

func TestCache_OldValuesAreGivenWhileNewOnesAreLookedUp(t *testing.T) {
	s := &script{after: time.Second, ids: []string{"a"}}
	inBubble(t, s, CacheOptions{Fresh: 10 * time.Second}, func(t *testing.T, c *Cache) {
		chardevs(c)
		time.Sleep(2 * time.Second)
		s.set(func(s *script) { s.ids = []string{"new"} })
		time.Sleep(10 * time.Second)
		expect(t, c, "a")
		time.Sleep(2 * time.Second)
		expect(t, c, "new")
	})
}

func TestCache_EventsAndCommandsMakeValuesOld(t *testing.T) {
	for _, c := range []struct {
		name   string
		happen func(*Cache)
		old    bool
	}{
		{"command", func(c *Cache) { c.Executed("chardev-remove") }, true},
		{"query", func(c *Cache) { c.Executed("query-status") }, false},
		{"look at the tree", func(c *Cache) { c.Executed("qom-list") }, false},
		{"event of others", func(c *Cache) { c.Event("JOB_STATUS_CHANGE") }, false},
		{"unknown event", func(c *Cache) { c.Event("FUTURE") }, false},
		{"another server", (*Cache).Forget, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &script{after: time.Millisecond, ids: []string{"a"}}
			inBubble(t, s, CacheOptions{}, func(t *testing.T, cache *Cache) {
				chardevs(cache)
				time.Sleep(time.Second)
				c.happen(cache)
				if _, known := chardevs(cache); known == c.old {
					t.Errorf("known is %v", known)
				}
			})
		})
	}
}

func TestCache_EventsNameTheirKinds(t *testing.T) {
	s := &script{after: time.Millisecond, ids: []string{"a"}}
	inBubble(t, s, CacheOptions{}, func(t *testing.T, c *Cache) {
		for event, kind := range map[string]LiveKind{
			"DEVICE_DELETED": Devices, "JOB_STATUS_CHANGE": Jobs, "BLOCK_JOB_COMPLETED": Jobs, "BLOCK_JOB_READY": Nodes,
			"BLOCK_EXPORT_DELETED": Exports, "DEVICE_TRAY_MOVED": Backends,
		} {
			q := Query{Kind: kind}
			c.Values(q)
			time.Sleep(time.Second)
			if _, known := c.Values(q); !known {
				t.Errorf("%s: not known before it", event)
			}
			c.Event(event)
			if _, known := c.Values(q); known {
				t.Errorf("%s: still known after it", event)
			}
		}
	})
}

func TestCache_WhatWasAskedBeforeAChangeIsNotBelieved(t *testing.T) {
	s := &script{after: time.Second, ids: []string{"removed"}}
	inBubble(t, s, CacheOptions{}, func(t *testing.T, c *Cache) {
		chardevs(c)
		time.Sleep(time.Second / 2)
		c.Executed("chardev-remove")
		s.set(func(s *script) { s.ids = []string{"left"} })
		expectUnknown(t, c)
		time.Sleep(3 * time.Second)
		expect(t, c, "left")
	})
}

func TestCache_AServerThatRefusesHasNone(t *testing.T) {
	s := &script{fail: errors.New("CommandNotFound")}
	inBubble(t, s, CacheOptions{}, func(t *testing.T, c *Cache) {
		chardevs(c)
		time.Sleep(time.Second)
		expect(t, c)
		expect(t, c)
		if s.count() != 1 {
			t.Errorf("asked %d times", s.count())
		}
	})
}

func TestCache_AServerThatDoesNotAnswerIsNotFloodedAndIsAskedAgainLater(t *testing.T) {
	s := &script{deaf: true}
	inBubble(t, s, CacheOptions{Limit: 2 * time.Second}, func(t *testing.T, c *Cache) {
		for kind := Devices; kind <= ObjectProperties; kind++ {
			for range 3 {
				c.Values(Query{Kind: kind})
			}
			c.Executed("cont") // orphans what is under way
		}
		synctest.Wait()
		if n := s.count(); n > 20 {
			t.Errorf("asked %d times", n)
		}
		time.Sleep(3 * time.Second)
		expectUnknown(t, c)
		s.set(func(s *script) { s.deaf, s.ids = false, []string{"a"} })
		time.Sleep(3 * time.Second)
		chardevs(c)
		time.Sleep(time.Second)
		expect(t, c, "a")
	})
}

func TestCache_ALateRefreshKeepsWhatIsKnown(t *testing.T) {
	s := &script{ids: []string{"a"}}
	inBubble(t, s, CacheOptions{Fresh: time.Second, Limit: time.Second}, func(t *testing.T, c *Cache) {
		chardevs(c)
		time.Sleep(2 * time.Second)
		s.set(func(s *script) { s.deaf = true })
		expect(t, c, "a")
		time.Sleep(2 * time.Second)
		expect(t, c, "a")
	})
}

func TestCache_AskersThatIgnoreTheirContextAreBounded(t *testing.T) {
	var mu sync.Mutex
	under, most := 0, 0
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
			mu.Lock()
			under++
			most = max(most, under)
			mu.Unlock()
			time.Sleep(time.Minute)
			return nil, errors.New("late")
		}, CacheOptions{Limit: time.Second})
		for range 100 {
			for kind := Devices; kind <= ObjectProperties; kind++ {
				c.Values(Query{Kind: kind})
			}
			c.Forget()
		}
		synctest.Wait()
		c.Close()
	})
	if most > maxFlights {
		t.Errorf("%d under way", most)
	}
}

func TestCache_WithinWaitsUntilItsContextEnds(t *testing.T) {
	s := &script{after: time.Second, ids: []string{"a"}}
	inBubble(t, s, CacheOptions{}, func(t *testing.T, c *Cache) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		start := time.Now()
		expectUnknown(t, c.Within(ctx))
		if took := time.Since(start); took != 300*time.Millisecond {
			t.Errorf("waited %v", took)
		}
		expect(t, c.Within(t.Context()), "a")
		if took := time.Since(start); took != time.Second || s.count() != 1 {
			t.Errorf("waited %v, asked %d times", took, s.count())
		}
	})
}

func TestCache_CloseEndsLookUpsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{deaf: true}
		c := NewCache(s.ask, CacheOptions{Limit: time.Hour})
		chardevs(c)
		start := time.Now()
		c.Close()
		if time.Since(start) != 0 {
			t.Errorf("took %v", time.Since(start))
		}
		expectUnknown(t, c)
		expectUnknown(t, c.Within(t.Context()))
		c.Event("DEVICE_DELETED")
		c.Executed("cont")
		c.Forget()
		c.Close()
	})
}

func TestCache_IsBounded(t *testing.T) {
	s := &script{ids: []string{"a"}}
	inBubble(t, s, CacheOptions{}, func(t *testing.T, c *Cache) {
		for i := range 3 * maxEntries {
			c.Values(Query{Children, string(rune('a' + i))})
			synctest.Wait()
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if n := len(c.entries); n > maxEntries {
			t.Errorf("%d entries", n)
		}
	})
}
