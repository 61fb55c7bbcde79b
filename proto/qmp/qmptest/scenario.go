package qmptest

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// Scenario is a server that does exactly what its steps say, right or wrong, and
// then closes: the other side in tests of a client. Steps run one after the other
// on one goroutine; a Scenario may serve any number of streams at once.
type Scenario []Step

// Step is one thing that a [Scenario] does. Its error ends the scenario.
type Step func(ctx context.Context, p *Peer) error

// ScenarioError says which step of a scenario could not do its work.
type ScenarioError struct {
	Step int // from 1
	Err  error
}

func (e *ScenarioError) Error() string { return fmt.Sprintf("scenario step %d: %v", e.Step, e.Err) }

// Unwrap returns what went wrong in the step.
func (e *ScenarioError) Unwrap() error { return e.Err }

// errStop ends a scenario early, as planned.
var errStop = errors.New("the scenario ends here")

// Serve runs the scenario on one stream and closes it. It returns a *ScenarioError if
// the client did not do what the scenario expects of it, and the context's cause,
// in a *ScenarioError too, if ctx ends first. A stream cut by the scenario itself is
// no error.
func (s Scenario) Serve(ctx context.Context, conn net.Conn) error {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	p := &Peer{conn: conn, reader: proto.NewReader(conn, 0), left: -1}
	for i, step := range s {
		err := step(ctx, p)
		switch {
		case ctx.Err() != nil && err != nil:
			return &ScenarioError{i + 1, context.Cause(ctx)}
		case errors.Is(err, errStop):
			return nil
		case err != nil:
			return &ScenarioError{i + 1, err}
		}
	}
	return nil
}

// Peer is a running [Scenario]. Only its steps may use it.
type Peer struct {
	conn    net.Conn
	reader  *proto.Reader
	framer  qmpserver.Framer
	waiting []qmp.Command // received, not answered, oldest first

	noIDs, pretty bool
	piece         int // bytes of one write; 0: all
	left          int // bytes that may still be written; below 0: any number
}

// Conn returns the stream, for what no step does.
func (p *Peer) Conn() net.Conn { return p.conn }

// Receive waits for the client's next command and keeps it, to be answered by
// [Peer.Answer]. A message that is no command is an error with QEMU's words.
func (p *Peer) Receive() (qmp.Command, error) {
	raw, err := p.reader.ReadMessage(&p.framer)
	if err != nil {
		return qmp.Command{}, err
	}
	c, fault := qmpserver.ParseRequest(raw, true)
	if fault != nil {
		return c, fmt.Errorf("the client sent %q: %w", raw, fault)
	}
	p.waiting = append(p.waiting, c)
	return c, nil
}

// Waiting returns the commands received and not answered, oldest first.
func (p *Peer) Waiting() []qmp.Command { return p.waiting }

// take removes the i-th waiting command; below 0 counts from the newest.
func (p *Peer) take(i int) (qmp.Command, error) {
	if i < 0 {
		i += len(p.waiting)
	}
	if i < 0 || i >= len(p.waiting) {
		return qmp.Command{}, fmt.Errorf("no command to answer: %d wait", len(p.waiting))
	}
	c := p.waiting[i]
	p.waiting = append(p.waiting[:i:i], p.waiting[i+1:]...)
	return c, nil
}

// Answer answers c: with result, or with err if that is not nil.
func (p *Peer) Answer(c qmp.Command, result any, err *qmpserver.Error) error {
	if p.noIDs {
		c.ID = nil
	}
	return p.WriteMessage(qmpserver.MakeReply(c.ID, result, err))
}

// WriteMessage writes one JSON text and the end of its line.
func (p *Peer) WriteMessage(raw []byte) error {
	if p.pretty {
		raw = qmpserver.Pretty(raw)
	}
	return p.Write(append(raw[:len(raw):len(raw)], "\r\n"...))
}

// Write writes bytes as they are, in pieces and up to the limit that SplitEvery
// and CutAfter have set.
func (p *Peer) Write(b []byte) error {
	cut := p.left >= 0 && len(b) >= p.left
	if cut {
		b = b[:p.left]
	}
	if p.left >= 0 {
		p.left -= len(b)
	}
	for len(b) > 0 {
		n := len(b)
		if p.piece > 0 {
			n = min(n, p.piece)
		}
		if _, err := p.conn.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	if cut {
		return errStop
	}
	return nil
}
