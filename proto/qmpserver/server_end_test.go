package qmpserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// A handler that closes has its event and its reply delivered; what the client
// sent behind is not looked at.
func TestCloseAfterReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := qmptest.Negotiated(t, testServer(), false)
		k.Send(`{"execute": "bye", "id": 1}`)
		go io.WriteString(k.Conn, strings.Repeat(`{"execute": "query-x"}`, 30))
		k.Expect(`{"timestamp": {"seconds": 1700000000, "microseconds": 5}, "event": "SHUTDOWN"}`, `{"return": {}, "id": 1}`)
		if err := <-k.End; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// However a session ends, with handlers at work and commands queued, Serve returns.
func TestServeEnds(t *testing.T) {
	cause := errors.New("enough")
	tests := map[string]struct {
		end  func(k *qmptest.Talk, cancel context.CancelCauseFunc)
		want error
	}{
		"client closes": {func(k *qmptest.Talk, _ context.CancelCauseFunc) { k.Conn.Close() }, nil},
		"client closes inside a message": {func(k *qmptest.Talk, _ context.CancelCauseFunc) {
			k.Send(`{"execute": `)
			k.Conn.Close()
		}, io.ErrUnexpectedEOF},
		"context": {func(_ *qmptest.Talk, cancel context.CancelCauseFunc) { cancel(cause) }, cause},
	}
	for name, test := range tests {
		for _, commands := range []int{0, 1, 5, 8, 9, 20} {
			t.Run(fmt.Sprintf("%s, %d commands", name, commands), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if commands > 8 && test.want == io.ErrUnexpectedEOF {
						t.Skip("the server does not read so far")
					}
					ctx, cancel := context.WithCancelCause(t.Context())
					k := qmptest.Negotiated(t, contextService{testServer(), ctx}, false)
					go io.WriteString(k.Conn, strings.Repeat(`{"execute": "slow"}`, commands))
					synctest.Wait()
					test.end(k, cancel)
					err := <-k.End
					if commands > 9 && errors.Is(err, io.ErrClosedPipe) {
						return // it was not reading, and met the end with its next reply
					}
					if !errors.Is(err, test.want) {
						t.Errorf("Serve: %v", err)
					}
				})
			})
		}
	}
}

// contextService serves with a context of its own.
type contextService struct {
	qmpserver.Service
	ctx context.Context
}

func (s contextService) Serve(_ context.Context, conn net.Conn) error {
	return s.Service.Serve(s.ctx, conn)
}

// A client that sends commands and never reads does not make the server pile up
// replies, and cannot keep it from closing.
func TestClientThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		s := testServer()
		var session *qmpserver.Conversation
		s.Opened = func(se *qmpserver.Conversation) { session = se }
		end := make(chan error, 1)
		go func() { end <- s.Serve(t.Context(), server) }()
		readLine(t, client)
		io.WriteString(client, `{"execute": "qmp_capabilities"}`)
		readLine(t, client)
		var written atomic.Int32
		go func() {
			for range 1000 {
				if _, err := io.WriteString(client, `{"execute": "query-x"}`); err != nil {
					return
				}
				written.Add(1)
			}
		}()
		synctest.Wait()
		if n := written.Load(); n > 64+8+2 {
			t.Errorf("the server took %d commands without an answer read", n)
		}
		session.Close()
		if err := <-end; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Serve: %v", err)
		}
	})
}

func readLine(t *testing.T, conn net.Conn) {
	t.Helper()
	p := make([]byte, 1)
	for p[0] != '\n' {
		if _, err := conn.Read(p); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMessageLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		s.MaxMessage = 100
		k := qmptest.Negotiated(t, s, false)
		go io.WriteString(k.Conn, `{"execute": "`+strings.Repeat("x", 100))
		var limit *proto.LimitError
		if err := <-k.End; !errors.As(err, &limit) {
			t.Errorf("Serve: %v", err)
		}
	})
}
