package qmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// syncOf returns the number of a synchronisation, "" if the line is none.
func syncOf(line string) string {
	number, ok := strings.CutPrefix(line, "\xff"+`{"execute": "guest-sync-delimited", "arguments": {"id": `)
	if !ok {
		return ""
	}
	return strings.TrimSuffix(number, "}}")
}

// synced takes a synchronisation and answers it, with rubbish before.
func (p *peer) synced(rubbish ...string) {
	p.t.Helper()
	line := p.next()
	number := syncOf(line)
	if number == "" && line != "" {
		p.t.Errorf("the client sent %q, no synchronisation", line)
	}
	p.send(rubbish...)
	p.send("\xff" + `{"return": ` + number + "}\n")
}

func agent(t *testing.T, script func(*peer)) (*Client, error) {
	c := NewClient(Options{Agent: true})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := c.ConnectStream(ctx, serve(t, script), "agent")
	if err == nil {
		t.Cleanup(func() { c.Disconnect(context.Background()) })
	}
	return c, err
}

// leftovers is what an agent may still have in its pipe for an earlier client.
var leftovers = []string{
	"",
	`{"return": {}}` + "\n",
	`{"return": 12345}` + "\n",
	"\xff" + `{"return": 12345}` + "\n",
	`{"return": {"host-name": "h`,
	`{"return": {"host-name": "half` + "\n",
	`{"return": [1, 2`,
	`": 5}]}` + "\n",
	`tail"}}` + "\n" + `{"error": {"class": "GenericError", "desc": "JSON parse error"}}` + "\n",
	`{"return": {` + `{"error": {"class": "GenericError", "desc": "JSON parse error"}}` + "\n",
	"\x00\x01\x02\xfe garbage }{ \\\" \n",
	`{"a\`,
	`{`,
	`nonsense`,
	strings.Repeat(`{"return": "`+strings.Repeat("long ", 100), 300),
}

func TestQ12_SynchronisesOnConnect(t *testing.T) {
	for _, left := range leftovers {
		for _, piece := range []int{1 << 20, 1, 7} {
			synctest.Test(t, func(t *testing.T) {
				var pieces []string
				for part := range slices.Chunk([]byte(left), piece) {
					pieces = append(pieces, string(part))
				}
				if len(pieces) > 900 {
					return // the peer's queue is not that long
				}
				c, err := agent(t, func(p *peer) {
					p.synced(pieces...)
					p.expect(`{"execute": "guest-ping"}`)
					p.reply("", `"pong"`)
					p.silence()
				})
				if err != nil {
					t.Fatalf("after %.40q: %v", left, err)
				}
				if got, err := c.Execute(t.Context(), "guest-ping", nil); err != nil || string(got) != `"pong"` {
					t.Errorf("after %.40q: got %s, %v", left, got, err)
				}
			})
		}
	}
}

func TestQ12_AnAgentThatDoesNotSynchronise(t *testing.T) {
	tests := []struct {
		name   string
		script func(*peer)
		cause  error
	}{
		{"silent", (*peer).silence, context.DeadlineExceeded},
		{"wrong number", func(p *peer) { p.next(); p.send("\xff" + `{"return": 1}` + "\n"); p.silence() }, context.DeadlineExceeded},
		{"end", func(p *peer) { p.next() }, io.EOF},
		{"a monitor", func(p *peer) { p.send(greetingLine); p.silence() }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := agent(t, test.script)
				e := wantError[*AgentSyncError](t, err)
				if test.cause != nil && !errors.Is(e, test.cause) || test.cause == nil && errors.Is(e, context.DeadlineExceeded) {
					t.Errorf("got %v", e)
				}
				if c.State() != proto.Idle {
					t.Errorf("state is %v", c.State())
				}
			})
		})
	}
}

func TestQ12_CancelledSynchronisationGivesTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		c := NewClient(Options{Agent: true})
		if err := c.ConnectStream(ctx, serve(t, (*peer).silence), "agent"); err != why {
			t.Errorf("got %v", err)
		}
	})
}

