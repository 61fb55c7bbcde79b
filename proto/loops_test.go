package proto_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

func TestE2_InboundGoesOnWhileOutboundIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := text()
		got := collect(&p)
		c, far := overPipe(t, p)
		c.Send("nobody reads this yet")
		synctest.Wait()
		for i := range 3 {
			say(t, far, fmt.Sprintf("event %d\n", i))
			if m := <-got; m != fmt.Sprintf("event %d", i) {
				t.Errorf("got %q", m)
			}
		}
		hear(t, far, "nobody reads this yet\n")
		disconnect(t, c)
	})
}

func TestE2_OutboundGoesOnWhileTheHandlerIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := text()
		p.Handle = func(context.Context, string) error {
			<-release
			return nil
		}
		c, far := overPipe(t, p)
		say(t, far, "x\n")
		synctest.Wait()
		c.Send("still here")
		hear(t, far, "still here\n")
		close(release)
		disconnect(t, c)
	})
}

func TestE11_SentInOrderAndFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := overPipe(t, text())
		var want string
		for i := range 500 {
			m := fmt.Sprintf("message %d", i)
			want += m + "\n"
			if err := c.Send(m); err != nil {
				t.Fatal(err)
			}
		}
		flushed := make(chan error, 1)
		go func() { flushed <- c.Flush(t.Context()) }()
		hear(t, far, want[:len(want)-1])
		synctest.Wait()
		if len(flushed) > 0 {
			t.Error("Flush returned before the last byte was written") // E20
		}
		hear(t, far, "\n")
		if err := <-flushed; err != nil {
			t.Errorf("flush: %v", err)
		}
		disconnect(t, c)
	})
}

func TestE12_HandledInOrderOnTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 300
		busy, next := false, 0
		done := make(chan struct{})
		p := text()
		p.Handle = func(_ context.Context, m string) error {
			if busy {
				t.Error("two messages are handled at once")
			}
			busy = true
			if want := fmt.Sprint(next); m != want {
				t.Errorf("got %q, want %q", m, want)
			}
			time.Sleep(time.Duration(n-next) * time.Millisecond) // the first ones take longest
			busy = false
			if next++; next == n {
				close(done)
			}
			return nil
		}
		c, far := overPipe(t, p)
		var all string
		for i := range n {
			all += fmt.Sprintf("%d\n", i)
		}
		say(t, far, all)
		<-done
		disconnect(t, c)
	})
}

func TestE14_LoopErrorIsKeptAndDisconnects(t *testing.T) {
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		spoil func(*proto.Protocol[string])
		want  error
	}{
		"handler": {func(p *proto.Protocol[string]) { p.Handle = func(context.Context, string) error { return boom } }, boom},
		"receive": {func(p *proto.Protocol[string]) {
			p.Recv = func(r *proto.Reader) (string, error) {
				r.ReadLine()
				return "", boom
			}
		}, boom},
		"send": {func(p *proto.Protocol[string]) { p.Send = func(*proto.Writer, string) error { return boom } }, boom},
		"peer": {func(*proto.Protocol[string]) {}, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ended []error
				p := text()
				p.Ended = func(_ context.Context, cause error, _ []string) { ended = append(ended, cause) }
				test.spoil(&p)
				c, far := overPipe(t, p)
				if name == "send" {
					c.Send("x")
				} else {
					say(t, far, "x\n")
				}
				synctest.Wait()
				if test.want == io.EOF {
					far.Close()
				}
				synctest.Wait()
				wantState(t, c, proto.Disconnecting)
				if _, err := far.Read(make([]byte, 1)); err == nil {
					t.Error("the stream is still open")
				}
				for what, err := range map[string]error{
					"Wait": c.Wait(t.Context()), "Flush": c.Flush(t.Context()), "Disconnect": c.Disconnect(t.Context()),
				} {
					if err != test.want && (what != "Flush" || err != nil) {
						t.Errorf("%s: got %v, want %v", what, err, test.want)
					}
				}
				wantState(t, c, proto.Idle)
				if len(ended) != 1 || ended[0] != test.want {
					t.Errorf("Ended was called with %v", ended)
				}
				if err := c.Disconnect(t.Context()); err != nil {
					t.Errorf("the error came twice: %v", err)
				}
			})
		})
	}
}

