package qmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

func TestQ6_AtMostEightAreInFlightAndTheRestWaitInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 30
		c := running(t, Options{}, func(p *peer) {
			for i := range n {
				// Everything that may be in flight has come, and no more.
				time.Sleep(time.Second)
				if got, want := len(p.lines), min(eight, n-i); got != want {
					t.Errorf("%d are in flight, not %d", got, want)
				}
				line, id := p.command()
				if !strings.Contains(line, fmt.Sprintf(`"n%d"`, i)) {
					t.Errorf("number %d is %s", i, line)
				}
				p.reply(id, fmt.Sprint(i))
			}
			p.silence()
		})
		var calls []*started
		for i := range n {
			calls = append(calls, do(t.Context(), c, Command{Name: fmt.Sprintf("n%d", i)}))
			synctest.Wait()
		}
		for i, d := range calls {
			if got, err := d.wait(); err != nil || got != fmt.Sprint(i) {
				t.Errorf("number %d got %s, %v", i, got, err)
			}
		}
	})
}

func TestQ6_OutOfBandOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			for range eight {
				p.command()
			}
			line, id := p.command()
			if want := `{"exec-oob": "migrate-pause", "id": ` + id + `}`; line != want {
				t.Errorf("the client sent %s", line)
			}
			p.reply(id, `"oob"`)
			_, id = p.command()
			p.reply(id, `"raw oob"`)
			p.silence()
		})
		for range eight + 2 {
			do(t.Context(), c, Command{Name: "slow"})
		}
		synctest.Wait()
		if reply, err := c.Do(t.Context(), Command{Name: "migrate-pause", OOB: true}); err != nil || string(reply.Return) != `"oob"` {
			t.Errorf("got %s, %v", reply.Return, err)
		}
		if reply, err := c.Do(t.Context(), Command{Raw: []byte(`{"exec-oob": "x"}`)}); err != nil || string(reply.Return) != `"raw oob"` {
			t.Errorf("got %s, %v", reply.Return, err)
		}
	})
}

func TestQ6_OutOfBandIsRefusedWhereItCannotWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) {
			p.send(strings.Replace(greetingLine, `"oob"`, ``, 1))
			_, id := p.command()
			p.reply(id, "{}")
			if line := p.next(); line != "" {
				t.Errorf("the client sent %s", line)
			}
		})
		plain := NewClient(Options{})
		if err := plain.ConnectStream(t.Context(), conn, "test"); err != nil {
			t.Fatal(err)
		}
		for _, cmd := range []Command{{Name: "x", OOB: true}, {Raw: []byte(`{"exec-oob": "x"}`)}} {
			_, err := plain.Do(t.Context(), cmd)
			wantError[*CommandError](t, err)
		}
		plain.Disconnect(t.Context())

		_, err := running(t, Options{}, (*peer).silence).Do(t.Context(), Command{Name: "x", OOB: true, NoID: true})
		wantError[*CommandError](t, err)
	})
}

func TestQ8_TheEndOfTheSessionInterruptsEveryCommand(t *testing.T) {
	tests := []struct {
		name  string
		end   func(*Client, *peer)
		cause error
	}{
		{"server hangs up", func(*Client, *peer) {}, io.EOF},
		{"in the middle", func(_ *Client, p *peer) { p.send(`{"ret`) }, io.ErrUnexpectedEOF},
		{"disconnect", func(c *Client, p *peer) { go c.Disconnect(context.Background()); p.silence() }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c *Client
				c = running(t, Options{}, func(p *peer) {
					for range eight + 1 {
						p.command()
					}
					synctest.Wait()
					test.end(c, p)
				})
				var calls []*started
				for i := range eight + 4 {
					calls = append(calls, do(t.Context(), c, Command{Name: "slow", OOB: i == 3, NoID: i == 5}))
				}
				for _, d := range calls {
					_, err := d.wait()
					e := wantError[*InterruptedError](t, err)
					if test.cause == nil && e.Err != nil || !errors.Is(e, test.cause) && test.cause != nil {
						t.Errorf("the cause is %v", e.Err)
					}
				}
				// Who comes later hears the same until the error was collected.
				_, err := c.Execute(t.Context(), "late", nil)
				if test.cause != nil {
					wantError[*InterruptedError](t, err)
				}
				if !NeverSent(err) {
					t.Errorf("of one that came late: %v", err)
				}
				if err := c.Disconnect(t.Context()); !errors.Is(err, test.cause) {
					t.Errorf("disconnect gave %v", err)
				}
			})
		})
	}
}

