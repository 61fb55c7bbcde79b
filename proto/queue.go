package proto

import (
	"runtime"
	"slices"
	"sync"
)

// keepBatch is the longest batch whose memory the queue keeps for the next one.
const keepBatch = 1024

// queue holds outbound messages between Send and the writer loop (E11). Messages
// are counted in the order of add, so that a flush can wait for "all up to here".
type queue[M any] struct {
	wake chan struct{} // holds a token when the writer has something to look at

	mu      sync.Mutex
	pending []M
	spare   []M    // the last batch's memory, for pending
	added   uint64 // messages ever added
	sent    uint64 // messages whose last byte was handed to the system
	sealed  bool   // add refuses: a disconnect was scheduled
	stopped bool   // take refuses: the writer must end
	waiters []flushWaiter
}

// flushWaiter waits until the first target messages were sent.
type flushWaiter struct {
	target uint64
	done   chan struct{}
}

func (q *queue[M]) init() { q.wake = make(chan struct{}, 1) }

// add appends a message; it reports false once the queue is sealed.
func (q *queue[M]) add(m M) bool {
	q.mu.Lock()
	if q.sealed {
		q.mu.Unlock()
		return false
	}
	q.pending = append(q.pending, m)
	q.added++
	q.mu.Unlock()
	q.signal()
	return true
}

// withdraw takes back the first message that match accepts, unless the writer has it.
func (q *queue[M]) withdraw(match func(M) bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.pending, match)
	if i < 0 {
		return false
	}
	place := q.added - uint64(len(q.pending)-i) + 1 // in the order of add
	q.pending = slices.Delete(q.pending, i, i+1)
	q.added--
	for j := range q.waiters {
		if q.waiters[j].target >= place {
			q.waiters[j].target--
		}
	}
	q.releaseLocked()
	return true
}

// signal wakes the writer, or lets it go round once more if it is awake.
func (q *queue[M]) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take waits for messages; ok is false when the queue was stopped. The writer loop,
// its only caller, gives the batch back when it has been sent.
func (q *queue[M]) take() (batch []M, ok bool) {
	for {
		q.mu.Lock()
		if q.stopped {
			q.mu.Unlock()
			return nil, false
		}
		if len(q.pending) > 0 {
			batch, q.pending, q.spare = q.pending, q.spare, nil
			q.mu.Unlock()
			return batch, true
		}
		q.mu.Unlock()
		<-q.wake
		runtime.Gosched() // whoever else is about to send shares the write
	}
}

// giveBack keeps the memory of a batch, and forgets its messages.
func (q *queue[M]) giveBack(batch []M) {
	clear(batch)
	if cap(batch) > keepBatch {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spare = batch[:0]
}

// done marks the next n messages as sent.
func (q *queue[M]) done(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent += uint64(n)
	q.releaseLocked()
}

// releaseLocked lets the flushes go on that have nothing left to wait for.
func (q *queue[M]) releaseLocked() {
	rest := q.waiters[:0]
	for _, w := range q.waiters {
		if w.target <= q.sent {
			close(w.done)
		} else {
			rest = append(rest, w)
		}
	}
	clear(q.waiters[len(rest):])
	q.waiters = rest
}

// flushed returns a channel that is closed once everything added so far was sent.
func (q *queue[M]) flushed() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	done := make(chan struct{})
	if q.sent == q.added {
		close(done)
	} else {
		q.waiters = append(q.waiters, flushWaiter{q.added, done})
	}
	return done
}

// rest returns what was not sent, for a queue that was stopped, and forgets it.
func (q *queue[M]) rest() []M {
	q.mu.Lock()
	defer q.mu.Unlock()
	rest := q.pending
	q.pending = nil
	return rest
}

// unsent counts the messages that were added and not sent.
func (q *queue[M]) unsent() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int(q.added - q.sent)
}

// seal makes add refuse from now on.
func (q *queue[M]) seal() {
	q.mu.Lock()
	q.sealed = true
	q.mu.Unlock()
}

// stop makes take refuse from now on, also for a writer that waits in it.
func (q *queue[M]) stop() {
	q.mu.Lock()
	q.stopped = true
	q.mu.Unlock()
	q.signal()
}