func TestE14_BeingStoppedIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended []error
		p := text()
		// A protocol that hides what it got from the stream changes nothing.
		p.Recv = func(r *proto.Reader) (string, error) {
			if _, err := r.ReadLine(); err != nil {
				return "", fmt.Errorf("cannot read: %v", err)
			}
			return "", nil
		}
		p.Ended = func(_ context.Context, cause error, _ []string) { ended = append(ended, cause) }
		c, _ := overPipe(t, p)
		waited := make(chan error, 1)
		go func() { waited <- c.Wait(context.Background()) }()
		synctest.Wait()
		disconnect(t, c)
		if err := <-waited; err != nil {
			t.Errorf("wait: %v", err)
		}
		if len(ended) != 1 || ended[0] != nil {
			t.Errorf("Ended was called with %v", ended)
		}
	})
}

func TestE15_SchedulingIsIdempotentAndAllowedAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *proto.Conn[string]
		p := text()
		p.Handle = func(context.Context, string) error {
			c.ScheduleDisconnect() // from the bottom half
			c.ScheduleDisconnect()
			return nil
		}
		p.Ended = func(context.Context, error, []string) { c.ScheduleDisconnect() }
		c, far := overPipe(t, p)
		look := c.Look()
		say(t, far, "x\n")
		synctest.Wait()
		wantState(t, c, proto.Disconnecting)
		c.ScheduleDisconnect()
		disconnect(t, c)
		c.ScheduleDisconnect() // while idle
		wantState(t, c, proto.Idle)
		for _, want := range []proto.State{proto.Disconnecting, proto.Idle} {
			look, _ = look.Next(t.Context())
			if look.State() != want {
				t.Errorf("went to %v, want %v", look.State(), want)
			}
		}
	})
}

func TestE15_SchedulingReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := overPipe(t, text())
		c.Send("nobody reads this yet")
		synctest.Wait()
		c.ScheduleDisconnect()
		wantState(t, c, proto.Disconnecting)
		wantStateError(t, "Send", c.Send("late"), proto.Disconnecting, proto.Running)
		hear(t, far, "nobody reads this yet\n")
		disconnect(t, c)
	})
}

func TestE20_FlushEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := overPipe(t, text())
		if err := c.Flush(t.Context()); err != nil {
			t.Errorf("nothing to flush: %v", err)
		}
		c.Send("nobody reads this yet")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Flush(ctx); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		wantState(t, c, proto.Running)
		hear(t, far, "nobody reads this yet\n")
		disconnect(t, c)
	})
}

func TestE20_FlushOfASessionThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := overPipe(t, text())
		c.Send("nobody reads this")
		flushed := make(chan error, 1)
		go func() { flushed <- c.Flush(context.Background()) }()
		synctest.Wait()
		far.Close()
		// Either loop may meet the end of the pipe first.
		if err := <-flushed; err != io.EOF && err != io.ErrClosedPipe {
			t.Errorf("got %v", err)
		}
		if err := c.Disconnect(t.Context()); err != io.EOF && err != io.ErrClosedPipe {
			t.Errorf("got %v", err)
		}
	})
}

// Whoever is told that a session has ended may clean up after its loops: neither runs any
// more, however the session ended.
func TestE16_EndedComesAfterBothLoops(t *testing.T) {
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		end  func(c *proto.Conn[string], far net.Conn)
		want error
	}{
		"disconnect":   {func(c *proto.Conn[string], _ net.Conn) { c.ScheduleDisconnect() }, nil},
		"failed write": {func(c *proto.Conn[string], _ net.Conn) { c.Send("boom") }, boom},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				handling, ended := true, false
				var cause error
				p := text()
				send := p.Send
				p.Send = func(w *proto.Writer, m string) error {
					if m == "boom" {
						return boom
					}
					return send(w, m)
				}
				p.Handle = func(context.Context, string) error {
					<-release // does not heed its context
					handling = false
					return nil
				}
				p.Ended = func(ctx context.Context, err error, _ []string) {
					ended, cause = true, err
					if ctx.Err() != nil {
						t.Errorf("its context has ended: %v", ctx.Err())
					}
					if handling {
						t.Error("the handler still runs")
					}
				}
				c, far := overPipe(t, p)
				say(t, far, "x\n")
				synctest.Wait()
				test.end(c, far)
				time.Sleep(time.Hour)
				if ended {
					t.Error("Ended did not wait for the reader")
				}
				close(release)
				if err := c.Disconnect(t.Context()); err != test.want || !ended || cause != test.want {
					t.Errorf("disconnect: %v; ended %v with %v", err, ended, cause)
				}
				far.Close()
			})
		})
	}
}
