// Package qmpserver is the server half of QMP.
//
// [Server] speaks the protocol as QEMU does: greeting, negotiation, commands with
// their ids in order, out-of-band execution, events from any goroutine, and errors
// in the words of QEMU 7.2. [Demo] is a simulated machine on top of it, which
// stands behind the address demo:. [Script] is a peer that does exactly what a
// test tells it to, faults included. All three are a [Service]; [Listen] puts one
// on a socket.
package qmpserver
