package proto_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// badCloser is a stream whose Close fails.
type badCloser struct {
	net.Conn
	err error
}

func (b badCloser) Close() error {
	b.Conn.Close()
	return b.err
}

func TestE17_ErrorFromClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := errors.New("bad close")
		for _, failed := range []bool{false, true} {
			near, far := net.Pipe()
			c := proto.New(text(), proto.Options{})
			if err := c.ConnectStream(t.Context(), badCloser{near, bad}, "pipe"); err != nil {
				t.Fatal(err)
			}
			want := bad
			if failed {
				far.Close()
				synctest.Wait()
				want = io.EOF
			}
			if err := c.Disconnect(t.Context()); err != want {
				t.Errorf("failed %v: got %v, want %v", failed, err, want)
			}
			wantState(t, c, proto.Idle)
		}
	})
}

func TestE16_TLSFarewellIsBoundedByTheCaller(t *testing.T) {
	server, client := tlsPair(t)
	client.ServerName = "localhost"
	near, far := net.Pipe() // takes no byte that the peer does not read
	defer far.Close()
	var peer sync.WaitGroup
	peer.Go(func() { tls.Server(far, server).Handshake() })
	c := proto.New(text(), proto.Options{})
	conn := tls.Client(near, client)
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	peer.Wait()
	if err := c.ConnectStream(t.Context(), conn, "pipe"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	// crypto/tls itself would try for five seconds.
	if err := c.Disconnect(ctx); err != nil {
		t.Errorf("got %v", err)
	}
	wantState(t, c, proto.Idle)
}

// noDeadlines is a stream that cannot be interrupted, only closed.
type noDeadlines struct {
	net.Conn
	closed int
}

func (n *noDeadlines) SetDeadline(time.Time) error { return errors.ErrUnsupported }

func (n *noDeadlines) Close() error {
	if n.closed++; n.closed > 1 {
		return errors.New("closed twice")
	}
	return n.Conn.Close()
}

func TestE16_AStreamWithoutDeadlinesIsStoppedByClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := proto.New(text(), proto.Options{})
		if err := c.ConnectStream(t.Context(), &noDeadlines{Conn: near}, "pipe"); err != nil {
			t.Fatal(err)
		}
		c.Send("bye")
		hear(t, far, "bye\n")
		disconnect(t, c)
	})
}

// After a failure there is no farewell: a peer that takes nothing would hold it up, for
// five seconds with crypto/tls.
func TestE17_NoFarewellAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := tlsPair(t)
		client.ServerName = "localhost"
		boom := errors.New("boom")
		p := text()
		p.Handle = func(context.Context, string) error { return boom }
		near, far := net.Pipe()
		defer far.Close()
		var peer sync.WaitGroup
		peer.Go(func() { tls.Server(far, server).Write([]byte("x\n")) })
		conn := tls.Client(near, client)
		if err := conn.Handshake(); err != nil {
			t.Fatal(err)
		}
		c := proto.New(p, proto.Options{})
		if err := c.ConnectStream(t.Context(), conn, "pipe"); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := c.Wait(t.Context()); err != boom {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("it took %v", took)
		}
		peer.Wait()
		if err := c.Disconnect(t.Context()); err != boom {
			t.Errorf("got %v", err)
		}
	})
}