func TestQ8_WithoutSessionThereIsAStateError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClient(Options{})
		_, err := c.Execute(t.Context(), "stop", nil)
		if e := wantError[*proto.StateError](t, err); e.Have != proto.Idle || e.Want != proto.Running {
			t.Errorf("got %v", e)
		}
		connect(t, c, (*peer).echo)
		if _, err := c.Execute(t.Context(), "stop", nil); err != nil {
			t.Error(err)
		}
		if err := c.Disconnect(t.Context()); err != nil {
			t.Error(err)
		}
		_, err = c.Execute(t.Context(), "stop", nil)
		wantError[*proto.StateError](t, err)
		connect(t, c, (*peer).echo)
		if _, err := c.Execute(t.Context(), "stop", nil); err != nil {
			t.Error(err)
		}
	})
}

func TestQ8_TheCallersContextEndsItsWaitAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		ids := make(chan string, 100)
		answers := make(chan string)
		c := running(t, Options{Logger: book.logger()}, func(p *peer) {
			go func() {
				for id := range answers {
					p.reply(id, "{}")
				}
			}()
			for {
				line, id := p.command()
				if line == "" {
					return
				}
				ids <- id
			}
		})
		// The first of eight gives up; a ninth and a tenth wait, and the ninth gives up too.
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		first := do(impatient, c, Command{Name: "first"})
		synctest.Wait()
		for range eight - 1 {
			do(t.Context(), c, Command{Name: "slow"})
		}
		synctest.Wait()
		ninth := do(impatient, c, Command{Name: "ninth"})
		synctest.Wait()
		tenth := do(t.Context(), c, Command{Name: "tenth"})
		for _, d := range []*started{first, ninth} {
			if _, err := d.wait(); !errors.Is(err, context.DeadlineExceeded) || NeverSent(err) != (d == ninth) {
				t.Errorf("got %v", err)
			}
		}
		// The server is still busy with the first: nobody takes its place.
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(ids) != eight {
			t.Fatalf("%d were sent", len(ids))
		}
		answers <- <-ids // the late reply to the first
		synctest.Wait()
		if len(ids) != eight {
			t.Fatal("the place was not given on")
		}
		for range eight - 1 {
			<-ids
		}
		answers <- <-ids
		if _, err := tenth.wait(); err != nil {
			t.Error(err)
		}
		if !book.has("level=DEBUG", "late reply", "first") || book.has("level=WARN") {
			t.Error("the late reply was not dropped quietly")
		}
		close(answers)
	})
}

func TestQ8_AnEndedContextSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			if line := p.next(); line != "" {
				t.Errorf("the client sent %s", line)
			}
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("no longer")
		cancel(why)
		if _, err := c.Execute(ctx, "quit", nil); !errors.Is(err, why) || !NeverSent(err) {
			t.Errorf("got %v", err)
		}
		c.Disconnect(t.Context())
	})
}

func TestQ10_BytesAreKeptByTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const value = `{"z":1e400 ,"a": 18446744073709551615, "<&>":"\u00e9\/é", "n": 0.10000000000000000555}`
		const arguments = `{"b":1.50,"a":12345678901234567890123,  "c":"<>&"}`
		const happened = `{"event": "X", "data": ` + value + `}`
		c := NewClient(Options{})
		sub := c.Subscribe(EventFilter{})
		connect(t, c, func(p *peer) {
			line, id := p.command()
			if !strings.Contains(line, arguments) {
				t.Errorf("the client sent %s", line)
			}
			p.reply(id, value)
			p.send(happened + "\n")
			p.silence()
		})
		if got, err := c.Execute(t.Context(), "x", []byte(arguments)); err != nil || string(got) != value {
			t.Errorf("got %s, %v", got, err)
		}
		if ev, err := sub.Next(t.Context()); err != nil || string(ev.Data) != value || string(ev.Raw) != happened {
			t.Errorf("got %s, %v", ev.Raw, err)
		}
	})
}
