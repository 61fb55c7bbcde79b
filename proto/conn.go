package proto

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"
)

// stopGrace is how long Disconnect waits for the loops after its context has
// ended and the stream was cut: only a callback that blocks takes longer.
const stopGrace = time.Second

// Protocol says what one message is (E1). Recv and Send are required. Every
// function runs on the engine's goroutines: see the package comment for what it
// must not do. None of them is called by two goroutines at once. The contexts end
// when the loops are told to stop, but for that of Ended, which has no end.
type Protocol[M any] struct {
	// Recv receives one message. Its error ends the session; io.EOF says that the
	// peer has closed between two messages.
	Recv func(*Reader) (M, error)
	// Send writes one message; the engine flushes it. Its error ends the session.
	Send func(*Writer, M) error
	// Establish does the handshake, before the loops run, on the goroutine that
	// called Connect or Accept and within its context (E10). Its error becomes a
	// ConnectError.
	Establish func(ctx context.Context, h *Handshake[M]) error
	// Handle takes each message, in order, on the reader's goroutine: no further
	// message is read until it returns (E12). Its error ends the session.
	Handle func(ctx context.Context, m M) error
	// Inbound and Outbound see every message, the handshake's included, and return
	// the message to go on with (E13). Their errors end the session.
	Inbound, Outbound func(ctx context.Context, m M) (M, error)
	// Ended is called once for every session that was established, after both loops
	// have stopped and before Wait and Disconnect return. The cause is what ended
	// the session, nil if a disconnect did. Unsent holds, in their order, the messages
	// that Conn.Send took and of which not one byte was handed to the system: the
	// peer cannot know of them.
	Ended func(ctx context.Context, cause error, unsent []M)
}

// Options are the settings of a Conn. The zero value is good.
type Options struct {
	Name       string       // the connection's name in logs
	Logger     *slog.Logger // nil: no logs (E22)
	MaxMessage int          // longest inbound message in bytes; 0 means 64 MiB (E21)
}

// Conn runs one protocol over one stream at a time. All its methods may be called
// by any number of goroutines at once (E24).
type Conn[M any] struct {
	protocol Protocol[M]
	log      *slog.Logger
	limit    int

	mu      sync.Mutex
	state   *stateNode  // the newest run state
	attempt *attempt    // set from Connecting until the attempt has ended
	session *session[M] // set from Running until Idle
	changes []change    // state changes that were not logged yet
}

// change is a change of state that waits to be logged once the lock is free.
type change struct{ from, to State }

// New returns an idle Conn. It panics if the protocol lacks Recv or Send.
func New[M any](p Protocol[M], o Options) *Conn[M] {
	if p.Recv == nil || p.Send == nil {
		panic("proto: a Protocol needs Recv and Send")
	}
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	} else if o.Name != "" {
		log = log.With("conn", o.Name)
	}
	return &Conn[M]{protocol: p, log: log, limit: o.MaxMessage, state: newStateNode(Idle)}
}

// State returns the current run state (E3).
func (c *Conn[M]) State() State { return c.Look().State() }

// Look returns the current run state as the start of the list of all that follow (E3).
func (c *Conn[M]) Look() Look {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Look{c.state}
}

// ListenAddr returns the address on which peers are awaited, nil unless a Listen
// waits for its peer.
func (c *Conn[M]) ListenAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempt == nil || c.attempt.listener == nil {
		return nil
	}
	return c.attempt.listener.Addr()
}

// Send queues a message and returns; messages are sent in the order of their
// calls (E11). A StateError says that no session runs. What happens to the message
// later shows in Flush, or in the error that ends the session. It never waits for
// the peer, so a callback may call it.
func (c *Conn[M]) Send(m M) error {
	c.mu.Lock()
	state, s := c.state.state, c.session
	c.mu.Unlock()
	if state != Running {
		return newStateError(Running, state)
	}
	if !s.queue.add(m) {
		return newStateError(Running, Disconnecting)
	}
	return nil
}

// Withdraw takes back the first message that match accepts among those which wait to be
// sent. When it returns true, no byte of that message was or will be sent; when it
// returns false, there is none, or the writer has begun with it. match must be quick,
// and must not call the Conn.
func (c *Conn[M]) Withdraw(match func(M) bool) bool {
	c.mu.Lock()
	s := c.session
	c.mu.Unlock()
	return s != nil && s.queue.withdraw(match)
}

