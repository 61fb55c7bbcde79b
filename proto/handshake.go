package proto

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
)

// errHandshakeOver is what a Handshake says once Establish has returned.
var errHandshakeOver = errors.New("handshake is over: use the connection")

// Handshake is what Establish talks through: the same receive, send and hooks that
// the loops use later, one message at a time (E10, E13). It is valid only until
// Establish returns; one goroutine may receive while another sends. When the context
// of Connect ends, its methods return the context's cause.
type Handshake[M any] struct {
	session *session[M]
	ctx     context.Context // Establish's
	over    atomic.Bool
}

// Recv waits for one message.
func (h *Handshake[M]) Recv() (M, error) {
	if h.over.Load() {
		var none M
		return none, errHandshakeOver
	}
	return h.session.recv(h.ctx)
}

// Send sends one message and returns when its bytes were handed to the system.
func (h *Handshake[M]) Send(m M) error {
	if h.over.Load() {
		return errHandshakeOver
	}
	if err := h.session.send(h.ctx, m); err != nil {
		return err
	}
	return h.session.writer.Flush()
}

// Conn returns the connection below, to ask it about the peer. Reading from it or
// writing to it breaks the session.
func (h *Handshake[M]) Conn() net.Conn { return h.session.stream.conn }

// Reader gives the reader that Recv uses, to see what came instead of a message.
func (h *Handshake[M]) Reader() *Reader { return h.session.reader }

// handshake runs the protocol's Establish, if it has one.
func (s *session[M]) handshake(ctx context.Context) error {
	establish := s.conn.protocol.Establish
	if establish == nil {
		return nil
	}
	ctx = s.conn.asCallback(ctx)
	h := &Handshake[M]{session: s, ctx: ctx}
	defer h.over.Store(true)
	return establish(ctx, h)
}
