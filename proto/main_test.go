package proto_test

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/qmpsh/qmpsh/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// text is a protocol whose messages are lines, without their end.
func text() proto.Protocol[string] {
	return proto.Protocol[string]{
		Recv: func(r *proto.Reader) (string, error) {
			line, err := r.ReadLine()
			return strings.TrimSuffix(string(line), "\n"), err
		},
		Send: func(w *proto.Writer, m string) error {
			_, err := w.WriteString(m + "\n")
			return err
		},
	}
}

// collect makes a protocol hand every message to the returned channel.
func collect(p *proto.Protocol[string]) <-chan string {
	got := make(chan string, 1000)
	p.Handle = func(_ context.Context, m string) error {
		got <- m
		return nil
	}
	return got
}

// overPipe connects a Conn to one end of a net.Pipe and returns the other end.
func overPipe(t *testing.T, p proto.Protocol[string]) (*proto.Conn[string], net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	c := proto.New(p, proto.Options{})
	if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
		t.Fatalf("connect: %v", err)
	}
	return c, far
}

// socketPair returns two ends of a Unix socket.
func socketPair(tb testing.TB) (near, far net.Conn) {
	tb.Helper()
	l, err := net.Listen("unix", filepath.Join(tb.TempDir(), "pair.sock"))
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	near, err = net.Dial("unix", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	far, err = l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	return near, far
}

// say writes to a peer's end of a stream.
func say(t *testing.T, far net.Conn, text string) {
	t.Helper()
	if _, err := far.Write([]byte(text)); err != nil {
		t.Errorf("peer cannot write: %v", err)
	}
}

// hear reads exactly what is expected at a peer's end.
func hear(t *testing.T, far net.Conn, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	for n := 0; n < len(buf); {
		m, err := far.Read(buf[n:])
		if err != nil {
			t.Errorf("peer heard %q, want %q: %v", buf[:n], want, err)
			return
		}
		n += m
	}
	if string(buf) != want {
		t.Errorf("peer heard %q, want %q", buf, want)
	}
}

// wantState checks a run state.
func wantState[M any](t *testing.T, c *proto.Conn[M], want proto.State) {
	t.Helper()
	if got := c.State(); got != want {
		t.Errorf("state is %v, want %v", got, want)
	}
}

// disconnect ends a session that is expected to end well.
func disconnect[M any](t *testing.T, c *proto.Conn[M]) {
	t.Helper()
	if err := c.Disconnect(context.Background()); err != nil {
		t.Errorf("disconnect: %v", err)
	}
	wantState(t, c, proto.Idle)
}
