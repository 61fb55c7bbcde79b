package qmp

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"sync/atomic"

	"github.com/qmpsh/qmpsh/proto"
)

// Direction says which way a message went.
type Direction int

// The two ways.
const (
	Received Direction = iota + 1 // from the server
	Sent                          // to the server
)

// String is an arrow as QEMU's documentation draws it: "<-" from the server, "->"
// to it.
func (d Direction) String() string {
	if d == Received {
		return "<-"
	}
	return "->"
}

// Options are the settings of a Client. The zero value is that of a usual QMP
// client.
type Options struct {
	SkipGreeting    bool // expect no greeting (Q3)
	SkipNegotiation bool // send no qmp_capabilities (Q3)

	// Agent is for the QEMU guest agent: no greeting and no negotiation, one
	// command at a time, and synchronisation on connect and after every command
	// whose caller gave up (Q12). Commands carry no id unless the caller sets one,
	// because agents older than QEMU 3.0 refuse it.
	Agent bool

	TLS        *tls.Config  // for tls: addresses, used as a copy; nil: the system's authorities, no certificate of ours
	Logger     *slog.Logger // nil: no logs. What a peer does wrong very often is not logged every time
	MaxMessage int          // longest message of the server in bytes; 0 is 64 MiB

	// Trace sees every message, both ways, those of the handshake included (E13).
	// What the server sends is traced on the goroutine that reads, what we send on
	// the one that writes. It must not change the message, nor call the client.
	Trace func(Direction, *Message)
}

// Client is a QMP client. It has one session at a time and may connect again after
// Disconnect, any number of times. All methods may be called by any number of
// goroutines at once, but not by EventFilter.Match and Options.Trace.
type Client struct {
	opts Options
	log  *slog.Logger
	conn *proto.Conn[*Message]

	subscriptions subscriptions
	session       atomic.Pointer[session] // the newest, also when it is over
	framer        proto.Framer            // of the reader; set by Establish before it reads
	names         map[string]string       // event names seen; the reader's alone
}

// logName is the connection's name in logs.
const logName = "qmp"

// NewClient makes a client. Nothing is opened.
func NewClient(o Options) *Client {
	c := &Client{opts: o, log: slog.New(slog.DiscardHandler), names: map[string]string{}}
	if o.Logger != nil {
		c.log = slog.New(throttle(o.Logger.Handler())).With("conn", logName)
	}
	p := proto.Protocol[*Message]{
		Recv:      c.recv,
		Send:      c.send,
		Establish: c.establish,
		Handle:    c.handle,
		Ended:     c.ended,
	}
	if o.Trace != nil {
		p.Inbound = func(_ context.Context, m *Message) (*Message, error) { return c.trace(Received, m) }
		p.Outbound = func(_ context.Context, m *Message) (*Message, error) { return c.trace(Sent, m) }
	}
	c.conn = proto.New(p, proto.Options{Name: logName, Logger: o.Logger, MaxMessage: o.MaxMessage})
	return c
}

// Greeting returns what the server of the newest session said first; nil before
// the first session and when the greeting was skipped.
func (c *Client) Greeting() *Greeting {
	if s := c.session.Load(); s != nil {
		return s.greeting
	}
	return nil
}

// OOB reports whether out-of-band commands may be sent: the server offered oob and
// it was enabled, by the client or by a qmp_capabilities that the caller sent.
func (c *Client) OOB() bool {
	s := c.session.Load()
	return s != nil && s.offersOOB()
}

// Negotiates reports whether the client negotiates capabilities by itself: then the
// server takes no qmp_capabilities from the caller any more.
func (c *Client) Negotiates() bool { return !c.opts.SkipNegotiation && !c.opts.Agent }

// State returns the run state.
func (c *Client) State() proto.State { return c.conn.State() }

// Wait waits for the end of the session and returns the error that ended it, nil
// if a disconnect did. It does not disconnect. If ctx ends first, it returns its
// cause.
func (c *Client) Wait(ctx context.Context) error { return c.conn.Wait(ctx) }

// Disconnect ends the session, waits until nothing of it is left, and returns the
// error that had ended it before, if one had. Commands without a reply end with an
// *InterruptedError (Q8). Without a session it does nothing. ctx bounds the sending
// of commands that are still queued.
func (c *Client) Disconnect(ctx context.Context) error { return c.conn.Disconnect(ctx) }

