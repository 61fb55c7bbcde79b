package qmpserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

// closeLimit bounds how long the last replies may take to reach a client that does not read, once the server wants to close.
const closeLimit = 2 * time.Second

// Service is something that converses over one stream until it ends: a [*Server], or what a test puts in its place. Serve
// takes ownership of conn and leaves no goroutine.
type Service interface {
	Serve(ctx context.Context, conn net.Conn) error
}

// HandlerFunc answers one command. What it returns goes to the client as the value of "return": a json.RawMessage as it
// is, nil as {}, anything else in its JSON form. An error goes out as in [Error].
//
// In-band commands of one client are answered one after the other, and so are its out-of-band ones, beside them. ctx ends
// with the conversation.
type HandlerFunc func(ctx context.Context, client *Conversation, c qmp.Command) (any, error)

// Handler is how a server answers one command.
type Handler struct {
	Run HandlerFunc
	OOB bool // the command may come by exec-oob
}

// Handlers are handlers by the names of their commands.
type Handlers map[string]Handler

// Lookup finds a handler; it fits [Server.Lookup].
func (h Handlers) Lookup(name string) (Handler, bool) {
	found, ok := h[name]
	return found, ok
}

// Server is the server half of QMP (QMP specification, section 2). It may serve any number of streams at once; its
// exported fields must not change meanwhile.
type Server struct {
	// Greeting is the whole greeting. If nil it is made from Version and OOB.
	Greeting json.RawMessage
	Version  qmp.Version

	OOB    bool // offer out-of-band execution
	Pretty bool // spread messages over many lines, like pretty=on
	Agent  bool // speak like qemu-ga: no greeting, no negotiation, guest-sync built in

	// Lookup finds the handler of a command. It may be called from several goroutines. nil: none is found.
	Lookup func(name string) (Handler, bool)

	// Opened is called when a client has been greeted, before its first command; Closed when its conversation is over.
	// Both may be nil.
	Opened, Closed func(*Conversation)

	Now        func() time.Time // the clock of event timestamps; nil: time.Now
	Logger     *slog.Logger     // nil: discard
	MaxMessage int              // bytes; 0 = 64 MiB

	mu      sync.Mutex
	clients map[*Conversation]struct{} // that have been greeted and are not over; guarded by mu
}

// Serve speaks with one client until it goes, the server closes or ctx ends, and closes conn. A client that goes between
// two messages is no error; otherwise the result says why the conversation ended, the context's cause included.
func (s *Server) Serve(ctx context.Context, conn net.Conn) error {
	c := newConversation(ctx, s)
	defer c.stop()
	defer s.leave(c)
	if err := c.conn.ConnectStream(ctx, conn, "client"); err != nil {
		return err
	}
	c.await()
	limit, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	err := c.conn.Disconnect(limit)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

// enter notes a client that has been greeted.
func (s *Server) enter(c *Conversation) {
	s.mu.Lock()
	if s.clients == nil {
		s.clients = make(map[*Conversation]struct{})
	}
	s.clients[c] = struct{}{}
	s.mu.Unlock()
	if s.Opened != nil {
		s.Opened(c)
	}
}

// leave forgets a client whose conversation is over, if it has ever been greeted.
func (s *Server) leave(c *Conversation) {
	s.mu.Lock()
	_, entered := s.clients[c]
	delete(s.clients, c)
	s.mu.Unlock()
	if entered && s.Closed != nil {
		s.Closed(c)
	}
}

// Conversations returns those under way at the moment, in no order.
func (s *Server) Conversations() []*Conversation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.clients))
}

// Broadcast sends an event to all clients that have negotiated, as [Conversation.Event] does. Two calls one after the
// other arrive in this order.
func (s *Server) Broadcast(raw json.RawMessage) {
	for _, c := range s.Conversations() {
		_ = c.Event(raw) // a conversation that is just ending does not take it, and need not
	}
}

// errClosing is the cause with which a server ends a conversation by itself.
var errClosing = errors.New("the server closes the session")

// protocol says how the engine speaks in one conversation.
func (s *Server) protocol(c *Conversation) proto.Protocol[*qmp.Message] {
	framer := &Framer{}
	lineEnd := "\r\n" // QEMU's way
	if s.Agent {
		lineEnd = "\n"
	}
	return proto.Protocol[*qmp.Message]{
		Recv: func(r *proto.Reader) (*qmp.Message, error) {
			raw, err := r.ReadMessage(framer)
			if err != nil {
				return nil, err
			}
			return &qmp.Message{Raw: raw}, nil
		},
		Send: func(w *proto.Writer, m *qmp.Message) error {
			raw := m.Raw
			if s.Pretty {
				raw = Pretty(raw)
			}
			if _, err := w.Write(raw); err != nil {
				return err
			}
			_, err := w.WriteString(lineEnd)
			return err
		},
		Establish: func(ctx context.Context, h *proto.Handshake[*qmp.Message]) error {
			if !s.Agent {
				if err := h.Send(&qmp.Message{Raw: s.greeting()}); err != nil {
					return err
				}
			}
			s.enter(c)
			return nil
		},
		Handle: func(_ context.Context, m *qmp.Message) error { return c.receive(m.Raw) },
	}
}

func (s *Server) greeting() json.RawMessage {
	if s.Greeting != nil {
		return s.Greeting
	}
	var g struct {
		QMP struct {
			Version      any      `json:"version"`
			Capabilities []string `json:"capabilities"`
		}
	}
	g.QMP.Version = VersionInfo(s.Version)
	g.QMP.Capabilities = []string{}
	if s.OOB {
		g.QMP.Capabilities = []string{"oob"}
	}
	return encode(g)
}

// VersionInfo returns v in the form that a greeting and query-version have, members in QEMU's order.
func VersionInfo(v qmp.Version) any {
	var info struct {
		QEMU struct {
			Micro int `json:"micro"`
			Minor int `json:"minor"`
			Major int `json:"major"`
		} `json:"qemu"`
		Package string `json:"package"`
	}
	info.QEMU.Major, info.QEMU.Minor, info.QEMU.Micro = v.Major, v.Minor, v.Micro
	info.Package = v.Package
	return info
}

// MakeEvent builds an event that happens now. data is encoded as a handler's result; nil means an event without data.
func (s *Server) MakeEvent(name string, data any) json.RawMessage {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	return MakeEvent(now(), name, data)
}
