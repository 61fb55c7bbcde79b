package qmp

import (
	"crypto/tls"
	"fmt"
	"net"

	"github.com/qmpsh/qmpsh/proto"
)

// endpoint is the address as the engine wants it, for connecting and for listening. Only Unix, TCP and TLS addresses have
// one. t is used for TLS addresses alone, as a copy; nil means the system's authorities and no certificate of our own.
func (a Address) endpoint(t *tls.Config) (proto.Address, error) {
	switch a.Kind {
	case Unix:
		return proto.Address{Network: "unix", Addr: a.Path}, nil
	case TCP:
		return proto.Address{Network: "tcp", Addr: net.JoinHostPort(a.Host, a.Port)}, nil
	case TLS:
		config := t.Clone()
		if config == nil {
			config = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		return proto.Address{Network: "tcp", Addr: net.JoinHostPort(a.Host, a.Port), TLS: config}, nil
	}
	return proto.Address{}, &AddressError{Address: a.String(), Problem: fmt.Sprintf("%s cannot be dialled or listened on", a)}
}
