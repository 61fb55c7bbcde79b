package qmptest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// QEMUGreeting is what QEMU 7.2 says first, and what [Greet] sends.
const QEMUGreeting = `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, ` +
	`"package": "v7.2.22"}, "capabilities": ["oob"]}}`

// scenarioTime is when all events of scenarios happen, so that a test can compare them.
func scenarioTime() time.Time { return time.Unix(1700000000, 123456000) }

// Send writes raw as it is: no newline, no check.
func Send(raw string) Step {
	return func(_ context.Context, p *Peer) error { return p.Write([]byte(raw)) }
}

// Greet sends [QEMUGreeting].
func Greet() Step { return GreetWith(QEMUGreeting) }

// GreetWith sends raw as the greeting.
func GreetWith(raw string) Step {
	return func(_ context.Context, p *Peer) error { return p.WriteMessage([]byte(raw)) }
}

// Negotiate greets, expects qmp_capabilities and accepts it.
func Negotiate() Step { return Steps(Greet(), Expect("qmp_capabilities"), Reply("{}")) }

// Steps makes one step of many.
func Steps(steps ...Step) Step {
	return func(ctx context.Context, p *Peer) error {
		for _, step := range steps {
			if err := step(ctx, p); err != nil {
				return err
			}
		}
		return nil
	}
}

// Repeat does steps n times.
func Repeat(n int, steps ...Step) Step {
	return func(ctx context.Context, p *Peer) error {
		for range n {
			if err := Steps(steps...)(ctx, p); err != nil {
				return err
			}
		}
		return nil
	}
}

// Expect waits for commands with these names, in this order, each of which then
// waits for its answer. The name "*" stands for any command.
func Expect(names ...string) Step {
	return func(_ context.Context, p *Peer) error {
		for _, name := range names {
			c, err := p.Receive()
			if err != nil {
				return fmt.Errorf("expecting %s: %w", name, err)
			}
			if name != "*" && c.Name != name {
				return fmt.Errorf("expected %s, got %s", name, c.Raw)
			}
		}
		return nil
	}
}

// ExpectRaw waits for a message of exactly these bytes.
func ExpectRaw(raw string) Step {
	return func(_ context.Context, p *Peer) error {
		c, err := p.Receive()
		if err == nil && string(c.Raw) != raw {
			err = fmt.Errorf("expected %s, got %s", raw, c.Raw)
		}
		return err
	}
}

// ExpectEnd waits for the client to close; a further message is an error.
func ExpectEnd() Step {
	return func(_ context.Context, p *Peer) error {
		raw, err := p.reader.ReadMessage(&p.framer)
		if err == nil {
			return fmt.Errorf("expected the end, got %q", raw)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
}

// Reply answers the oldest waiting command with the JSON text ret.
func Reply(ret string) Step { return ReplyTo(0, ret) }

// ReplyTo answers the i-th waiting command, 0 being the oldest and -1 the newest,
// so that replies overtake one another.
func ReplyTo(i int, ret string) Step {
	return func(_ context.Context, p *Peer) error {
		c, err := p.take(i)
		if err != nil {
			return err
		}
		return p.Answer(c, json.RawMessage(ret), nil)
	}
}

// ReplyError answers the oldest waiting command with an error.
func ReplyError(class, desc string) Step {
	return func(_ context.Context, p *Peer) error {
		c, err := p.take(0)
		if err != nil {
			return err
		}
		return p.Answer(c, nil, &qmpserver.Error{Class: class, Desc: desc})
	}
}

// ReplyAs answers the oldest waiting command under another id, a JSON text; with
// an empty id it answers without one.
func ReplyAs(id, ret string) Step {
	return func(_ context.Context, p *Peer) error {
		c, err := p.take(0)
		if err != nil {
			return err
		}
		c.ID = nil
		if id != "" {
			c.ID = json.RawMessage(id)
		}
		return p.Answer(c, json.RawMessage(ret), nil)
	}
}

// Event sends an event; data is a JSON text, "" for none. Its time is always
// 1700000000.123456.
func Event(name, data string) Step {
	return func(_ context.Context, p *Peer) error {
		var d any
		if data != "" {
			d = json.RawMessage(data)
		}
		return p.WriteMessage(qmpserver.MakeEvent(scenarioTime(), name, d))
	}
}

// AnswerAll answers commands until the client closes: with the JSON text that
// replies has under the command's name, else with CommandNotFound. "*" in replies
// stands for all names it does not have.
func AnswerAll(replies map[string]string) Step {
	return func(_ context.Context, p *Peer) error {
		for {
			c, err := p.Receive()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			p.waiting = nil
			ret, ok := replies[c.Name]
			if !ok {
				ret, ok = replies["*"]
			}
			if ok {
				err = p.Answer(c, json.RawMessage(ret), nil)
			} else {
				err = p.Answer(c, nil, qmpserver.NotFound(c.Name))
			}
			if err != nil {
				return err
			}
		}
	}
}

// Wait does nothing for d: a delayed reply.
func Wait(d time.Duration) Step {
	return func(ctx context.Context, _ *Peer) error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Await waits until the channel is closed or gives a value: the test holds the
// scenario there.
func Await(c <-chan struct{}) Step {
	return func(ctx context.Context, _ *Peer) error {
		select {
		case <-c:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
