package cmd

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmp"
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
		pem, err := readFile(t.ca, 16<<20)
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

// demoAddress stands for the simulated machine, which only this program knows.
const demoAddress = "demo:"

// endpoint is where a session goes: an address that the client can dial, or the
// simulated machine.
type endpoint struct {
	qmp.Address
	demo bool
}

// String is the form that names the kind; parseEndpoint reads it again.
func (e endpoint) String() string {
	if e.demo {
		return demoAddress
	}
	return e.Address.String()
}

// addressForms are the forms of an address, for messages and help.
const addressForms = "/path, ./path, unix:/path, unix:@name, host:port, [::1]:4444, tcp:host:port, tls:host:port, fd:N, " + demoAddress

// parseEndpoint reads an address as a user writes it. Nothing is opened.
func parseEndpoint(text string) (endpoint, error) {
	word, rest, named := strings.Cut(text, ":")
	problem := ""
	switch demo := word+":" == demoAddress; {
	case demo && named && rest == "":
		return endpoint{demo: true}, nil
	case demo && named:
		problem = "nothing may follow " + demoAddress
	case demo:
		problem = "the colon is missing"
	case strings.EqualFold(word+":", demoAddress):
		problem = demoAddress + " is written small"
	}
	a, err := qmp.ParseAddress(text)
	if problem != "" {
		err = &qmp.AddressError{Address: text, Problem: problem, Hint: "write " + demoAddress}
	}
	if err != nil {
		return endpoint{}, fmt.Errorf("%w (an address is one of %s)", err, addressForms)
	}
	return endpoint{Address: a}, nil
}

// address is the server's: the word on the command line, else the flag, else
// the environment.
func (o *options) address(word string) (endpoint, error) {
	for _, from := range []struct{ name, value string }{
		{"", word},
		{"--socket: ", o.socket},
		{"$QMPSH_SOCKET: ", o.sys.Getenv("QMPSH_SOCKET")},
		{"$QMP_SOCKET: ", o.sys.Getenv("QMP_SOCKET")},
	} {
		if from.value == "" {
			continue
		}
		a, err := parseEndpoint(from.value)
		if err != nil {
			return endpoint{}, fmt.Errorf("%s%w", from.name, err)
		}
		return a, nil
	}
	return endpoint{}, usagef("no address: name one with -s ADDRESS or in $QMPSH_SOCKET (`-s demo:` needs no QEMU)")
}

// newClient makes a client as the flags say. Nothing is opened yet.
func (o *options) newClient(addr endpoint) (*qmp.Client, error) {
	opts := qmp.Options{
		SkipNegotiation: o.skipNegotiation,
		Agent:           o.agent,
		Logger:          o.logger(),
		Trace:           o.trace,
	}
	if addr.Kind == qmp.TLS {
		c, err := o.tls.config()
		if err != nil {
			return nil, err
		}
		opts.TLS = c
	}
	return qmp.NewClient(opts), nil
}
