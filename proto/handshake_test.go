package proto_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto"
)

// greet is a handshake: it waits for a greeting and answers it.
func greet(_ context.Context, h *proto.Handshake[string]) error {
	greeting, err := h.Recv()
	if err != nil {
		return err
	}
	return h.Send("re " + greeting)
}

func TestE10_HandshakeComesFirstAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := text()
		got := collect(&p)
		p.Establish = greet
		c := proto.New(p, proto.Options{})
		near, far := net.Pipe()
		connected := make(chan error)
		go func() { connected <- c.ConnectStream(t.Context(), near, "pipe") }()
		// What is read ahead during the handshake belongs to the loop after it.
		say(t, far, "hi\nfirst\nsec")
		synctest.Wait()
		wantState(t, c, proto.Connecting)
		if len(got) > 0 {
			t.Error("the reader ran before the handshake had ended")
		}
		wantStateError(t, "Send", c.Send("early"), proto.Connecting, proto.Running)
		hear(t, far, "re hi\n")
		if err := <-connected; err != nil {
			t.Fatal(err)
		}
		say(t, far, "ond\n")
		if a, b := <-got, <-got; a != "first" || b != "second" {
			t.Errorf("got %q, %q", a, b)
		}
		disconnect(t, c)
	})
}

func TestE10_PublishedBeforeTheLoopsStart(t *testing.T) {
	for range 300 {
		var c *proto.Conn[string]
		p := text()
		handled := make(chan error, 1)
		p.Handle = func(context.Context, string) error {
			if s := c.State(); s == proto.Connecting || s == proto.Idle {
				handled <- errors.New("handled while " + s.String())
			}
			close(handled)
			return nil
		}
		c = proto.New(p, proto.Options{})
		near, far := net.Pipe()
		go func() {
			far.Write([]byte("x\n"))
			far.Close()
		}()
		if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
			t.Fatal(err)
		}
		// The end of the stream must not be overwritten by "running".
		if err := c.Wait(t.Context()); err != io.EOF {
			t.Fatalf("wait: %v", err)
		}
		wantState(t, c, proto.Disconnecting)
		if err := <-handled; err != nil {
			t.Fatal(err)
		}
		if err := c.Disconnect(t.Context()); err != io.EOF {
			t.Fatalf("disconnect: %v", err)
		}
	}
}

func TestE10_HandshakeIsOverWhenItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept *proto.Handshake[string]
		p := text()
		p.Establish = func(_ context.Context, h *proto.Handshake[string]) error {
			kept = h
			return nil
		}
		c, _ := overPipe(t, p)
		if err := kept.Send("x"); err == nil {
			t.Error("Send works after the handshake")
		}
		if _, err := kept.Recv(); err == nil {
			t.Error("Recv works after the handshake")
		}
		disconnect(t, c)
	})
}

func TestE10_HandshakeSeesWhatCameInsteadOfAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var came string
		p := text()
		p.Establish = func(_ context.Context, h *proto.Handshake[string]) error {
			_, err := h.Recv()
			came = string(h.Reader().Buffered())
			return err
		}
		c := proto.New(p, proto.Options{})
		near, far := net.Pipe()
		go func() {
			far.Write([]byte("(qemu) "))
			far.Close()
		}()
		err := c.ConnectStream(t.Context(), near, "pipe")
		wantConnectError(t, c, err, proto.PhaseSession)
		if !errors.Is(err, io.ErrUnexpectedEOF) || came != "(qemu) " {
			t.Errorf("got %v and %q", err, came)
		}
	})
}

func TestE13_HooksSeeEveryMessageAndMayReplaceIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		p := text()
		got := collect(&p)
		p.Establish = greet
		p.Inbound = func(_ context.Context, m string) (string, error) {
			seen = append(seen, "in "+m)
			return "<" + m + ">", nil
		}
		p.Outbound = func(_ context.Context, m string) (string, error) {
			seen = append(seen, "out "+m)
			return "[" + m + "]", nil
		}
		c := proto.New(p, proto.Options{})
		near, far := net.Pipe()
		connected := make(chan error)
		go func() { connected <- c.ConnectStream(t.Context(), near, "pipe") }()
		say(t, far, "hi\n")
		hear(t, far, "[re <hi>]\n")
		if err := <-connected; err != nil {
			t.Fatal(err)
		}
		c.Send("one")
		hear(t, far, "[one]\n")
		say(t, far, "two\n")
		if m := <-got; m != "<two>" {
			t.Errorf("handled %q", m)
		}
		disconnect(t, c)
		if want := []string{"in hi", "out re <hi>", "out one", "in two"}; !slices.Equal(seen, want) {
			t.Errorf("hooks saw %q, want %q", seen, want)
		}
	})
}

func TestE13_E14_AnErrorOfAHookEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vetoed := errors.New("vetoed")
		veto := func(context.Context, string) (string, error) { return "", vetoed }
		for name, spoil := range map[string]func(*proto.Protocol[string]){
			"inbound":  func(p *proto.Protocol[string]) { p.Inbound = veto },
			"outbound": func(p *proto.Protocol[string]) { p.Outbound = veto },
		} {
			p := text()
			spoil(&p)
			c, far := overPipe(t, p)
			c.Send("x")
			go far.Write([]byte("y\n"))
			if err := c.Wait(t.Context()); err != vetoed {
				t.Errorf("%s: got %v", name, err)
			}
			if err := c.Disconnect(t.Context()); err != vetoed {
				t.Errorf("%s: got %v", name, err)
			}
			far.Close()
		}
	})
}
