package qmp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto"
)

// serveOne greets, negotiates and echoes on the first connection that l gets.
func serveOne(t *testing.T, l net.Listener) {
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		if conn, err := l.Accept(); err == nil {
			serveConn(t, conn)
		}
	}()
}

func serveConn(t *testing.T, conn net.Conn) {
	play(t, conn, func(p *peer) {
		p.greet()
		p.echo()
	})
}

func shortTempDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "qmp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// tryOut runs one command on a client that should be connected.
func tryOut(t *testing.T, c *Client, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Execute(t.Context(), "query-status", nil); err != nil {
		t.Error(err)
	}
	if err := c.Disconnect(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestE5_EveryKindOfAddress(t *testing.T) {
	cert, roots := certificate(t)
	path := filepath.Join(shortTempDir(t), "s")
	tests := []struct {
		network, listen string
		tls             bool
		address         Address
	}{
		{"unix", path, false, Address{Kind: Unix, Path: path}},
		{"unix", "@" + path, false, Address{Kind: Unix, Path: "@" + path}},
		{"tcp", "127.0.0.1:0", false, Address{Kind: TCP, Host: "127.0.0.1"}},
		{"tcp", "[::1]:0", false, Address{Kind: TCP, Host: "::1"}},
		{"tcp", "127.0.0.1:0", true, Address{Kind: TLS, Host: "localhost"}},
	}
	for _, test := range tests {
		t.Run(test.address.String(), func(t *testing.T) {
			l, err := net.Listen(test.network, test.listen)
			if err != nil {
				t.Skip(err) // a machine without IPv6
			}
			if a, ok := l.Addr().(*net.TCPAddr); ok {
				_, test.address.Port, _ = net.SplitHostPort(a.String())
			}
			if test.tls {
				l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
			}
			serveOne(t, l)
			c := NewClient(Options{TLS: &tls.Config{RootCAs: roots}})
			tryOut(t, c, c.Connect(t.Context(), test.address))
		})
	}
}

// certificate makes one for localhost, and the authorities that vouch for it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func TestE5_OpenDescriptor(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	far, err := openFD(pair[1])
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		serveConn(t, far)
	}()
	c := NewClient(Options{})
	tryOut(t, c, c.Connect(t.Context(), Address{Kind: FD, FD: pair[0]}))
	<-done
}

func TestE5_DescriptorThatIsNoStream(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	null, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	packets, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for fd, cause := range map[int]error{null: syscall.ENOTSOCK, packets: nil, 9999: syscall.EBADF} {
		e := wantError[*proto.ConnectError](t, NewClient(Options{}).Connect(t.Context(), Address{Kind: FD, FD: fd}))
		if e.Phase != proto.PhaseConnection || cause != nil && !errors.Is(e, cause) {
			t.Errorf("fd:%d gave %v", fd, e)
		}
		// It may be the one on which the caller will say so.
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil && cause != syscall.EBADF {
			t.Errorf("fd:%d is closed: %v", fd, err)
		}
	}
	syscall.Close(null)
	syscall.Close(packets)
}

func TestE6_ServerDialsUs(t *testing.T) {
	path := filepath.Join(shortTempDir(t), "s")
	for _, address := range []Address{{Kind: Unix, Path: path}, {Kind: TCP, Host: "127.0.0.1", Port: "0"}} {
		t.Run(address.String(), func(t *testing.T) {
			c := NewClient(Options{})
			for range 2 {
				if err := c.Listen(t.Context(), address); err != nil {
					t.Fatal(err)
				}
				conn, err := net.Dial(c.ListenAddr().Network(), c.ListenAddr().String())
				if err != nil {
					t.Fatal(err)
				}
				done := make(chan struct{})
				go func() {
					defer close(done)
					serveConn(t, conn)
				}()
				tryOut(t, c, c.Accept(t.Context()))
				<-done
				if c.ListenAddr() != nil {
					t.Error("still listening")
				}
			}
		})
	}
}

func TestE8_WhatCannotBeDialledIsAConnectError(t *testing.T) {
	missing := Address{Kind: Unix, Path: filepath.Join(shortTempDir(t), "missing")}
	c := NewClient(Options{})
	e := wantError[*proto.ConnectError](t, c.Connect(t.Context(), missing))
	if e.Phase != proto.PhaseConnection || e.Addr != missing.String() || !errors.Is(e, syscall.ENOENT) {
		t.Errorf("got %+v", e)
	}
	wantError[*proto.ConnectError](t, c.Connect(t.Context(), Address{}))
	wantError[*proto.ConnectError](t, c.Listen(t.Context(), Address{Kind: FD}))
}

// Options.TLS meets a server that speaks none, and a plain client one that does.
func TestQ1_TLSMismatch(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits for a second")
	}
	cert, roots := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	done := make(chan struct{})
	defer func() { l.Close(); <-done }()
	go func() {
		defer close(done)
		for secure := false; ; secure = !secure {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if secure {
				// Fails once it has seen that the client speaks something else.
				tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}).Handshake()
			} else {
				conn.Write([]byte(greetingLine))
			}
			conn.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	address := Address{Host: "127.0.0.1", Port: big.NewInt(int64(port)).String()}

	address.Kind = TLS
	err = NewClient(Options{TLS: &tls.Config{RootCAs: roots}}).Connect(ctx, address)
	wantError[tls.RecordHeaderError](t, wantError[*proto.ConnectError](t, err))

	address.Kind = TCP
	if e := wantError[*GreetingError](t, NewClient(Options{}).Connect(ctx, address)); e.Kind != TLSServer {
		t.Errorf("kind is %v (%v)", e.Kind, e)
	}
}

// QEMU (7.2 at least) sees the rest of a TLS record only when more comes on the socket: the
// line end, without which it waits, has a record of its own, which has no rest.
func TestE5_TheLineEndHasATLSRecordOfItsOwn(t *testing.T) {
	cert, roots := certificate(t)
	near, far := socketPair(t)
	records := make(chan []string, 1)
	go func() {
		defer far.Close()
		server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{cert}})
		io.WriteString(server, greetingLine)
		var got []string
		for buf := make([]byte, 1<<16); ; {
			n, err := server.Read(buf) // never more than one record
			if err != nil {
				records <- got
				return
			}
			got = append(got, string(buf[:n]))
			if string(buf[:n]) == "\n" {
				m, _ := ParseMessage([]byte(got[len(got)-2]))
				io.WriteString(server, `{"return": {}, "id": `+string(m.ID)+"}\n")
			}
		}
	}()
	c := NewClient(Options{})
	secure := tls.Client(near, &tls.Config{RootCAs: roots, ServerName: "localhost"})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.ConnectStream(ctx, secure, "tls"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := c.Execute(ctx, "query-status", nil); err != nil {
			t.Error(err)
		}
	}
	c.Disconnect(ctx)
	got := <-records
	for i, record := range got {
		if want := i%2 == 1; (record == "\n") != want || strings.Contains(record, "\n") != want {
			t.Errorf("record %d is %q", i, record)
		}
	}
	if len(got) != 2*6 {
		t.Errorf("there were %d records", len(got))
	}
}
