package qmp

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestPeer_IsTheProcessAtTheOtherEndOfAUnixSocket(t *testing.T) {
	c := NewClient(Options{})
	if p, ok := c.Peer(); ok {
		t.Errorf("before the first session it is %v", p)
	}
	self := Peer{PID: os.Getpid(), UID: os.Geteuid()}
	for _, network := range []string{"unix", "tcp", "pipe"} {
		var near, far net.Conn
		if network == "pipe" {
			near, far = net.Pipe()
		} else {
			at := "127.0.0.1:0"
			if network == "unix" {
				at = filepath.Join(shortDir(t), "s")
			}
			l, err := net.Listen(network, at)
			if err != nil {
				t.Fatal(err)
			}
			if near, err = net.Dial(network, l.Addr().String()); err != nil {
				t.Fatal(err)
			}
			if far, err = l.Accept(); err != nil {
				t.Fatal(err)
			}
			l.Close()
		}
		go play(t, far, func(p *peer) {
			p.greet()
			p.silence()
		})
		if err := c.ConnectStream(t.Context(), near, network); err != nil {
			t.Fatal(err)
		}
		if p, ok := c.Peer(); ok != (network == "unix") || ok && p != self {
			t.Errorf("%s: got %v, %v, not %v", network, p, ok, self)
		}
		c.Disconnect(context.Background())
	}
}
