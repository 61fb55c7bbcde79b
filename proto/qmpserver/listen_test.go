package qmpserver_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

func TestListen(t *testing.T) {
	dir := t.TempDir()
	if len(dir) > 80 {
		dir = "/tmp"
	}
	for _, address := range [][2]string{
		{"unix", dir + "/s"}, {"unix", "@qmpsh-test-listen"}, {"tcp", "127.0.0.1:0"},
	} {
		t.Run(address[0]+address[1], func(t *testing.T) {
			l, err := qmpserver.Listen(t.Context(), address[0], address[1], qmptest.Scenario{qmptest.Send("hello\n"), qmptest.ExpectEnd()})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := qmp.ParseAddress(l.Address()); err != nil {
				t.Error(err)
			}
			dial := func() net.Conn {
				conn, err := net.Dial(l.Addr().Network(), l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				return conn
			}
			first, second := dial(), dial()
			// One at a time: the second hears nothing until the first has gone.
			for _, conn := range []net.Conn{first, second} {
				if line, err := bufio.NewReader(conn).ReadString('\n'); line != "hello\n" {
					t.Errorf("got %q, %v", line, err)
				}
				conn.Close()
			}
			third := dial()
			defer third.Close()
			readLine(t, third)
			io.WriteString(third, `{"execute": "query-x"}`)
			io.Copy(io.Discard, third) // the script complains and closes
			fourth := dial()
			defer fourth.Close()
			readLine(t, fourth) // and Close cuts this one
			if err := l.Close(); err == nil || !strings.Contains(err.Error(), "expected the end") || strings.Contains(err.Error(), "\n") {
				t.Errorf("Close: %v", err)
			}
			if _, err := net.Dial(l.Addr().Network(), l.Addr().String()); err == nil {
				t.Error("it still listens")
			}
		})
	}
	if _, err := qmpserver.Listen(t.Context(), "unix", dir+"/none/s", qmptest.Scenario{}); err == nil {
		t.Error("a folder that is not there: no error")
	}
}

func TestListen_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := qmpserver.Listen(ctx, "tcp", "127.0.0.1:0", qmptest.Scenario{qmptest.Stall()})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	io.Copy(io.Discard, conn) // it is cut
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
