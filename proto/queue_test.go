package proto

import (
	"slices"
	"testing"
)

// FuzzQueue does what the bytes say with a queue and with a plain list, and wants the same
// messages in the same order, and every flush to end exactly when what was added before it,
// and not withdrawn, was sent.
func FuzzQueue(f *testing.F) {
	f.Add([]byte("aafatdafwtwdfrtd"))
	f.Add([]byte("afafafw\x01w\x02tffda"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		var q queue[int]
		q.init()
		var (
			pending []int // the model: added, and neither taken nor withdrawn
			batch   []int // taken and not given back
			sent    int   // of batch, what was marked as done
			next    int
		)
		type flush struct {
			done  <-chan struct{}
			until map[int]bool // what it still waits for
		}
		var flushes []flush
		settle := func(m int) {
			for _, f := range flushes {
				delete(f.until, m)
			}
		}
		for i, op := range ops {
			switch op {
			case 'a':
				if !q.add(next) {
					t.Fatal("refused")
				}
				pending = append(pending, next)
				next++
			case 'f':
				until := map[int]bool{}
				for _, m := range append(slices.Clone(batch[sent:]), pending...) {
					until[m] = true
				}
				flushes = append(flushes, flush{q.flushed(), until})
			case 't':
				if len(batch) > 0 || len(pending) == 0 {
					continue
				}
				got, ok := q.take()
				if !ok || !slices.Equal(got, pending) {
					t.Fatalf("took %v, not %v", got, pending)
				}
				batch, sent, pending = got, 0, nil
			case 'd':
				if len(batch) == 0 {
					continue
				}
				q.done(1)
				settle(batch[sent])
				if sent++; sent == len(batch) {
					q.giveBack(batch)
					batch, sent = nil, 0
				}
			case 'w':
				// Any message at all, also one that has gone.
				m := i * 7 % (next + 1)
				at := slices.Index(pending, m)
				if got := q.withdraw(func(x int) bool { return x == m }); got != (at >= 0) {
					t.Fatalf("withdrew %d: %v", m, got)
				}
				if at >= 0 {
					pending = slices.Delete(pending, at, at+1)
					settle(m)
				}
			}
			if n := q.unsent(); n != len(pending)+len(batch)-sent {
				t.Fatalf("%d are unsent, not %d", n, len(pending)+len(batch)-sent)
			}
			for j, f := range flushes {
				ended := false
				select {
				case <-f.done:
					ended = true
				default:
				}
				if ended != (len(f.until) == 0) {
					t.Fatalf("flush %d has ended: %v, but waits for %v", j, ended, f.until)
				}
			}
		}
		if rest := q.rest(); !slices.Equal(rest, pending) {
			t.Fatalf("%v is left, not %v", rest, pending)
		}
	})
}
