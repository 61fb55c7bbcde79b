package qmp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// establish is the handshake of every session (E10): greeting and negotiation, or an
// agent's synchronisation.
func (c *Client) establish(ctx context.Context, h *proto.Handshake[*Message]) error {
	s := ctx.Value(sessionKey{}).(*session)
	s.peer = peerOf(h.Conn())
	hs := &handshake{Handshake: h, ctx: ctx, session: s}
	var err error
	if c.opts.Agent {
		err = hs.synchronise()
	} else {
		err = hs.introduce()
	}
	if err == nil {
		c.session.Store(s)
	}
	return err
}

// handshake is the state of one handshake.
type handshake struct {
	*proto.Handshake[*Message]
	ctx     context.Context
	session *session
}

// next returns the next message that is no event. Events are delivered at once: the
// subscriptions keep them (Q2).
func (hs *handshake) next() (*Message, error) {
	for {
		m, err := hs.Recv()
		if err != nil || m.Event == nil {
			return m, err
		}
		hs.session.early = true
		if err := hs.session.client.deliver(m); err != nil {
			return nil, err
		}
	}
}

// introduce is the handshake with a QMP server, of which either part may be skipped (Q3).
func (hs *handshake) introduce() error {
	c := hs.session.client
	if !c.opts.SkipGreeting {
		greeting, err := hs.greeting()
		if err != nil {
			return err
		}
		hs.session.greeting = greeting
	}
	c.framer = &framer{}
	if c.opts.SkipNegotiation {
		return nil
	}
	return hs.negotiate()
}

// greeting waits for the server's greeting (Q1).
func (hs *handshake) greeting() (*Greeting, error) {
	hs.session.client.framer = &greetingFramer{}
	p := hs.probeSilence()
	m, err := hs.next()
	echo := p.stop()
	if err != nil {
		return nil, hs.noGreeting(err, echo)
	}
	// The probe uses the same writer as what follows.
	hs.session.probing.Wait()
	return parseGreeting(m)
}

// noGreeting says what came instead of a greeting: a *GreetingError, or the cause of
// a cancelled context. echo says that the probe may have brought it about.
func (hs *handshake) noGreeting(err error, echo bool) error {
	over := hs.ctx.Err()
	if over != nil {
		err = context.Cause(hs.ctx)
		if !errors.Is(over, context.DeadlineExceeded) {
			return err
		}
	}
	received := hs.Reader().Buffered()
	received = slices.Clone(received[:min(len(received), 256)])
	var (
		frame *proto.FrameError
		parse *ServerParseError
		limit *proto.LimitError
	)
	kind := Closed
	switch isText := len(received) > 0 && received[0] != '{'; {
	case errors.As(err, &parse):
		kind, received = NotJSON, parse.Raw[:min(len(parse.Raw), 256)]
	case errors.As(err, &frame), isText:
		kind = sniffGreeting(received)
	case errors.As(err, &limit):
		kind = NotQMP
	case over != nil:
		kind = Silent
	case echo && len(received) == 0:
		kind = TLSServer
	}
	return &GreetingError{Origin: proto.Here(), Kind: kind, Received: received, Err: err}
}

// negotiate sends the one qmp_capabilities and takes its reply (Q2). The message
// has an id, the first number, for nothing else is on its way yet. A server that ignores ids is understood too.
func (hs *handshake) negotiate() error {
	s := hs.session
	cmd := Command{Name: "qmp_capabilities", ID: []byte("1")}
	oob := s.greeting != nil && s.greeting.Offers("oob")
	if oob {
		cmd.Arguments = []byte(`{"enable": ["oob"]}`)
	}
	wire, err := cmd.Append(nil)
	if err == nil {
		if err = hs.Send(&Message{Raw: wire, ID: cmd.ID}); err != nil {
			hs.hearOut()
		}
	}
	if err != nil {
		return hs.noNegotiation(err)
	}
	for {
		m, err := hs.next()
		switch {
		case err != nil:
			return hs.noNegotiation(err)
		case m.ID != nil && idKey(m.ID) != idKey(cmd.ID):
			s.client.log.Warn("dropped a message with an unknown id", "message", head(m.Raw))
		case m.QMP != nil:
			// qemu-storage-daemon 7.2 greets a client twice that comes while the monitor is being made.
			s.client.log.Debug("dropped a second greeting")
		case m.Error != nil:
			refusal := m.executeError(cmd)
			return &NegotiationError{Origin: proto.Here(), Class: refusal.Class, Desc: refusal.Desc}
		case m.Return == nil:
			return hs.noNegotiation(badReply(m))
		default:
			s.oob = oob
			return nil
		}
	}
}

// lastWords is how long a server is listened to that takes nothing any more.
const lastWords = time.Second

// hearOut delivers the events of a server that has gone before it could be asked (Q2, E17).
func (hs *handshake) hearOut() {
	if hs.ctx.Err() != nil || hs.Conn().SetReadDeadline(time.Now().Add(lastWords)) != nil {
		return
	}
	for {
		if _, err := hs.next(); err != nil {
			return
		}
	}
}

// noNegotiation words a failure other than a refusal.
func (hs *handshake) noNegotiation(err error) error {
	if over := hs.ctx.Err(); over != nil {
		err = context.Cause(hs.ctx)
		if !errors.Is(over, context.DeadlineExceeded) {
			return err
		}
	}
	return &NegotiationError{Origin: proto.Here(), Err: err}
}

const (
	// probeAfter is how long a server may stay silent before it is probed.
	probeAfter = time.Second
	// probeEcho is how soon after the probe the stream must end for the probe to be
	// the reason.
	probeEcho = time.Second
)

// probe is white space: nothing to a QMP server that is only late, or that will find
// it when another client has left. A TLS server, which waits for the client to speak
// first, has enough with it to see that this is no TLS, and hangs up.
var probe = &Message{Raw: []byte(strings.Repeat("\n", 15))}

// prober sends the probe if the server stays silent. The goroutine that does belongs
// to session.probing.
type prober struct {
	timer *time.Timer
	group *sync.WaitGroup
	sent  chan time.Time // when the probe was sent
}

func (hs *handshake) probeSilence() *prober {
	after := probeAfter
	if deadline, ok := hs.ctx.Deadline(); ok {
		after = min(after, time.Until(deadline)/2)
	}
	p := &prober{group: &hs.session.probing, sent: make(chan time.Time, 1)}
	p.group.Add(1)
	p.timer = time.AfterFunc(after, func() {
		defer p.group.Done()
		p.sent <- time.Now()
		// A failure shows where the greeting is awaited.
		_ = hs.Send(probe)
	})
	return p
}

// stop prevents the probe. If that is too late, it reports whether the probe was sent
// so recently that what happens now may be the answer.
func (p *prober) stop() (echo bool) {
	if p.timer.Stop() {
		p.group.Done()
		return false
	}
	select {
	case at := <-p.sent:
		return time.Since(at) < probeEcho
	default:
		return false
	}
}