func TestQ12_OneCommandAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := agent(t, func(p *peer) {
			p.synced()
			for i := range 5 {
				p.expect(fmt.Sprintf(`{"execute": "guest-%d"}`, i))
				p.nothingMore()
				p.reply("", fmt.Sprint(i))
			}
			p.command()
			p.send(`{"error": {"class": "GenericError", "desc": "no"}}` + "\n")
			line, id := p.command()
			if id != `"mine"` {
				t.Errorf("the client sent %s", line)
			}
			p.reply(id, `"with id"`)
			p.command()
			p.send(`{"error": {"class": "GenericError", "desc": "ids are ignored here"}}` + "\n")
			p.silence()
		})
		if err != nil {
			t.Fatal(err)
		}
		var calls []*started
		for i := range 5 {
			calls = append(calls, do(t.Context(), c, Command{Name: fmt.Sprintf("guest-%d", i)}))
			synctest.Wait()
		}
		for i, d := range calls {
			if got, err := d.wait(); err != nil || got != fmt.Sprint(i) {
				t.Errorf("%d got %s, %v", i, got, err)
			}
		}
		_, err = c.Execute(t.Context(), "guest-x", nil)
		wantError[*ExecuteError](t, err)
		reply, err := c.Do(t.Context(), Command{Name: "guest-y", ID: []byte(`"mine"`)})
		if err != nil || string(reply.Return) != `"with id"` {
			t.Errorf("got %s, %v", reply.Return, err)
		}
		_, err = c.Do(t.Context(), Command{Name: "guest-z", ID: []byte(`"mine"`)})
		if _, ok := err.(*ExecuteError); !ok {
			t.Errorf("got %v", err)
		}
	})
}

// The late reply of a command whose caller gave up must not become the next one's.
func TestQ12_ResynchronisesAfterATimeout(t *testing.T) {
	for _, left := range leftovers {
		synctest.Test(t, func(t *testing.T) {
			c, err := agent(t, func(p *peer) {
				p.synced()
				p.expect(`{"execute": "guest-slow"}`)
				p.synced(`{"return": "late"}`+"\n", left)
				p.expect(`{"execute": "guest-next"}`)
				p.reply("", `"right"`)
				p.expect(`{"execute": "guest-third"}`) // no further synchronisation
				p.reply("", `"third"`)
				p.silence()
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := c.Execute(ctx, "guest-slow", nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			for name, want := range map[string]string{"guest-next": `"right"`} {
				if got, err := c.Execute(t.Context(), name, nil); err != nil || string(got) != want {
					t.Errorf("after %.40q: got %s, %v", left, got, err)
				}
			}
			if got, err := c.Execute(t.Context(), "guest-third", nil); err != nil || string(got) != `"third"` {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

// A reply that comes while nobody waits is dropped, and does not save the next
// command the synchronisation.
func TestQ12_LateReplyWhileNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := agent(t, func(p *peer) {
			p.synced()
			p.command()
			time.Sleep(2 * time.Second)
			p.reply("", `"late"`)
			p.synced()
			p.command()
			p.reply("", `"right"`)
			p.silence()
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Execute(ctx, "guest-slow", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(5 * time.Second)
		if got, err := c.Execute(t.Context(), "guest-next", nil); err != nil || string(got) != `"right"` {
			t.Errorf("got %s, %v", got, err)
		}
	})
}

// The answer to a synchronisation that comes while nobody waits is dropped too.
func TestQ12_LateSynchronisationWhileNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := agent(t, func(p *peer) {
			p.synced()
			p.command()
			line := p.next()
			time.Sleep(5 * time.Second)
			p.send("\xff" + `{"return": ` + syncOf(line) + "}\n")
			p.synced()
			p.command()
			p.reply("", `"right"`)
			p.silence()
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.Execute(ctx, "guest-slow", nil)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
		time.Sleep(10 * time.Second)
		if got, err := c.Execute(t.Context(), "guest-next", nil); err != nil || string(got) != `"right"` {
			t.Errorf("got %s, %v", got, err)
		}
	})
}

// An agent that hangs fails each command by its own context, and the answer to an old
// synchronisation is not that to a new one.
func TestQ12_AgentThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := agent(t, func(p *peer) {
			p.synced()
			p.command()
			first, second := p.next(), p.next()
			third := p.next()
			for _, line := range []string{first, second} {
				p.send("\xff" + `{"return": ` + syncOf(line) + "}\n")
			}
			p.send("\xff" + `{"return": ` + syncOf(third) + "}\n")
			p.expect(`{"execute": "guest-last"}`)
			p.reply("", `"last"`)
			p.silence()
		})
		if err != nil {
			t.Fatal(err)
		}
		within := func(limit time.Duration) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			t.Cleanup(cancel)
			return ctx
		}
		if _, err := c.Execute(within(time.Second), "guest-slow", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		// Of two at once, one synchronises and the other does when its turn comes.
		a := do(within(time.Second), c, Command{Name: "guest-a"})
		synctest.Wait()
		b := do(within(2*time.Second), c, Command{Name: "guest-b"})
		_, err = a.wait()
		if !errors.Is(wantError[*AgentSyncError](t, err), context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		_, err = b.wait()
		wantError[*AgentSyncError](t, err)
		if got, err := c.Execute(t.Context(), "guest-last", nil); err != nil || string(got) != `"last"` {
			t.Errorf("got %s, %v", got, err)
		}
	})
}
