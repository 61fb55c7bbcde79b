package qmpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

const (
	// queueLength is how many in-band commands wait before the server stops
	// reading, as in QEMU.
	queueLength = 8
	// flushEvery bounds the replies that pile up for a client that sends
	// commands and does not read.
	flushEvery = 64
)

// Session is one client's conversation with a [Server]. Its exported methods may
// be called from any goroutine.
type Session struct {
	server *Server
	conn   *proto.Conn[*qmp.Message]

	// closing ends when the session is over, the server wants to close it, or the
	// caller's context ends.
	closing context.Context
	close   context.CancelCauseFunc
	worker  sync.WaitGroup
	queue   chan request // to the worker; never closed, the worker stops with closing

	ready   atomic.Bool // negotiation is done
	oob     atomic.Bool // out-of-band execution was negotiated
	quit    atomic.Bool // close behind the reply under way
	replies int         // since the last flush; worker only
}

func newSession(ctx context.Context, s *Server) *Session {
	se := &Session{server: s, queue: make(chan request, queueLength)}
	se.closing, se.close = context.WithCancelCause(ctx)
	se.conn = proto.New(s.protocol(se), proto.Options{Name: "client", Logger: s.Logger, MaxMessage: s.MaxMessage})
	se.ready.Store(s.Agent)
	se.worker.Go(se.work)
	return se
}

// await returns when the session is over or shall be, and ends the context of
// its handlers.
func (se *Session) await() {
	defer se.close(errClosing)
	// Not Conn.Wait: that returns only when the reader has stopped, and the
	// reader may wait for a handler.
	look := se.conn.Look()
	for look.State() == proto.Running {
		var err error
		if look, err = look.Next(se.closing); err != nil {
			return
		}
	}
}

// stop waits for the worker. The engine has stopped before.
func (se *Session) stop() {
	se.close(errClosing)
	se.worker.Wait()
}

// Event sends an event with the server's time. data is encoded as a handler's
// result; nil means an event without data. Like QEMU it says nothing to a client
// that has not negotiated yet. The error is the engine's, when the session is over.
func (se *Session) Event(name string, data any) error {
	return se.send(makeEvent(se.server.now(), name, data))
}

// Ready reports whether the client has negotiated, so that it gets events.
func (se *Session) Ready() bool { return se.ready.Load() }

func (se *Session) send(raw json.RawMessage) error {
	if !se.ready.Load() {
		return nil
	}
	return se.conn.Send(&qmp.Message{Raw: raw})
}

// CloseAfterReply ends the session: a handler that calls it still has its reply
// delivered, and what was sent before it. Nothing the client sent later is looked at.
func (se *Session) CloseAfterReply() { se.quit.Store(true) }

// Close ends the session; what was sent before is still delivered.
func (se *Session) Close() { se.close(errClosing) }

// makeEvent builds an event (QMP specification, section 2.5, "Asynchronous events").
func makeEvent(now time.Time, name string, data any) json.RawMessage {
	out := fmt.Appendf(nil, `{"timestamp": {"seconds": %d, "microseconds": %d}, "event": `,
		now.Unix(), now.Nanosecond()/1000)
	out = append(out, marshal(name)...)
	if data != nil {
		out = append(append(out, `, "data": `...), encode(data)...)
	}
	return append(out, '}')
}

// receive takes one message on the reader: an out-of-band command runs at once,
// all else waits its turn.
func (se *Session) receive(raw []byte) error {
	r := parseRequest(raw, se.oob.Load())
	if r.command.OOB && r.err == nil {
		return se.answer(r)
	}
	select {
	case se.queue <- r:
	case <-se.closing.Done():
		// Nobody answers any more. The engine is being stopped.
	}
	return nil
}

// work answers in-band commands, in order.
func (se *Session) work() {
	for {
		select {
		case <-se.closing.Done():
			return
		case r := <-se.queue:
			if se.closing.Err() != nil || se.answer(r) != nil {
				return
			}
		}
	}
}

// answer runs one command and sends its reply.
func (se *Session) answer(r request) error {
	var result any
	err := r.err
	negotiated := false
	if err == nil {
		if se.server.Agent && isSync(r.command.Name) {
			return se.conn.Send(agentSync(r))
		}
		if !se.ready.Load() {
			negotiated, err = se.negotiate(r.command)
		} else {
			result, err = se.run(r.command)
		}
	}
	if sendErr := se.conn.Send(&qmp.Message{Raw: r.reply(result, err)}); sendErr != nil {
		return sendErr
	}
	if negotiated {
		// Not before the reply: an event must not overtake it.
		se.ready.Store(true)
	}
	if se.quit.Load() {
		se.Close()
		return nil
	}
	if r.command.OOB {
		return nil // on the reader, which must not wait for the client
	}
	if se.replies++; se.replies%flushEvery == 0 {
		return se.conn.Flush(se.closing)
	}
	return nil
}

// run finds and runs one command.
func (se *Session) run(c qmp.Command) (any, *Error) {
	if c.Name == capabilities && !se.server.Agent {
		return nil, &Error{CommandNotFound, "Capabilities negotiation is already complete, command ignored"}
	}
	if se.server.Lookup == nil {
		return nil, notFound(c.Name)
	}
	cmd, ok := se.server.Lookup(c.Name)
	if !ok {
		return nil, notFound(c.Name)
	}
	if c.OOB && !cmd.OOB {
		return nil, Errorf("The command %s does not support OOB", c.Name)
	}
	result, err := cmd.Run(se.closing, se, c)
	if err != nil {
		return nil, asError(err)
	}
	return result, nil
}
