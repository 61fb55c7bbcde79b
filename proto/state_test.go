package proto_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// sixteen is a framer of messages of two bytes.
type sixteen struct{ have int }

func (f *sixteen) Scan(p []byte) (skip, end int, err error) {
	if f.have+len(p) < 2 {
		f.have += len(p)
		return 0, -1, nil
	}
	end = 2 - f.have
	f.have = 0
	return 0, end, nil
}

func TestE1_AnyMessageTypeAndOnlyTwoFunctionsRequired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var framer sixteen
		near, far := net.Pipe()
		c := proto.New(proto.Protocol[uint16]{
			Recv: func(r *proto.Reader) (uint16, error) {
				b, err := r.ReadMessage(&framer)
				if err != nil {
					return 0, err
				}
				return binary.BigEndian.Uint16(b), nil
			},
			Send: func(w *proto.Writer, m uint16) error {
				_, err := w.Write(binary.BigEndian.AppendUint16(nil, m))
				return err
			},
		}, proto.Options{})
		if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
			t.Fatal(err)
		}
		if err := c.Send(0x4142); err != nil {
			t.Fatal(err)
		}
		hear(t, far, "AB")
		say(t, far, "xyz") // read and dropped: nobody handles messages
		synctest.Wait()
		disconnect(t, c)
	})
}

func TestE1_RecvAndSendAreRequired(t *testing.T) {
	for name, spoil := range map[string]func(*proto.Protocol[string]){
		"Recv": func(p *proto.Protocol[string]) { p.Recv = nil },
		"Send": func(p *proto.Protocol[string]) { p.Send = nil },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("New took a protocol without " + name)
				}
			}()
			p := text()
			spoil(&p)
			proto.New(p, proto.Options{})
		})
	}
}

func TestE3_NoChangeIsLostBetweenTwoLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _ := net.Pipe()
		c := proto.New(text(), proto.Options{})
		look := c.Look()
		for range 2 {
			if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
				t.Fatal(err)
			}
			disconnect(t, c)
			near, _ = net.Pipe()
		}
		seen := []proto.State{look.State()}
		for len(seen) < 9 {
			var err error
			if look, err = look.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			seen = append(seen, look.State())
		}
		want := []proto.State{proto.Idle,
			proto.Connecting, proto.Running, proto.Disconnecting, proto.Idle,
			proto.Connecting, proto.Running, proto.Disconnecting, proto.Idle}
		if !slices.Equal(seen, want) {
			t.Errorf("seen %v, want %v", seen, want)
		}
	})
}

func TestE3_NextWaitsForAChangeOrTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := proto.New(text(), proto.Options{})
		cause := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
		defer cancel()
		if _, err := c.Look().Next(ctx); err != cause {
			t.Errorf("got %v, want the context's cause", err)
		}
		near, _ := net.Pipe()
		next := make(chan proto.State)
		go func(l proto.Look) {
			l, _ = l.Next(t.Context())
			next <- l.State()
		}(c.Look())
		synctest.Wait()
		if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
			t.Fatal(err)
		}
		if got := <-next; got != proto.Connecting {
			t.Errorf("saw %v, want connecting", got)
		}
		disconnect(t, c)
	})
}

func TestE3_StateNames(t *testing.T) {
	for s, want := range map[proto.State]string{
		proto.Idle: "idle", proto.Connecting: "connecting", proto.Running: "running",
		proto.Disconnecting: "disconnecting", 9: "State(9)",
	} {
		if s.String() != want {
			t.Errorf("got %q, want %q", s.String(), want)
		}
	}
	if (proto.Look{}).State() != proto.Idle {
		t.Error("the zero Look is not idle")
	}
}

// wantStateError checks all that E4 asks for.
func wantStateError(t *testing.T, what string, err error, have, want proto.State) {
	t.Helper()
	var se *proto.StateError
	if !errors.As(err, &se) {
		t.Errorf("%s while %v: got %v, want a StateError", what, have, err)
		return
	}
	if se.Have != have || se.Want != want || se.Advice == "" {
		t.Errorf("%s: got %+v, want have %v, want %v and an advice", what, se, have, want)
	}
}

func TestE4_CallsInTheWrongState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		addr := proto.Address{Network: "unix", Addr: "/nonexistent/socket"}
		p := text()
		p.Establish = func(ctx context.Context, h *proto.Handshake[string]) error {
			_, err := h.Recv()
			return err
		}
		c := proto.New(p, proto.Options{})
		near, far := net.Pipe()
		wrong := func(have proto.State) {
			t.Helper()
			wantState(t, c, have)
			if have != proto.Running {
				wantStateError(t, "Send", c.Send("x"), have, proto.Running)
			}
			if have == proto.Idle || have == proto.Connecting {
				wantStateError(t, "Flush", c.Flush(ctx), have, proto.Running)
			}
			if have == proto.Connecting {
				wantStateError(t, "Wait", c.Wait(ctx), have, proto.Running)
			}
			wantStateError(t, "Accept", c.Accept(ctx), have, proto.Connecting)
			if have != proto.Idle {
				wantStateError(t, "Connect", c.Connect(ctx, addr), have, proto.Idle)
				wantStateError(t, "Listen", c.Listen(ctx, addr), have, proto.Idle)
				other, otherEnd := net.Pipe()
				wantStateError(t, "ConnectStream", c.ConnectStream(ctx, other, "x"), have, proto.Idle)
				if _, err := otherEnd.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("ConnectStream while %v left the connection open: %v", have, err)
				}
			}
		}
		wrong(proto.Idle)
		connected := make(chan error)
		go func() { connected <- c.ConnectStream(ctx, near, "pipe") }()
		synctest.Wait()
		wrong(proto.Connecting)
		say(t, far, "hello\n")
		if err := <-connected; err != nil {
			t.Fatal(err)
		}
		wrong(proto.Running)
		far.Close()
		synctest.Wait()
		wrong(proto.Disconnecting)
		if err := c.Disconnect(ctx); err != io.EOF {
			t.Errorf("disconnect: %v", err)
		}
	})
}

func TestE4_TextSaysWhatToDo(t *testing.T) {
	err := proto.New(text(), proto.Options{}).Send("x")
	const want = "StateError: connection is idle, not running: call Connect first"
	if got := proto.Summary(err); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestE7_AFailedAttemptPassesThroughDisconnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		p := text()
		p.Establish = func(context.Context, *proto.Handshake[string]) error { return refused }
		for name, fail := range map[string]func(c *proto.Conn[string]) error{
			"connection": func(c *proto.Conn[string]) error {
				return c.Connect(t.Context(), proto.Address{Network: "unix", Addr: "/nonexistent"})
			},
			"session": func(c *proto.Conn[string]) error {
				near, _ := net.Pipe()
				return c.ConnectStream(t.Context(), near, "pipe")
			},
			"listening": func(c *proto.Conn[string]) error {
				return c.Listen(t.Context(), proto.Address{Network: "unix", Addr: "/nonexistent/socket"})
			},
		} {
			c := proto.New(p, proto.Options{})
			look := c.Look()
			if err := fail(c); err == nil {
				t.Errorf("%s: no error", name)
			}
			for _, want := range []proto.State{proto.Connecting, proto.Disconnecting, proto.Idle} {
				if look, _ = look.Next(t.Context()); look.State() != want {
					t.Errorf("%s: went to %v, want %v", name, look.State(), want)
				}
			}
		}
	})
}
