package cmd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// desk is a server for the tests of the shell. It remembers all commands and
// answers each with its name and arguments, but for:
//
//	hang       is never answered
//	hold       is answered when the test says release
//	tick       is answered, and 100 TICK events a second follow
//	babble     gets a reply that is no JSON
//	and those that the test has set
type desk struct {
	path    string
	release chan struct{}

	mu      sync.Mutex
	all     []string
	answers map[string]string // messages without their end, %s stands for the id
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{
		path:    filepath.Join(qmptest.Dir(t), "qmp.sock"),
		release: make(chan struct{}),
		answers: map[string]string{
			"query-name":   `{"return": {"name": "desk"}, "id": %s}`,
			"query-status": `{"return": {"status": "running"}, "id": %s}`,
		},
	}
	l, err := qmpserver.Listen(context.Background(), "unix", d.path, qmptest.Scenario{qmptest.Negotiate(), d.serve})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // that a client goes in the middle of something is part of the tests
	return d
}

func (d *desk) serve(ctx context.Context, p *qmptest.Peer) error {
	var ticking sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer ticking.Wait()
	defer cancel()
	for {
		c, err := p.Receive()
		if err != nil {
			return err
		}
		answer, known := d.takes(c)
		switch {
		case c.Name == "hang":
			continue
		case c.Name == "hold":
			select {
			case <-d.release:
			case <-ctx.Done():
				return nil
			}
		case c.Name == "tick":
			ticking.Go(func() { d.tick(ctx, p) })
		case c.Name == "babble":
			answer, known = "I am \x1b[5mno JSON %.0s", true
		}
		if !known {
			answer = fmt.Sprintf(`{"return": {"did": %q, "with": %s}, "id": %%s}`, c.Name, object(c))
		}
		if err := p.WriteMessage(fmt.Appendf(nil, answer, c.ID)); err != nil {
			return err
		}
	}
}

// takes remembers a command and returns the answer that is set for it.
func (d *desk) takes(c qmp.Command) (answer string, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !strings.HasPrefix(c.Name, "query-") {
		d.all = append(d.all, c.Name+string(c.Arguments))
	}
	answer, known = d.answers[c.Name]
	return answer, known
}

// set makes the desk answer so.
func (d *desk) set(name, answer string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answers[name] = answer
}

func object(c qmp.Command) json.RawMessage {
	if c.Arguments == nil {
		return json.RawMessage("{}")
	}
	return c.Arguments
}

func (d *desk) tick(ctx context.Context, p *qmptest.Peer) {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		const event = `{"timestamp": {"seconds": 1700000000, "microseconds": 0}, "event": "TICK", "data": {"n": %d}}`
		if p.WriteMessage(fmt.Appendf(nil, event, n)) != nil {
			return
		}
	}
}

// got gives the commands so far, but for queries.
func (d *desk) got() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.all)
}

// gets waits until the commands so far are these.
func (d *desk) gets(t testing.TB, commands ...string) {
	t.Helper()
	poll(t, func() bool { return slices.Equal(d.got(), commands) },
		func() string { return fmt.Sprintf("the server got %q, want %q", d.got(), commands) })
}
