// Package qmp is a client of the QEMU Machine Protocol: messages and their framing, greeting and negotiation, ids,
// events, addresses, and the guest agent's variant, on top of the generic engine of package proto.
//
// Bytes are kept. A Message holds the text that the peer sent and slices of it; no reply, event or argument goes through
// a map or a float64 on its way (Q10). Whoever gets such a slice may keep it and must not change it.
//
// Every failure has a type; code asks for it with errors.As and never looks at words. Whether a command that failed may
// be sent again is what NeverSent knows.
package qmp
