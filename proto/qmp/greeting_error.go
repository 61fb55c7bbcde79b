package qmp

import (
	"bytes"

	"github.com/qmpsh/qmpsh/proto"
)

// GreetingKind says what came where a greeting was due (Q1).
type GreetingKind int

// What can come in place of a greeting.
const (
	NotJSON    GreetingKind = iota + 1 // something that is not JSON, and nothing known
	NotQMP                             // JSON, but no greeting
	HMPMonitor                         // the human monitor's banner
	TLSServer                          // a TLS record
	VNCServer                          // "RFB 003.008"
	Silent                             // nothing, until the time was over
	Closed                             // the end of the stream
)

// String is a short name for logs.
func (k GreetingKind) String() string {
	switch k {
	case NotJSON:
		return "not JSON"
	case NotQMP:
		return "not QMP"
	case HMPMonitor:
		return "HMP monitor"
	case TLSServer:
		return "TLS server"
	case VNCServer:
		return "VNC server"
	case Silent:
		return "silent"
	case Closed:
		return "closed"
	}
	return "unknown"
}

// sniffGreeting tells from the first bytes of a stream what kind of server sent something that is no JSON.
func sniffGreeting(received []byte) GreetingKind {
	p := bytes.TrimLeft(received, "\r\n\t ")
	switch {
	case bytes.Equal(p, []byte{0x15}), len(p) > 1 && p[0] >= 0x14 && p[0] <= 0x17 && p[1] == 0x03: // alert, or any record
		return TLSServer
	case bytes.HasPrefix(p, []byte("RFB ")):
		return VNCServer
	case bytes.HasPrefix(p, []byte("QEMU ")), bytes.Contains(p, []byte("(qemu)")), bytes.Contains(p, []byte("type 'help'")):
		return HMPMonitor
	}
	return NotJSON
}

// GreetingError is a server whose first words are no greeting (Q1).
type GreetingError struct {
	proto.Origin
	Kind     GreetingKind
	Received []byte // the start of what came; empty for Silent
	Err      error  // the cause; may be nil
}

func (e *GreetingError) Error() string { return join(e.LinkText(), e.Err) }

// Unwrap returns the cause.
func (e *GreetingError) Unwrap() error { return e.Err }

// LinkText is this error's own words, without its cause's.
func (e *GreetingError) LinkText() string {
	var s string
	switch e.Kind {
	case HMPMonitor:
		s = "this is a human monitor (HMP), not QMP"
	case TLSServer:
		s = "the server speaks TLS"
	case VNCServer:
		s = "this is a VNC server, not QMP"
	case Silent:
		return "the server sent no greeting"
	case Closed:
		s = "the server closed the connection before its greeting"
	case NotQMP:
		s = "the server's first message is no QMP greeting"
	default:
		s = "the server's first words are not JSON"
	}
	if len(e.Received) > 0 {
		s += ": it sent " + excerpt(e.Received)
	}
	return s
}
