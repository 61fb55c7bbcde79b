package proto_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/qmpsh/qmpsh/proto"
)

// wantGone checks that a Unix socket's file was removed.
func wantGone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", path, err)
	}
}

// dialIn connects to a listening Conn and echoes until the Conn has gone.
func dialIn(t *testing.T, a net.Addr, config *tls.Config) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		conn, err := net.Dial(a.Network(), a.String())
		if err != nil {
			ended <- err
			return
		}
		defer conn.Close()
		if config != nil {
			conn = tls.Client(conn, config)
		}
		_, err = io.Copy(conn, conn)
		ended <- err
	}()
	return ended
}

func TestE6_ListenThenAcceptOnePeer(t *testing.T) {
	server, client := tlsPair(t)
	client.ServerName = "localhost"
	for name, addr := range map[string]proto.Address{
		"unix":          {Network: "unix", Addr: filepath.Join(t.TempDir(), "s")},
		"tcp":           {Network: "tcp", Addr: "127.0.0.1:0"},
		"tls":           {Network: "tcp", Addr: "127.0.0.1:0", TLS: server},
		"tls over unix": {Network: "unix", Addr: filepath.Join(t.TempDir(), "t"), TLS: server},
	} {
		t.Run(name, func(t *testing.T) {
			var ended <-chan error
			talk(t, func(c *proto.Conn[string]) error {
				if err := c.Listen(t.Context(), addr); err != nil {
					return err
				}
				wantState(t, c, proto.Connecting)
				at := c.ListenAddr()
				config := client
				if addr.TLS == nil {
					config = nil
				}
				ended = dialIn(t, at, config)
				if err := c.Accept(t.Context()); err != nil {
					return err
				}
				if c.ListenAddr() != nil {
					t.Error("still listening after the accept")
				}
				if conn, err := net.Dial(at.Network(), at.String()); err == nil {
					conn.Close()
					t.Error("a second peer was let in")
				}
				if addr.Network == "unix" {
					wantGone(t, addr.Addr)
				}
				return nil
			})
			if err := <-ended; err != nil {
				t.Errorf("peer: %v", err)
			}
		})
	}
}

func TestE6_ListenAndAcceptEqualsTheTwoCalls(t *testing.T) {
	addr := proto.Address{Network: "unix", Addr: filepath.Join(t.TempDir(), "s")}
	var ended <-chan error
	talk(t, func(c *proto.Conn[string]) error {
		accepted := make(chan error, 1)
		go func() { accepted <- c.ListenAndAccept(t.Context(), addr) }()
		for c.ListenAddr() == nil {
			runtime.Gosched() // the socket stands a little later than the state says
		}
		ended = dialIn(t, c.ListenAddr(), nil)
		return <-accepted
	})
	<-ended
	wantGone(t, addr.Addr)
}

func TestE6_AcceptWithoutListenIsAnError(t *testing.T) {
	c := proto.New(text(), proto.Options{})
	wantStateError(t, "Accept", c.Accept(t.Context()), proto.Idle, proto.Connecting)
	wantState(t, c, proto.Idle)
}

func TestE6_OnlyOneAcceptTakesTheListen(t *testing.T) {
	addr := proto.Address{Network: "unix", Addr: filepath.Join(t.TempDir(), "s")}
	c := proto.New(text(), proto.Options{})
	if err := c.Listen(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 2)
	ctx, cancel := context.WithCancel(t.Context())
	for range 2 {
		go func() { results <- c.Accept(ctx) }()
	}
	wantStateError(t, "Accept", <-results, proto.Connecting, proto.Connecting)
	cancel()
	if err := <-results; err != context.Canceled {
		t.Errorf("got %v", err)
	}
	wantGone(t, addr.Addr)
}

// watched is a context that tells when somebody begins to heed it.
type watched struct {
	context.Context
	asked chan struct{}
}

func (w watched) Done() <-chan struct{} {
	select {
	case w.asked <- struct{}{}:
	default:
	}
	return w.Context.Done()
}

func TestE6_E7_NothingIsLeftWhenAcceptFails(t *testing.T) {
	refused := errors.New("refused")
	for name, test := range map[string]struct {
		spoil func(t *testing.T, c *proto.Conn[string], cancel context.CancelCauseFunc)
		check func(t *testing.T, c *proto.Conn[string], err error)
	}{
		"cancelled": {
			func(t *testing.T, c *proto.Conn[string], cancel context.CancelCauseFunc) { cancel(refused) },
			func(t *testing.T, c *proto.Conn[string], err error) {
				if err != refused { // E9
					t.Errorf("got %v, want the context's cause", err)
				}
			},
		},
		"disconnected": {
			func(t *testing.T, c *proto.Conn[string], _ context.CancelCauseFunc) {
				if err := c.Disconnect(t.Context()); err != nil {
					t.Errorf("disconnect: %v", err)
				}
				wantState(t, c, proto.Idle)
			},
			func(t *testing.T, c *proto.Conn[string], err error) {
				wantConnectError(t, c, err, proto.PhaseConnection)
				if !errors.Is(err, proto.ErrDisconnected) {
					t.Errorf("got %v", err)
				}
			},
		},
		"handshake refused": {
			func(t *testing.T, c *proto.Conn[string], _ context.CancelCauseFunc) {
				if err := <-dialIn(t, c.ListenAddr(), nil); err != nil {
					t.Errorf("peer: %v", err)
				}
			},
			func(t *testing.T, c *proto.Conn[string], err error) {
				wantConnectError(t, c, err, proto.PhaseSession)
				if !errors.Is(err, refused) {
					t.Errorf("got %v", err)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			addr := proto.Address{Network: "unix", Addr: filepath.Join(t.TempDir(), "s")}
			p := text()
			p.Establish = func(context.Context, *proto.Handshake[string]) error { return refused }
			c := proto.New(p, proto.Options{})
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if err := c.Listen(ctx, addr); err != nil {
				t.Fatal(err)
			}
			accepted := make(chan error)
			waiting := watched{ctx, make(chan struct{}, 10)}
			go func() { accepted <- c.Accept(waiting) }()
			<-waiting.asked
			test.spoil(t, c, cancel)
			test.check(t, c, <-accepted)
			wantState(t, c, proto.Idle)
			wantGone(t, addr.Addr)
			// E19: as new.
			if err := c.Listen(t.Context(), addr); err != nil {
				t.Errorf("listen again: %v", err)
			}
			disconnect(t, c)
			wantGone(t, addr.Addr)
		})
	}
}

func TestE6_DisconnectEndsAListenThatNobodyAccepts(t *testing.T) {
	addr := proto.Address{Network: "unix", Addr: filepath.Join(t.TempDir(), "s")}
	c := proto.New(text(), proto.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	if err := c.Listen(ctx, addr); err != nil {
		t.Fatal(err)
	}
	cancel() // of the call alone
	wantState(t, c, proto.Connecting)
	disconnect(t, c)
	wantGone(t, addr.Addr)
	wantStateError(t, "Accept", c.Accept(t.Context()), proto.Idle, proto.Connecting)
}
