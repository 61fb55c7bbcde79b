package qmptest

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// Talk is a client that sends raw bytes and compares raw lines, for tests of a server inside a synctest bubble.
type Talk struct {
	Conn net.Conn
	End  chan error // how the server's Serve ended

	t   testing.TB
	got chan string // whole lines as they come
}

// NewTalk has s serve the other end of a pipe. The test ends the conversation.
func NewTalk(t testing.TB, s qmpserver.Service) *Talk {
	t.Helper()
	client, server := net.Pipe()
	k := &Talk{t: t, Conn: client, got: make(chan string, 1000), End: make(chan error, 1)}
	go func() { k.End <- s.Serve(t.Context(), server) }()
	go k.read()
	t.Cleanup(func() { client.Close() })
	return k
}

// Negotiated is NewTalk behind greeting and negotiation; oob says with what.
func Negotiated(t testing.TB, s qmpserver.Service, oob bool) *Talk {
	t.Helper()
	k := NewTalk(t, s)
	if len(k.Lines()) != 1 {
		t.Fatal("no greeting")
	}
	enable := ""
	if oob {
		enable = `"oob"`
	}
	k.Ask(`{"execute": "qmp_capabilities", "arguments": {"enable": [`+enable+`]}}`, `{"return": {}}`)
	return k
}

func (k *Talk) read() {
	defer close(k.got)
	var buf []byte
	p := make([]byte, 4096)
	for {
		n, err := k.Conn.Read(p)
		buf = append(buf, p[:n]...)
		for {
			line, rest, ok := strings.Cut(string(buf), "\n")
			if !ok {
				break
			}
			k.got <- strings.TrimSuffix(line, "\r")
			buf = []byte(rest)
		}
		if err != nil {
			if len(buf) > 0 {
				k.got <- string(buf)
			}
			return
		}
	}
}

// Send sends text as it is.
func (k *Talk) Send(text string) {
	k.t.Helper()
	if _, err := io.WriteString(k.Conn, text); err != nil {
		k.t.Fatal(err)
	}
}

// Lines returns what has come so far, once the server has nothing more to say.
func (k *Talk) Lines() []string {
	k.t.Helper()
	synctest.Wait()
	var all []string
	for {
		select {
		case line, ok := <-k.got:
			if !ok {
				return all
			}
			all = append(all, line)
		default:
			return all
		}
	}
}

// Expect compares what has come since with want, in order.
func (k *Talk) Expect(want ...string) {
	k.t.Helper()
	got := k.Lines()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		k.t.Fatalf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Ask sends one message and compares what comes.
func (k *Talk) Ask(text string, want ...string) {
	k.t.Helper()
	k.Send(text + "\n")
	k.Expect(want...)
}

// Close closes the client's end and returns how Serve ended.
func (k *Talk) Close() error {
	k.Conn.Close()
	return <-k.End
}
