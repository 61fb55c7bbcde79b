package qmp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A server that sends rubbish for nobody all the time does not fill the log with it, and
// the log says how much there was.
func TestQ5_WarningsAreThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const flood = 100_000
		book := &logBook{}
		c := running(t, Options{Logger: book.logger()}, func(p *peer) {
			p.send(strings.Repeat(`{"return": {}, "id": "nobody's"}`+"\n", flood))
			p.send(strings.Repeat(`{"event": "STOP", "timestamp": {"seconds": "soon"}}`+"\n", 100))
			time.Sleep(time.Hour)
			p.send(`{"return": {}, "id": "nobody's"}`)
			p.send(`{"return": {}, "id": "nobody's"}`)
			p.echo()
		})
		c.Subscribe(EventFilter{})
		time.Sleep(2 * time.Hour)
		if n := book.count("level=WARN", "unknown id"); n != remarksAtOnce+2 {
			t.Errorf("%d warnings of an unknown id", n)
		}
		if !book.has("unknown id", fmt.Sprint("unlogged=", flood-remarksAtOnce)) || book.count("unlogged=") != 1 {
			t.Error("nobody is told how many were not logged")
		}
		if n := book.count("level=WARN", "timestamp"); n != remarksAtOnce {
			t.Errorf("%d warnings of a timestamp", n)
		}
	})
}

// asking is a log handler that asks the client, as a prompt that shows its state would.
type asking struct {
	slog.Handler
	t *testing.T
	c *Client
	n int // remarks about messages
}

func (a *asking) Enabled(context.Context, slog.Level) bool { return true }

func (a *asking) WithAttrs([]slog.Attr) slog.Handler { return a }

func (a *asking) Handle(_ context.Context, r slog.Record) error {
	if !strings.Contains(r.Message, "dropped") && !strings.Contains(r.Message, "ignores ids") {
		return nil
	}
	a.n++
	s := a.c.session.Load()
	if !s.mu.TryLock() { // OOB, or Do, would wait for ever
		a.t.Errorf("%q is logged under the lock", r.Message)
		return nil
	}
	s.mu.Unlock()
	return nil
}

func TestQ5_ALogHandlerMayAskTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := &asking{Handler: slog.DiscardHandler, t: t}
		c := NewClient(Options{Logger: slog.New(ask)})
		ask.c = c
		connect(t, c, func(p *peer) {
			p.send(`{}`, `{"return": {}}`, `{"return": {}, "id": 1}`)
			_, id := p.command()
			time.Sleep(2 * time.Second)
			p.reply(id, `"late"`)
			p.command()
			p.reply("", `"without an id"`)
			p.silence()
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Execute(ctx, "slow", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(5 * time.Second)
		if _, err := c.Execute(t.Context(), "next", nil); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if ask.n != 5 {
			t.Errorf("%d remarks, not 5", ask.n)
		}
	})
}
