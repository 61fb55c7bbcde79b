package qmpserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

// closeLimit bounds how long the last replies may take to reach a client that
// does not read, once the server wants to close.
const closeLimit = 2 * time.Second

// Service is something that converses over one stream until it ends: a [*Server],
// a [Script] or a [*Demo]. Serve takes ownership of conn and leaves no goroutine.
type Service interface {
	Serve(ctx context.Context, conn net.Conn) error
}

// Handler answers one command. What it returns goes to the client as the value of
// "return": a json.RawMessage as it is, nil as {}, anything else in its JSON form.
// An error goes out as in [Error].
//
// In-band handlers of one session run one after the other on a goroutine of that
// session; ctx ends with it. An out-of-band handler of a command that came by
// exec-oob runs on the reader and must return at once.
type Handler func(ctx context.Context, s *Session, c qmp.Command) (any, error)

// Command is one command that a server has.
type Command struct {
	Run Handler
	OOB bool // may come by exec-oob
}

// Commands is a set of commands by name.
type Commands map[string]Command

// Lookup finds a command; it fits [Server.Lookup].
func (c Commands) Lookup(name string) (Command, bool) {
	cmd, ok := c[name]
	return cmd, ok
}

// Server is the server half of QMP (QMP specification, section 2). It may serve
// any number of streams at once; its fields must not change meanwhile.
type Server struct {
	// Greeting is the whole greeting. If nil it is made from Version and OOB.
	Greeting json.RawMessage
	Version  qmp.Version

	OOB    bool // offer out-of-band execution
	Pretty bool // spread messages over many lines, like pretty=on
	Agent  bool // speak like qemu-ga: no greeting, no negotiation, guest-sync built in

	// Lookup finds a command. It may be called from several goroutines. nil: none is found.
	Lookup func(name string) (Command, bool)

	// Opened is called when a client has been greeted, before its first command;
	// Closed when its session is over. Both may be nil.
	Opened, Closed func(*Session)

	Now        func() time.Time // the clock of event timestamps; nil: time.Now
	Logger     *slog.Logger     // nil: discard
	MaxMessage int              // bytes; 0 = 64 MiB
}

// Serve speaks with one client until it goes, the server closes or ctx ends, and
// closes conn. A client that goes between two messages is no error; otherwise the
// result says why the session ended, the context's cause included.
func (s *Server) Serve(ctx context.Context, conn net.Conn) error {
	se := newSession(ctx, s)
	defer se.stop()
	if err := se.conn.ConnectStream(ctx, conn, "client"); err != nil {
		return err
	}
	if s.Closed != nil {
		defer s.Closed(se)
	}
	se.await()
	limit, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	err := se.conn.Disconnect(limit)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

// errClosing is the cause with which a server ends a session by itself.
var errClosing = errors.New("the server closes the session")

// protocol says how the engine speaks for one session.
func (s *Server) protocol(se *Session) proto.Protocol[*qmp.Message] {
	framer := &requestFramer{}
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
				raw = pretty(raw)
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
			if s.Opened != nil {
				s.Opened(se)
			}
			return nil
		},
		Handle: func(_ context.Context, m *qmp.Message) error { return se.receive(m.Raw) },
	}
}

func (s *Server) greeting() json.RawMessage {
	if s.Greeting != nil {
		return s.Greeting
	}
	var g struct {
		QMP struct {
			Version      versionInfo `json:"version"`
			Capabilities []string    `json:"capabilities"`
		}
	}
	g.QMP.Version = makeVersion(s.Version)
	g.QMP.Capabilities = []string{}
	if s.OOB {
		g.QMP.Capabilities = []string{"oob"}
	}
	return encode(g)
}

// versionInfo is QAPI's VersionInfo, in the order QEMU prints it.
type versionInfo struct {
	QEMU struct {
		Micro int `json:"micro"`
		Minor int `json:"minor"`
		Major int `json:"major"`
	} `json:"qemu"`
	Package string `json:"package"`
}

func makeVersion(v qmp.Version) versionInfo {
	var info versionInfo
	info.QEMU.Major, info.QEMU.Minor, info.QEMU.Micro = v.Major, v.Minor, v.Micro
	info.Package = v.Package
	return info
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