// Subscribe returns a subscription to the events of this and all later sessions. Made
// before Connect, it sees the first event that comes. Close it when nobody reads it.
func (c *Client) Subscribe(f EventFilter) *Subscription { return c.subscriptions.add(f) }

// Execute runs a command and returns the value of "return" as it came. args is an
// object or nil. Errors are those of Do.
func (c *Client) Execute(ctx context.Context, name string, args json.RawMessage) (json.RawMessage, error) {
	reply, err := c.Do(ctx, Command{Name: name, Arguments: args})
	return reply.Return, err
}

// Do sends a command and waits for its reply. Commands of one goroutine are sent in
// the order of the calls. At most eight in-band commands are in flight; more wait
// their turn, first come, first served. Out-of-band commands do not wait (Q6).
//
// Its errors:
//
//   - *ExecuteError: the server refused (Q7).
//   - *CommandError: refused before anything was sent. The command is malformed, its
//     id belongs to another caller's command in flight, or it is out-of-band and the
//     session is not. (A command with an id that the client uses itself waits for it.)
//   - *InterruptedError: the session ended first (Q8).
//   - *BadReplyError: the reply is none.
//   - *proto.StateError: there is no session.
//   - *WaitError around the cause of ctx, which ends this wait alone. A command that
//     was sent keeps its place among the eight until the server has answered it. For
//     an agent that did not synchronise there is an *AgentSyncError in between.
//
// NeverSent tells the errors of commands that cannot have run from all others.
func (c *Client) Do(ctx context.Context, cmd Command) (Reply, error) {
	if ctx.Err() != nil {
		return Reply{}, &WaitError{Origin: proto.Here(), Unsent: true, Err: context.Cause(ctx)}
	}
	s := c.session.Load()
	if s == nil {
		return Reply{}, c.notConnected()
	}
	call, err := c.newCall(cmd)
	if err != nil {
		return Reply{}, err
	}
	if err := s.submit(call); err != nil {
		return Reply{}, err
	}
	select {
	case <-call.done:
	case <-ctx.Done():
		if gone := s.abandon(call, context.Cause(ctx)); gone != nil {
			return Reply{}, gone
		}
		<-call.done
	}
	if call.err == nil && cmd.Name == "qmp_capabilities" {
		s.noteCapabilities(cmd.Arguments)
	}
	return call.reply, call.err
}

func (c *Client) notConnected() error {
	return &proto.StateError{
		Origin: proto.Here(),
		Have:   c.conn.State(),
		Want:   proto.Running,
		Advice: "call Connect first",
	}
}

// recv receives one message. An agent's messages may be rubbish that was left for
// somebody else: those are dropped (Q12).
func (c *Client) recv(r *proto.Reader) (*Message, error) {
	for {
		raw, err := r.ReadMessage(c.framer)
		if err != nil {
			return nil, err
		}
		m, err := ParseMessage(raw)
		if err == nil || !c.opts.Agent {
			return m, err
		}
		c.log.Debug("dropped what is no message", "received", head(raw), "error", err)
	}
}

var lineEnd = []byte("\n")

func (c *Client) send(w *proto.Writer, m *Message) error {
	if _, err := w.Write(m.Raw); err != nil {
		return err
	}
	if _, secure := w.Conn().(*tls.Conn); secure {
		// QEMU (7.2 at least) takes a monitor's input byte by byte and between two
		// bytes waits for the socket, although TLS holds the rest of the record
		// already. The line end in a record of its own keeps the socket readable
		// until all before it has been taken, and a record of one byte has no rest.
		if err := w.Flush(); err != nil {
			return err
		}
	}
	_, err := w.Write(lineEnd)
	return err
}

func (c *Client) trace(d Direction, m *Message) (*Message, error) {
	if m != probe {
		c.opts.Trace(d, m)
	}
	return m, nil
}

// handle takes what the server sends while the session runs. It is the only caller
// of what follows from it, on the reader's goroutine.
func (c *Client) handle(_ context.Context, m *Message) error {
	if m.Event != nil {
		return c.deliver(m)
	}
	return c.session.Load().answer(m)
}

func (c *Client) ended(_ context.Context, cause error, unsent []*Message) {
	c.session.Load().end(cause, unsent)
}

// head is the start of what a peer sent, for a log.
func head(raw []byte) string { return string(raw[:min(len(raw), 200)]) }
