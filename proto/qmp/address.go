package qmp

import (
	"net"
	"strconv"
	"strings"
)

// AddressKind is a way to reach a server.
type AddressKind int

// The kinds of address.
const (
	Unix AddressKind = iota + 1
	TCP
	TLS
	FD
)

// Address says where a server is. The zero value is no address.
type Address struct {
	Kind       AddressKind
	Path       string // Unix: the socket's path; "@name" is in the abstract name space
	Host, Port string // TCP, TLS; an IPv6 host is without brackets
	FD         int    // FD: an open descriptor
}

// String is the address in the form that names its kind: "unix:/tmp/x", "tcp:[::1]:4444". ParseAddress reads it again.
func (a Address) String() string {
	switch a.Kind {
	case Unix:
		return "unix:" + a.Path
	case TCP:
		return "tcp:" + net.JoinHostPort(a.Host, a.Port)
	case TLS:
		return "tls:" + net.JoinHostPort(a.Host, a.Port)
	case FD:
		return "fd:" + strconv.Itoa(a.FD)
	}
	return "no address"
}

// ParseAddress reads an address as a user writes it: /path, ./path, unix:/path, unix:@name, host:port, [::1]:4444,
// tcp:host:port, tls:host:port or fd:N. Nothing is opened. What it cannot read is an *AddressError.
func ParseAddress(s string) (Address, error) {
	p := addressParser{text: s}
	kind, rest, named := strings.Cut(s, ":")
	switch {
	case s == "":
		return p.fail("it is empty", "")
	case strings.IndexByte(s, 0) >= 0:
		return p.fail("it holds a NUL byte", "")
	case strings.HasSuffix(s, "\n"), strings.HasSuffix(s, "\r"):
		return p.fail("it ends in a line break", "")
	case strings.HasPrefix(s, "/"), strings.HasPrefix(s, "./"), strings.HasPrefix(s, "../"):
		return p.unix(s)
	case named && kind == "unix":
		return p.unix(rest)
	case named && (kind == "tcp" || kind == "tls"):
		return p.hostPort(kind, rest)
	case named && kind == "fd":
		return p.fd(rest)
	}
	return p.bare()
}
