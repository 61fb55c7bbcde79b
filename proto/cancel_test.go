package proto_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// waitForPeer is a handshake that waits for a line.
func waitForPeer(_ context.Context, h *proto.Handshake[string]) error {
	_, err := h.Recv()
	return err
}

func TestE9_CancelDuringTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("user pressed ^C")
		for name, establish := range map[string]func(context.Context, *proto.Handshake[string]) error{
			"receiving": waitForPeer,
			"sending": func(_ context.Context, h *proto.Handshake[string]) error {
				return h.Send("nobody reads this")
			},
			"hiding the cause": func(_ context.Context, h *proto.Handshake[string]) error {
				_, err := h.Recv()
				return fmt.Errorf("bad greeting: %v", err)
			},
			"succeeding nevertheless": func(ctx context.Context, _ *proto.Handshake[string]) error {
				<-ctx.Done()
				return nil
			},
		} {
			p := text()
			p.Establish = establish
			c := proto.New(p, proto.Options{})
			ctx, cancel := context.WithCancelCause(t.Context())
			near, far := net.Pipe()
			time.AfterFunc(time.Second, func() { cancel(cause) })
			if err := c.ConnectStream(ctx, near, "pipe"); err != cause {
				t.Errorf("%s: got %v, want the cause itself", name, err)
			}
			wantState(t, c, proto.Idle)
			if _, err := far.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("%s: the stream is still open: %v", name, err)
			}
		}
	})
}

func TestE9_DeadlineDuringTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := text()
		p.Establish = waitForPeer
		c := proto.New(p, proto.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		near, far := net.Pipe()
		go far.Write([]byte("half a line"))
		if err := c.ConnectStream(ctx, near, "pipe"); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		far.Close()
	})
}

// silentError is what a protocol makes of a peer that says nothing.
type silentError struct{ err error }

func (e *silentError) Error() string { return "no greeting: " + e.err.Error() }
func (e *silentError) Unwrap() error { return e.err }

func TestE9_AnErrorThatWrapsTheCauseStaysAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := text()
		p.Establish = func(_ context.Context, h *proto.Handshake[string]) error {
			_, err := h.Recv()
			return &silentError{err}
		}
		c := proto.New(p, proto.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		near, _ := net.Pipe()
		err := c.ConnectStream(ctx, near, "pipe")
		if _, ok := err.(*silentError); !ok || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestE9_CancelDuringTheTLSHandshake(t *testing.T) {
	_, client := tlsPair(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			conn.Read(make([]byte, 1)) // the hello has begun
			cancel(cause)
			_, err = io.Copy(io.Discard, conn) // to the end of the stream
			conn.Close()
		}
		ended <- err
	}()
	c := proto.New(text(), proto.Options{})
	err = c.Connect(ctx, proto.Address{Network: "tcp", Addr: l.Addr().String(), TLS: client})
	if err != cause {
		t.Errorf("got %v, want the cause itself", err)
	}
	wantState(t, c, proto.Idle)
	<-ended
}

func TestE9_CancelDuringTheTLSHandshakeOfAnAccept(t *testing.T) {
	server, _ := tlsPair(t)
	addr := proto.Address{Network: "unix", Addr: filepath.Join(t.TempDir(), "s"), TLS: server}
	c := proto.New(text(), proto.Options{})
	if err := c.Listen(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", addr.Addr) // and never a hello
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.Accept(ctx); err != context.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
	wantState(t, c, proto.Idle)
	wantGone(t, addr.Addr)
}

func TestE9_ContextThatHasEndedBefore(t *testing.T) {
	cause := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	addr := proto.Address{Network: "unix", Addr: filepath.Join(t.TempDir(), "s")}
	c := proto.New(text(), proto.Options{})
	if err := c.Connect(ctx, addr); err != cause {
		t.Errorf("Connect: %v", err)
	}
	near, far := net.Pipe()
	if err := c.ConnectStream(ctx, near, "pipe"); err != cause {
		t.Errorf("ConnectStream: %v", err)
	}
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the stream is still open: %v", err)
	}
	if err := c.Listen(ctx, addr); err != cause {
		t.Errorf("Listen: %v", err)
	}
	wantGone(t, addr.Addr)
	wantState(t, c, proto.Idle)
}

func TestE9_DeadlineWhileDialling(t *testing.T) {
	addr := proto.Address{Network: "tcp", Addr: fullBacklog(t)}
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		c := proto.New(text(), proto.Options{})
		if err := c.Connect(ctx, addr); err != context.DeadlineExceeded {
			t.Fatalf("got %v", err)
		}
		cancel()
		wantState(t, c, proto.Idle)
	}
}

func TestE15_DisconnectEndsAConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := text()
		p.Establish = waitForPeer
		c := proto.New(p, proto.Options{})
		near, far := net.Pipe()
		connected := make(chan error, 1)
		go func() { connected <- c.ConnectStream(t.Context(), near, "pipe") }()
		synctest.Wait()
		disconnect(t, c)
		err := <-connected
		wantConnectError(t, c, err, proto.PhaseSession)
		if !errors.Is(err, proto.ErrDisconnected) {
			t.Errorf("got %v", err)
		}
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the stream is still open: %v", err)
		}
	})
}

func TestE7_APanicInTheHandshakeLeavesNothingOpen(t *testing.T) {
	p := text()
	p.Establish = func(context.Context, *proto.Handshake[string]) error { panic("boom") }
	c := proto.New(p, proto.Options{})
	near, far := net.Pipe()
	func() {
		defer func() {
			if got := recover(); got != "boom" {
				t.Errorf("the panic became %v", got)
			}
		}()
		c.ConnectStream(t.Context(), near, "pipe")
	}()
	wantState(t, c, proto.Idle)
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the stream is still open: %v", err)
	}
}
