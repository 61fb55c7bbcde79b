package proto

import (
	"net"
	"testing"
)

// The moment between the end of the handshake and the start of the loops is too
// short to be met from outside.
func TestE15_ADisconnectBetweenHandshakeAndLoopsIsNotLost(t *testing.T) {
	c := New(Protocol[string]{
		Recv: func(*Reader) (string, error) { panic("the reader was started") },
		Send: func(*Writer, string) error { return nil },
	}, Options{})
	at, _, err := c.begin(t.Context(), "pipe")
	if err != nil {
		t.Fatal(err)
	}
	near, _ := net.Pipe()
	s := newSession(c, newStream(near))
	c.ScheduleDisconnect()
	if err := c.publish(at, s); err != ErrDisconnected {
		t.Errorf("got %v", err)
	}
	if c.State() != Disconnecting {
		t.Errorf("state is %v", c.State())
	}
	c.abandon(at)
}
