package cmd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmpserver/demo"
)

// tlsFlags are the --tls-* flags. They matter for tls: addresses only.
type tlsFlags struct {
	ca, cert, key, serverName string
}

func (t *tlsFlags) check() error {
	if (t.cert == "") != (t.key == "") {
		return usagef("--tls-cert and --tls-key go together")
	}
	return nil
}

// config reads the files. A file that cannot be used is the user's mistake, so
// it is refused before anything is opened.
func (t *tlsFlags) config() (*tls.Config, error) {
	c := &tls.Config{ServerName: t.serverName}
	if t.ca != "" {
		pem, err := os.ReadFile(t.ca)
		if err != nil {
			return nil, usagef("--tls-ca: %v", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, usagef("--tls-ca: %s holds no PEM certificate", t.ca)
		}
	}
	if t.cert != "" {
		pair, err := tls.LoadX509KeyPair(t.cert, t.key)
		if err != nil {
			return nil, usagef("--tls-cert, --tls-key: %v", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// address is the server's: the word on the command line, else the flag, else
// the environment.
func (o *options) address(word string) (qmp.Address, error) {
	for _, from := range []struct{ name, value string }{
		{"", word},
		{"--socket: ", o.socket},
		{"$QMPSH_SOCKET: ", o.sys.Getenv("QMPSH_SOCKET")},
		{"$QMP_SOCKET: ", o.sys.Getenv("QMP_SOCKET")},
	} {
		if from.value == "" {
			continue
		}
		a, err := qmp.ParseAddress(from.value)
		if err != nil {
			return qmp.Address{}, fmt.Errorf("%s%w", from.name, err)
		}
		return a, nil
	}
	return qmp.Address{}, usagef("no address: name one with -s ADDRESS or in $QMPSH_SOCKET (`-s demo:` needs no QEMU)")
}

// newClient makes a client as the flags say. Nothing is opened yet.
func (o *options) newClient(addr qmp.Address) (*qmp.Client, error) {
	opts := qmp.Options{
		SkipNegotiation: o.skipNegotiation,
		Agent:           o.agent,
	}
	if addr.Kind == qmp.TLS {
		c, err := o.tls.config()
		if err != nil {
			return nil, err
		}
		opts.TLS = c
	}
	if o.debug {
		opts.Logger = slog.New(slog.NewTextHandler(o.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if o.verbose {
		opts.Trace = o.trace
	}
	return qmp.NewClient(opts), nil
}

// connect opens the session within --timeout.
func (o *options) connect(ctx context.Context, c *qmp.Client, addr qmp.Address) error {
	ctx, cancel := o.bounded(ctx, addr)
	defer cancel()
	if addr.Kind != qmp.Demo {
		defer o.sayWaiting(addr)()
		return c.Connect(ctx, addr)
	}
	stream, err := demo.Dial(ctx)
	if err != nil {
		return err
	}
	return c.ConnectStream(ctx, stream, addr.String())
}

// patience is how long a terminal stays silent while nothing answers.
const patience = time.Second

// sayWaiting tells whoever sits at a terminal that nothing has answered yet,
// unless the returned function is called before.
func (o *options) sayWaiting(addr qmp.Address) (stop func() bool) {
	if !isTerminal(o.sys.Err) {
		return func() bool { return true }
	}
	return time.AfterFunc(patience, func() {
		fmt.Fprintf(o.stderr, "qmpsh: %s has not answered yet, waiting for up to %v; Ctrl-C stops\n", addr, o.timeout)
	}).Stop
}

// accept waits for QEMU to dial addr. Nobody knows when somebody will start
// it, so only a --timeout that the user gave limits the wait.
func (o *options) accept(ctx context.Context, c *qmp.Client, addr qmp.Address) error {
	if addr.Kind != qmp.Unix && addr.Kind != qmp.TCP {
		return usagef("--listen needs a Unix or TCP address, not %s", addr)
	}
	if o.timeoutSet {
		var cancel func()
		ctx, cancel = o.bounded(ctx, addr)
		defer cancel()
	}
	if err := c.Listen(ctx, addr); err != nil {
		return err
	}
	fmt.Fprintf(o.stderr, "qmpsh: listening on %s for QEMU to connect\n", addr)
	return c.Accept(ctx)
}

func (o *options) bounded(ctx context.Context, addr qmp.Address) (context.Context, func()) {
	return context.WithTimeoutCause(ctx, o.timeout, &TimeoutError{limit: o.timeout, addr: addr})
}

// TimeoutError is the cause of a context that --timeout has ended.
type TimeoutError struct {
	limit time.Duration
	addr  qmp.Address
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("no session with %s within %v", e.addr, e.limit)
}

func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

// leave ends the session politely but never waits long for it: the answer that
// the user wanted is there already.
func leave(c *qmp.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// Why the session ended has been reported where it mattered.
	_ = c.Disconnect(ctx)
}
