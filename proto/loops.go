package proto

import (
	"context"
	"log/slog"
	"time"
)

// readLoop receives messages and hands them to the handler until the session ends (E12).
func (s *session[M]) readLoop() {
	defer s.loops.Done()
	defer close(s.readDone)
	handle := s.conn.protocol.Handle
	for s.reading() {
		m, err := s.recv(s.callback)
		if err == nil && handle != nil {
			err = handle(s.callback, m)
		}
		if err != nil {
			s.failed("reader", err, false)
			return
		}
	}
	s.stopped("reader")
}

// writeLoop sends what is queued until the session ends (E11).
func (s *session[M]) writeLoop() {
	defer s.loops.Done()
	for {
		batch, ok := s.queue.take()
		if !ok {
			s.stopped("writer")
			return
		}
		if untouched, err := s.sendBatch(batch); err != nil {
			s.untouched = untouched
			s.failed("writer", err, true)
			return
		}
		s.queue.giveBack(batch)
	}
}

// sendBatch sends messages with few writes and marks each done once its bytes were
// handed to the system (E11, E20). With an error it returns those of which no byte was.
func (s *session[M]) sendBatch(batch []M) (untouched []M, err error) {
	w, done, begins := s.writer, 0, s.writer.given // of the first that is not done
	s.ends = s.ends[:0]
	for i, m := range batch {
		if err = s.send(s.callback, m); err == nil {
			s.ends = append(s.ends, w.given)
			if i+1 == len(batch) {
				err = w.Flush()
			}
		}
		before := done
		for ; done < len(s.ends) && s.ends[done] <= w.handed; done++ {
			begins = s.ends[done]
		}
		if done > before {
			s.queue.done(done - before)
		}
		if err == nil {
			continue
		}
		if done <= i && begins < w.handed {
			done++ // begun, though not done
		}
		return batch[done:], err
	}
	return nil, nil
}

// failed keeps the error of a loop, unless the session had ended before, and
// schedules a disconnect (E14).
func (s *session[M]) failed(loop string, err error, byWriter bool) {
	if s.ctx.Err() != nil {
		// Being stopped is not an error, and what a stop leads to is no cause.
		s.stopped(loop)
		return
	}
	s.end(err, byWriter)
	s.conn.log.Debug("loop ended", "loop", loop, "error", err)
	s.conn.scheduleEnd(s)
}

func (s *session[M]) stopped(loop string) {
	s.conn.log.Debug("loop ended", "loop", loop)
}

// reap is the disconnect task: flush, stop both loops, close the stream (E16). It
// runs once a session, started by the first request to disconnect.
func (s *session[M]) reap() {
	s.flush()
	s.end(errStopped, false)
	s.queue.stop()
	if s.byWriter {
		s.drain()
	}
	s.halt(context.Cause(s.ctx))
	s.stream.interrupt(context.Cause(s.ctx))
	s.loops.Wait()

	err := s.cause()
	if s.conn.protocol.Ended != nil {
		s.conn.protocol.Ended(context.WithoutCancel(s.callback), err, append(s.untouched, s.queue.rest()...))
	}
	if err != nil {
		// The first error is known; a farewell could only take time (E17).
		s.stream.kill(err)
		s.conn.logFailure("session failed", err)
	} else if err = s.stream.close(s.hurry); err != nil {
		s.conn.logFailure("closing failed", err)
	}
	s.err = err
	s.giveUp(nil)
	close(s.done)
}

// flush waits for the queue, unless a loop has failed or fails meanwhile, or the
// caller who waits for the disconnect gives up (E16, E17).
func (s *session[M]) flush() {
	select {
	case <-s.queue.flushed():
	case <-s.ctx.Done():
	case <-s.hurry.Done():
		if n := s.queue.unsent(); n > 0 {
			s.end(&FlushError{Origin: Here(), Unsent: n, Err: context.Cause(s.hurry)}, false)
		}
	}
}

const (
	drainTick  = 20 * time.Millisecond
	drainIdle  = 6               // ticks without a byte: what has not arrived by then was not sent
	drainLimit = 2 * time.Second // for a peer that goes on, and for a slow handler
)

// drain lets the reader go on to the end of what has arrived, because a peer that
// takes nothing any more has often said why (E17). It ends with the stream, with the
// patience of the caller who waits for the disconnect, and in any case soon.
func (s *session[M]) drain() {
	limit := time.NewTimer(drainLimit)
	defer limit.Stop()
	// Ticks are counted, not time: on a busy machine the reader gets its turns too.
	for idle := 0; idle < drainIdle; idle++ {
		before := s.stream.reads.Load()
		select {
		case <-s.readDone:
			return
		case <-s.hurry.Done():
			return
		case <-limit.C:
			return
		case <-time.After(drainTick):
		}
		if inside := before%2 == 1; !inside || s.stream.reads.Load() != before {
			idle = -1 // the reader was not waiting all the time
		}
	}
}

// scheduleEnd schedules the disconnect of a session that is still the Conn's.
func (c *Conn[M]) scheduleEnd(s *session[M]) {
	c.mu.Lock()
	defer c.unlock()
	if c.session == s {
		c.scheduleLocked()
	}
}

// logFailure logs a failure once with its summary, and its chain for those who
// debug (E22).
func (c *Conn[M]) logFailure(what string, err error) {
	ctx := context.Background()
	if c.log.Enabled(ctx, slog.LevelError) {
		c.log.Error(what, "error", Summary(err))
	}
	if c.log.Enabled(ctx, slog.LevelDebug) {
		c.log.Debug(what+", in full", "chain", Chain(err, ChainOptions{Origins: true}))
	}
}
