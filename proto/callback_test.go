package proto_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto"
)

func TestE23_DisconnectFromACallbackDoesNotDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, name := range []string{"handle", "inbound", "outbound", "ended"} {
			var c *proto.Conn[string]
			var got [3]error
			calls := 0
			call := func(ctx context.Context) {
				if calls++; calls == 1 {
					ctx, cancel := context.WithCancel(ctx) // what is made of it is marked too
					defer cancel()
					got = [3]error{c.Flush(ctx), c.Wait(ctx), c.Disconnect(ctx)}
				}
			}
			hook := func(ctx context.Context, m string) (string, error) {
				call(ctx)
				return m, nil
			}
			p := text()
			switch name {
			case "handle":
				p.Handle = func(ctx context.Context, _ string) error {
					call(ctx)
					return nil
				}
			case "inbound":
				p.Inbound = hook
			case "outbound":
				p.Outbound = hook
			case "ended":
				p.Ended = func(ctx context.Context, _ error, _ []string) { call(ctx) }
			}
			c, far := overPipe(t, p)
			c.Send("ping")
			hear(t, far, "ping\n")
			far.Write([]byte("pong\n")) // "outbound" may have ended the session
			if name == "ended" {
				c.ScheduleDisconnect()
			}
			synctest.Wait()
			if got != [3]error{proto.ErrCallback, proto.ErrCallback, proto.ErrCallback} {
				t.Errorf("%s: got %v", name, got)
			}
			wantState(t, c, proto.Disconnecting) // it was scheduled
			disconnect(t, c)
		}
	})
}

func TestE23_DisconnectFromAHookDoesNotDeadlockOnASocket(t *testing.T) {
	near, far := socketPair(t)
	defer far.Close()
	var c *proto.Conn[string]
	got := make(chan error, 1)
	p := text()
	p.Outbound = func(ctx context.Context, m string) (string, error) {
		got <- c.Disconnect(ctx)
		return m, nil
	}
	c = proto.New(p, proto.Options{})
	if err := c.ConnectStream(t.Context(), near, "pair"); err != nil {
		t.Fatal(err)
	}
	c.Send("last words")
	if err := <-got; err != proto.ErrCallback {
		t.Errorf("got %v", err)
	}
	hear(t, far, "last words\n")
	disconnect(t, c)
}

func TestE23_DisconnectFromTheHandshakeDoesNotDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *proto.Conn[string]
		var got error
		p := text()
		p.Establish = func(ctx context.Context, _ *proto.Handshake[string]) error {
			got = c.Disconnect(ctx)
			return nil
		}
		c = proto.New(p, proto.Options{})
		near, _ := net.Pipe()
		err := c.ConnectStream(t.Context(), near, "pipe")
		wantConnectError(t, c, err, proto.PhaseSession)
		if got != proto.ErrCallback || !errors.Is(err, proto.ErrDisconnected) {
			t.Errorf("got %v, and %v from connecting", got, err)
		}
	})
}

func TestE23_ACallbackMayDisconnectAnotherSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other, _ := overPipe(t, text())
		got := make(chan error, 1)
		p := text()
		p.Handle = func(ctx context.Context, _ string) error {
			got <- other.Disconnect(ctx)
			return nil
		}
		c, far := overPipe(t, p)
		say(t, far, "x\n")
		if err := <-got; err != nil {
			t.Errorf("got %v", err)
		}
		wantState(t, other, proto.Idle)
		// A goroutine that a callback started is a caller like any other.
		p.Handle = func(context.Context, string) error {
			go func() { got <- c.Disconnect(context.Background()) }()
			return nil
		}
		disconnect(t, c)
		c, far = overPipe(t, p)
		say(t, far, "x\n")
		if err := <-got; err != nil {
			t.Errorf("got %v", err)
		}
		wantState(t, c, proto.Idle)
	})
}

func TestE23_TheHandlerMaySend(t *testing.T) {
	// Both sides answer everything twice and read nothing while they handle: were
	// Send to wait for the peer, both would soon wait for one another.
	near, far := socketPair(t)
	var a, b *proto.Conn[string]
	var count atomic.Int64
	enough := make(chan struct{})
	bounce := func(c **proto.Conn[string]) func(context.Context, string) error {
		return func(_ context.Context, m string) error {
			if count.Add(1) == 1000 {
				close(enough)
			}
			(*c).Send(m)
			(*c).Send(m)
			return nil
		}
	}
	pa, pb := text(), text()
	pa.Handle, pb.Handle = bounce(&a), bounce(&b)
	a, b = proto.New(pa, proto.Options{}), proto.New(pb, proto.Options{})
	for c, end := range map[*proto.Conn[string]]net.Conn{a: near, b: far} {
		if err := c.ConnectStream(t.Context(), end, "pair"); err != nil {
			t.Fatal(err)
		}
	}
	a.Send(string(make([]byte, 10_000)))
	<-enough
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.Disconnect(ctx)
	b.Disconnect(ctx)
}

func TestE24_AnyNumberOfCallersAtOnce(t *testing.T) {
	for round := range 20 {
		near, far := socketPair(t)
		p := text()
		if round%2 == 1 {
			p.Outbound = func(_ context.Context, m string) (string, error) { return m, nil }
		}
		c := proto.New(p, proto.Options{})
		if err := c.ConnectStream(t.Context(), near, "pair"); err != nil {
			t.Fatal(err)
		}
		var callers, peer sync.WaitGroup
		var sent atomic.Int64
		heard := 0
		peer.Go(func() {
			defer far.Close()
			for lines := bufio.NewScanner(far); lines.Scan(); heard++ {
				far.Write(append(lines.Bytes(), '\n'))
			}
		})
		for i := range 8 {
			callers.Go(func() {
				for n := 0; c.Send(fmt.Sprintf("%d %d", i, n)) == nil; n++ {
					sent.Add(1)
					if n%10 == 0 {
						c.Flush(t.Context())
					}
					if i == 0 && n == 200 {
						c.ScheduleDisconnect()
					}
				}
				if err := c.Wait(t.Context()); err != nil {
					t.Errorf("wait: %v", err)
				}
			})
		}
		callers.Wait()
		for range 4 {
			callers.Go(func() {
				if err := c.Disconnect(t.Context()); err != nil {
					t.Errorf("disconnect: %v", err)
				}
			})
		}
		callers.Wait()
		peer.Wait()
		if heard != int(sent.Load()) {
			t.Errorf("%d messages were sent without an error, the peer got %d", sent.Load(), heard)
		}
		wantState(t, c, proto.Idle)
	}
}

func TestE24_ConnectAndDisconnectAtOnce(t *testing.T) {
	addr := serveEcho(t, "unix", t.TempDir()+"/s", nil)
	p := text()
	p.Establish = func(_ context.Context, h *proto.Handshake[string]) error {
		if err := h.Send("x"); err != nil {
			return err
		}
		_, err := h.Recv()
		return err
	}
	c := proto.New(p, proto.Options{})
	var callers sync.WaitGroup
	for i := range 6 {
		callers.Go(func() {
			for range 100 {
				var se *proto.StateError
				var ce *proto.ConnectError
				var err error
				if i%2 == 0 {
					err = c.Connect(t.Context(), addr)
				} else {
					err = c.Disconnect(t.Context())
				}
				if err != nil && !errors.As(err, &se) && !(errors.As(err, &ce) && errors.Is(err, proto.ErrDisconnected)) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	callers.Wait()
	disconnect(t, c)
}