// Flush waits until every byte of all messages sent before the call was handed to
// the operating system (E20). It returns the context's cause if that comes first,
// the error that ended the session if that prevents it, ErrDisconnected if a
// disconnect does, and a StateError without a session.
func (c *Conn[M]) Flush(ctx context.Context) error {
	c.mu.Lock()
	state, s := c.state.state, c.session
	c.mu.Unlock()
	if s == nil {
		return newStateError(Running, state)
	}
	if c.inCallback(ctx) {
		return ErrCallback
	}
	flushed := s.queue.flushed()
	select {
	case <-flushed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.ctx.Done():
	}
	select {
	case <-flushed:
		return nil
	default:
	}
	if err := s.cause(); err != nil {
		return err
	}
	return ErrDisconnected
}

// ScheduleDisconnect starts to end whatever is open, and returns at once. It may
// be called in every state, from either half, and any number of times (E15). A
// running session flushes its queue and stops; an attempt to connect fails with
// ErrDisconnected; a listener closes.
func (c *Conn[M]) ScheduleDisconnect() {
	c.mu.Lock()
	defer c.unlock()
	c.scheduleLocked()
}

// Disconnect schedules a disconnect, waits until everything has stopped, returns
// the first error that ended the session, and leaves the engine idle (E16 to E19).
// All calls that wait for the same session get the same error; with no session it
// does nothing.
//
// The context bounds the flush of queued messages: when it ends, the rest is given
// up and the error is a *FlushError, unless nothing was left to send. Should a
// callback not return for a second after that, Disconnect returns the context's
// cause while the session is still stopping; call it again to collect it.
//
// Called with the context of one of the Conn's callbacks it schedules the disconnect
// and returns ErrCallback (E23).
func (c *Conn[M]) Disconnect(ctx context.Context) error {
	c.mu.Lock()
	c.scheduleLocked()
	s, at := c.session, c.attempt
	c.unlock()
	switch {
	case s == nil && at == nil:
		return nil
	case c.inCallback(ctx):
		return ErrCallback
	case s != nil:
		return c.collect(ctx, s)
	}
	select {
	case <-at.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// collect waits for the end of a session and takes its error (E18).
func (c *Conn[M]) collect(ctx context.Context, s *session[M]) error {
	select {
	case <-s.done:
	case <-ctx.Done():
		s.giveUp(context.Cause(ctx))
		grace := time.NewTimer(stopGrace)
		defer grace.Stop()
		select {
		case <-s.done:
		case <-grace.C:
			return context.Cause(ctx)
		}
	}
	c.mu.Lock()
	defer c.unlock()
	if c.session == s {
		c.session = nil
		c.setStateLocked(Idle)
	}
	return s.err
}

// Wait waits until the running session has ended, by itself or otherwise, and
// returns the error that ended it, nil if a disconnect did. It neither schedules a
// disconnect nor collects the error. It returns the context's cause if that comes
// first, a StateError while connecting, and nil at once when idle.
func (c *Conn[M]) Wait(ctx context.Context) error {
	c.mu.Lock()
	state, s := c.state.state, c.session
	c.mu.Unlock()
	switch {
	case s == nil && state == Connecting:
		return newStateError(Running, state)
	case s == nil:
		return nil
	case c.inCallback(ctx):
		return ErrCallback
	}
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// scheduleLocked is ScheduleDisconnect under the lock.
func (c *Conn[M]) scheduleLocked() {
	switch c.state.state {
	case Running:
		c.setStateLocked(Disconnecting)
		c.session.queue.seal()
		go c.session.reap()
	case Connecting:
		c.setStateLocked(Disconnecting)
		if at := c.attempt; at.parked {
			at.closeListenerLocked()
			c.endAttemptLocked(at)
		} else {
			at.cancel(ErrDisconnected)
		}
	}
}

// setStateLocked enters a state and tells everyone who waits for the change.
func (c *Conn[M]) setStateLocked(to State) {
	from := c.state
	if from.state == to {
		return
	}
	c.state = newStateNode(to)
	from.next = c.state
	close(from.changed)
	c.changes = append(c.changes, change{from.state, to})
}

// unlock releases the lock, then logs the changes of state made under it: a log
// handler may be slow, or ask for the state.
func (c *Conn[M]) unlock() {
	changes := c.changes
	c.changes = nil
	c.mu.Unlock()
	for _, ch := range changes {
		c.log.Debug("state changed", "from", ch.from.String(), "to", ch.to.String())
	}
}
