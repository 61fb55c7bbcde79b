package proto_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/qmpsh/qmpsh/proto"
)

// quiet is an error without a message, generic too.
type quiet[T any] struct{ err error }

func (quiet[T]) Error() string   { return "" }
func (q quiet[T]) Unwrap() error { return q.err }

// passing is an error that adds nothing to the one it wraps.
type passing struct{ error }

func (p passing) Unwrap() error { return p.error }

// Worded chooses its own words.
type Worded struct {
	proto.Origin
	err error
}

func (w *Worded) Error() string    { return "all of it: " + w.err.Error() }
func (w *Worded) Unwrap() error    { return w.err }
func (w *Worded) LinkText() string { return "own words" }

func TestU1_Summary(t *testing.T) {
	_, dns := (&net.Resolver{}).LookupHost(context.Background(), "no-such-host.invalid")
	for want, err := range map[string]error{
		"": nil,
		"syscall.Errno: no such file or directory": syscall.ENOENT,
		"error: plain":                                        errors.New("plain"),
		"error: read: plain":                                  fmt.Errorf("read: %w", errors.New("plain")),
		"error: formatted":                                    fmt.Errorf("%s", "formatted"),
		"error: two; lines":                                   errors.Join(errors.New("two"), errors.New("lines")),
		"error: a b":                                          fmt.Errorf("%w %w", errors.New("a"), errors.New("b")),
		"quiet":                                               quiet[*proto.LimitError]{},
		"Worded: all of it: x":                                &Worded{err: errors.New("x")},
		"LimitError: " + limitText:                            &proto.LimitError{Limit: 7},
		"fs.PathError: open /x: file exists":                  &os.PathError{Op: "open", Path: "/x", Err: syscall.EEXIST},
		"net.DNSError: " + dns.Error():                        dns,
		"x509.HostnameError: " + hostname:                     x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"},
		"context.Canceled: context canceled":                  context.Canceled,
		"io.EOF: EOF":                                         io.EOF,
		"io.ErrUnexpectedEOF: unexpected EOF":                 io.ErrUnexpectedEOF,
		"os.ErrDeadlineExceeded: i/o timeout":                 os.ErrDeadlineExceeded,
		"io.ErrClosedPipe: " + closedPipe:                     io.ErrClosedPipe,
		"net.ErrClosed: " + net.ErrClosed.Error():             net.ErrClosed,
		"context.DeadlineExceeded: context deadline exceeded": context.DeadlineExceeded,
	} {
		if got := proto.Summary(err); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

const (
	limitText  = "message is longer than the limit of 7 bytes"
	hostname   = "x509: certificate is not valid for any names, but wanted to match h"
	closedPipe = "io: read/write on closed pipe"
)

func TestU1_U2_AbsentSocketAsThePromiseShowsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "qmp.sock")
	c := proto.New(text(), proto.Options{})
	err := c.Connect(t.Context(), proto.Address{Network: "unix", Addr: path})
	got := proto.Summary(err) + "\n" + proto.Chain(err, proto.ChainOptions{})
	want := `ConnectError: failed to establish connection: dial unix /tmp/qmp.sock: connect: no such file or directory
  | ConnectError: failed to establish connection to unix:/tmp/qmp.sock
  | net.OpError: dial unix /tmp/qmp.sock
  | os.SyscallError: connect
  | syscall.Errno: no such file or directory (ENOENT)`
	if want = strings.ReplaceAll(want, "/tmp/qmp.sock", path); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestU2_Chain(t *testing.T) {
	plain := errors.New("plain")
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"nil":              {nil, ""},
		"one":              {plain, "> error: plain"},
		"suffix":           {fmt.Errorf("read: %w", plain), "> error: read\n> error: plain"},
		"in the middle":    {fmt.Errorf("read (%w) once", plain), "> error: read (…) once\n> error: plain"},
		"no words":         {quiet[int]{plain}, "> error: plain"},
		"nothing new":      {passing{plain}, "> error: plain"},
		"own words":        {&Worded{err: plain}, "> Worded: own words\n> error: plain"},
		"empty, exported":  {&net.OpError{Op: "read", Err: quiet[int]{}}, "> net.OpError: read\n> quiet"},
		"many lines":       {errors.New("first\nsecond\r\nthird"), "> error: first\n>     second\n>     third"},
		"unknown errno":    {syscall.Errno(9999), "> syscall.Errno: errno 9999 (errno 9999)"},
		"joined, but one":  {errors.Join(nil, plain), "> error: plain"},
		"repeated words":   {fmt.Errorf("plain: %w", plain), "> error: plain\n> error: plain"},
		"joined":           {errors.Join(plain, fmt.Errorf("plain b: %w", io.EOF), nil), "> error: 2 errors\n> +- error: plain\n> +- error: plain b\n>    io.EOF: EOF"},
		"two of one":       {fmt.Errorf("%w: %w", plain, io.EOF), "> error: 2 errors\n> +- error: plain\n> +- io.EOF: EOF"},
		"joined and words": {fmt.Errorf("closing %w and %w", plain, io.EOF), "> error: closing … and …\n> +- error: plain\n> +- io.EOF: EOF"},
		"branches of branches": {
			fmt.Errorf("outer: %w", errors.Join(fmt.Errorf("a: %w", errors.Join(plain, io.EOF)), plain)),
			"> error: outer\n> error: 2 errors\n> +- error: a\n> |  error: 2 errors\n> |  +- error: plain\n> |  +- io.EOF: EOF\n> +- error: plain"},
	} {
		if got := proto.Chain(test.err, proto.ChainOptions{Prefix: "> "}); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

func TestU2_OriginsWhenAskedFor(t *testing.T) {
	err := fmt.Errorf("outer: %w", &Worded{Origin: proto.Here(), err: &Worded{err: io.EOF}})
	want := regexp.MustCompile(`^  \| error: outer
  \| Worded: own words
  \|     at proto_test\.TestU2_OriginsWhenAskedFor \(proto/chain_test\.go:\d+\)
  \| Worded: own words
  \| io\.EOF: EOF$`)
	if got := proto.Chain(err, proto.ChainOptions{Origins: true}); !want.MatchString(got) {
		t.Errorf("got\n%s", got)
	}
	if got := proto.Chain(err, proto.ChainOptions{}); strings.Contains(got, "at ") {
		t.Errorf("unasked:\n%s", got)
	}
	c := proto.New(text(), proto.Options{})
	ce := c.Connect(t.Context(), proto.Address{Network: "unix", Addr: "/nonexistent/s"})
	for what, err := range map[string]error{"Connect": ce, "Send": c.Send("x")} {
		if got := proto.Chain(err, proto.ChainOptions{Origins: true}); !regexp.MustCompile(
			`at proto\.\(\*Conn\[\.\.\.\]\)\.` + what + ` \(proto/\w+\.go:\d+\)`).MatchString(got) {
			t.Errorf("%s: got\n%s", what, got)
		}
	}
}
