package qmpserver

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

const (
	// queueLength is how many commands wait before the server stops reading, as in QEMU.
	queueLength = 8
	// flushEvery bounds the replies that pile up for a client that sends commands and does not read.
	flushEvery = 64
)

// Conversation is what one client and a [Server] say to one another. Its exported methods may be called from any goroutine.
type Conversation struct {
	server *Server
	conn   *proto.Conn[*qmp.Message]

	// closing ends when the conversation is over, the server wants to close it, or the caller's context ends.
	closing context.Context
	close   context.CancelCauseFunc
	workers sync.WaitGroup
	inBand  chan request // to their workers; never closed, the workers stop with closing
	outBand chan request

	ready atomic.Bool // negotiation is done
	oob   atomic.Bool // out-of-band execution was negotiated
	quit  atomic.Bool // close behind the reply under way
	gone  atomic.Bool // close behind any reply: the server that answers has gone
}

func newConversation(ctx context.Context, s *Server) *Conversation {
	c := &Conversation{server: s, inBand: make(chan request, queueLength), outBand: make(chan request, queueLength)}
	c.closing, c.close = context.WithCancelCause(ctx)
	c.conn = proto.New(s.protocol(c), proto.Options{Name: "client", Logger: s.Logger, MaxMessage: s.MaxMessage})
	c.ready.Store(s.Agent)
	c.workers.Go(func() { c.work(c.inBand) })
	c.workers.Go(func() { c.work(c.outBand) })
	return c
}

// await returns when the conversation is over or shall be, and ends the context of its handlers.
func (c *Conversation) await() {
	defer c.close(errClosing)
	// Not Conn.Wait: that returns only when the reader has stopped, and the reader may wait for a handler.
	look := c.conn.Look()
	for look.State() == proto.Running {
		var err error
		if look, err = look.Next(c.closing); err != nil {
			return
		}
	}
}

// stop waits for the workers. The engine has stopped before.
func (c *Conversation) stop() {
	c.close(errClosing)
	c.workers.Wait()
}

// Event sends an event as it is: one of [Server.MakeEvent], or one that came from another server. Like QEMU it says
// nothing to a client that has not negotiated yet. The error is the engine's, when the conversation is over.
func (c *Conversation) Event(raw json.RawMessage) error {
	if !c.ready.Load() {
		return nil
	}
	return c.conn.Send(&qmp.Message{Raw: raw})
}

// Ready reports whether the client has negotiated, so that it gets events.
func (c *Conversation) Ready() bool { return c.ready.Load() }

// CloseAfterReply ends the conversation: the in-band handler that calls it still has its reply delivered, and what was
// sent before it. Nothing the client sent later is looked at.
func (c *Conversation) CloseAfterReply() { c.quit.Store(true) }

// Close ends the conversation; what was sent before is still delivered.
func (c *Conversation) Close() { c.close(errClosing) }

// receive takes one message on the reader and hands it to its worker.
func (c *Conversation) receive(raw []byte) error {
	r := request{}
	r.command, r.err = ParseRequest(raw, c.oob.Load())
	queue := c.inBand
	if r.command.OOB && r.err == nil {
		if _, r.err = c.find(r.command); r.err != nil {
			return c.answer(r) // at once, as QEMU does
		}
		queue = c.outBand
	}
	select {
	case queue <- r:
	case <-c.closing.Done():
		// Nobody answers any more. The engine is being stopped.
	}
	return nil
}

// work answers the commands of one queue, in order.
func (c *Conversation) work(queue chan request) {
	for replies := 1; ; replies++ {
		select {
		case <-c.closing.Done():
			return
		case r := <-queue:
			if c.closing.Err() != nil || c.answer(r) != nil {
				return
			}
		}
		if replies%flushEvery == 0 && c.conn.Flush(c.closing) != nil {
			return
		}
	}
}

// answer runs one command and sends its reply.
func (c *Conversation) answer(r request) error {
	var result any
	err := r.err
	negotiated := false
	if err == nil {
		if c.server.Agent && isSync(r.command.Name) {
			return c.conn.Send(&qmp.Message{Raw: SyncReply(r.command)})
		}
		if !c.ready.Load() {
			negotiated, err = c.negotiate(r.command)
		} else {
			result, err = c.run(r.command)
		}
	}
	if sendErr := c.conn.Send(&qmp.Message{Raw: MakeReply(r.command.ID, result, err)}); sendErr != nil {
		return sendErr
	}
	if negotiated {
		// Not before the reply: an event must not overtake it.
		c.ready.Store(true)
	}
	if c.gone.Load() || !r.command.OOB && c.quit.Load() {
		c.Close()
	}
	return nil
}

// find finds the handler of a command.
func (c *Conversation) find(cmd qmp.Command) (Handler, *Error) {
	if cmd.Name == capabilities && !c.server.Agent {
		return Handler{}, &Error{Class: CommandNotFound, Desc: "Capabilities negotiation is already complete, command ignored"}
	}
	if c.server.Lookup == nil {
		return Handler{}, NotFound(cmd.Name)
	}
	handler, ok := c.server.Lookup(cmd.Name)
	if !ok {
		return Handler{}, NotFound(cmd.Name)
	}
	if cmd.OOB && !handler.OOB {
		return Handler{}, Errorf("The command %s does not support OOB", cmd.Name)
	}
	return handler, nil
}

// run finds and runs one command.
func (c *Conversation) run(cmd qmp.Command) (any, *Error) {
	handler, fault := c.find(cmd)
	if fault != nil {
		return nil, fault
	}
	result, err := handler.Run(c.closing, c, cmd)
	if err != nil {
		return nil, asError(err)
	}
	return result, nil
}
