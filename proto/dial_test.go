package proto_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/qmpsh/qmpsh/proto"
)

// serveEcho accepts peers at an address and sends back what they say.
func serveEcho(t *testing.T, network, addr string, config *tls.Config) proto.Address {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Skipf("cannot listen on %s %s: %v", network, addr, err)
	}
	addr = l.Addr().String()
	if config != nil {
		l = tls.NewListener(l, config)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.Copy(conn, conn)
			conn.Close()
		}
	}()
	return proto.Address{Network: network, Addr: addr}
}

// talk sends a line to an echoing peer and disconnects.
func talk(t *testing.T, connect func(c *proto.Conn[string]) error) {
	t.Helper()
	p := text()
	got := collect(&p)
	c := proto.New(p, proto.Options{})
	if err := connect(c); err != nil {
		t.Fatalf("connect: %v", err)
	}
	wantState(t, c, proto.Running)
	if err := c.Send("hello"); err != nil {
		t.Error(err)
	}
	if m := <-got; m != "hello" {
		t.Errorf("got %q back", m)
	}
	disconnect(t, c)
}

func TestE5_Connect(t *testing.T) {
	server, client := tlsPair(t)
	abstract := fmt.Sprintf("@qmpsh-test-%d", os.Getpid())
	for name, test := range map[string]struct {
		network, addr string
		server        *tls.Config
		client        *tls.Config
		text          string
	}{
		"unix":     {"unix", filepath.Join(t.TempDir(), "s"), nil, nil, ""},
		"abstract": {"unix", abstract, nil, nil, "unix:" + abstract},
		"tcp4":     {"tcp", "127.0.0.1:0", nil, nil, ""},
		"tcp6":     {"tcp", "[::1]:0", nil, nil, ""},
		// The server's name comes from the host, or the handshake would refuse it.
		"tls over tcp":  {"tcp", "127.0.0.1:0", server, client, ""},
		"tls over unix": {"unix", filepath.Join(t.TempDir(), "t"), server, &tls.Config{RootCAs: client.RootCAs, ServerName: "localhost"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			addr := serveEcho(t, test.network, test.addr, test.server)
			addr.TLS = test.client
			if test.text != "" && addr.String() != test.text {
				t.Errorf("address reads %q, want %q", addr, test.text)
			}
			talk(t, func(c *proto.Conn[string]) error { return c.Connect(t.Context(), addr) })
			if addr.TLS != nil && addr.Network == "tcp" && addr.TLS.ServerName != "" {
				t.Error("the caller's TLS configuration was changed")
			}
		})
	}
}

func TestE5_ConnectStreamTakesWhatIsOpen(t *testing.T) {
	addr := serveEcho(t, "unix", filepath.Join(t.TempDir(), "s"), nil)
	conn, err := net.Dial("unix", addr.Addr)
	if err != nil {
		t.Fatal(err)
	}
	talk(t, func(c *proto.Conn[string]) error { return c.ConnectStream(t.Context(), conn, "fd:3") })
	if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the stream is still open: %v", err)
	}
}

func TestE5_AddressText(t *testing.T) {
	for want, a := range map[string]proto.Address{
		"unix:/tmp/x":    {Network: "unix", Addr: "/tmp/x"},
		"tcp:[::1]:4444": {Network: "tcp", Addr: "[::1]:4444"},
		"tls:host:4444":  {Network: "tcp", Addr: "host:4444", TLS: &tls.Config{}},
	} {
		if a.String() != want {
			t.Errorf("got %q, want %q", a, want)
		}
	}
}

// wantConnectError checks a failure to connect: its type and phase, and that the
// engine is idle again (E7).
func wantConnectError[M any](t *testing.T, c *proto.Conn[M], err error, phase string) {
	t.Helper()
	var ce *proto.ConnectError
	if !errors.As(err, &ce) {
		t.Fatalf("got %v, want a ConnectError", err)
	}
	if ce.Phase != phase {
		t.Errorf("phase is %q, want %q", ce.Phase, phase)
	}
	wantState(t, c, proto.Idle)
	if c.ListenAddr() != nil {
		t.Error("still listening")
	}
}

