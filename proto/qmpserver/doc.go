// Package qmpserver is the server half of QMP, as a component to put in front of a client.
//
// [Server] speaks the protocol as QEMU does: greeting, negotiation, commands with their ids in order, out-of-band
// execution, events from any goroutine, and errors with class and words. It knows no commands of its own: whoever uses it
// says what answers them. [Listen] puts it on a socket, [Local] on a stream in memory. Package demo, below this one, is
// a simulated machine on top of it.
package qmpserver