func TestE8_NoStreamIsAConnectionError(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for name, test := range map[string]struct {
		addr proto.Address
		root error
	}{
		"absent":   {proto.Address{Network: "unix", Addr: filepath.Join(dir, "absent")}, syscall.ENOENT},
		"stale":    {proto.Address{Network: "unix", Addr: stale}, syscall.ECONNREFUSED},
		"refused":  {proto.Address{Network: "tcp", Addr: closedPort(t)}, syscall.ECONNREFUSED},
		"abstract": {proto.Address{Network: "unix", Addr: "@qmpsh-nobody"}, syscall.ECONNREFUSED},
	} {
		t.Run(name, func(t *testing.T) {
			c := proto.New(text(), proto.Options{})
			err := c.Connect(t.Context(), test.addr)
			wantConnectError(t, c, err, proto.PhaseConnection)
			if !errors.Is(err, test.root) {
				t.Errorf("%v does not lead to %v", err, test.root)
			}
			var op *net.OpError
			if !errors.As(err, &op) {
				t.Errorf("%v does not lead to a net.OpError", err)
			}
		})
	}
}

// closedPort returns a TCP address on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestE8_PermissionAndNameErrorsAreReachable(t *testing.T) {
	c := proto.New(text(), proto.Options{})
	err := c.Connect(t.Context(), proto.Address{Network: "tcp", Addr: "no-such-host.invalid:1"})
	wantConnectError(t, c, err, proto.PhaseConnection)
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		t.Errorf("%v does not lead to a net.DNSError", err)
	}
	err = c.Listen(t.Context(), proto.Address{Network: "unix", Addr: "/proc/no/such/dir"})
	wantConnectError(t, c, err, proto.PhaseConnection)
	if !errors.Is(err, syscall.ENOENT) {
		t.Errorf("%v does not lead to ENOENT", err)
	}
}

func TestE8_TLSErrorsAreReachable(t *testing.T) {
	server, client := tlsPair(t)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	go func() {
		if conn, err := plain.Accept(); err == nil {
			conn.Write([]byte("no TLS spoken here\n"))
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	c := proto.New(text(), proto.Options{})
	err = c.Connect(t.Context(), proto.Address{Network: "tcp", Addr: plain.Addr().String(), TLS: client})
	wantConnectError(t, c, err, proto.PhaseConnection)
	var header tls.RecordHeaderError
	if !errors.As(err, &header) {
		t.Errorf("%v does not lead to a tls.RecordHeaderError", err)
	}

	secure := serveEcho(t, "tcp", "127.0.0.1:0", server)
	secure.TLS = &tls.Config{}
	err = c.Connect(t.Context(), secure)
	wantConnectError(t, c, err, proto.PhaseConnection)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("%v does not lead to an x509 error", err)
	}

	secure.TLS = &tls.Config{RootCAs: client.RootCAs, ServerName: "elsewhere"}
	err = c.Connect(t.Context(), secure)
	wantConnectError(t, c, err, proto.PhaseConnection)
	var host x509.HostnameError
	if !errors.As(err, &host) {
		t.Errorf("%v does not lead to an x509.HostnameError", err)
	}
}

func TestE8_NoSessionIsASessionError(t *testing.T) {
	refused := errors.New("refused")
	p := text()
	p.Establish = func(context.Context, *proto.Handshake[string]) error { return refused }
	c := proto.New(p, proto.Options{})
	near, far := net.Pipe()
	err := c.ConnectStream(t.Context(), near, "pipe")
	wantConnectError(t, c, err, proto.PhaseSession)
	if !errors.Is(err, refused) {
		t.Errorf("%v does not lead to the root", err)
	}
	const want = "ConnectError: failed to establish session: refused"
	if got := proto.Summary(err); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// E7: nothing is open.
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the stream is still open: %v", err)
	}
}
