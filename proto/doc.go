// Package proto is a full-duplex engine for message protocols over a byte stream.
// It knows no JSON and no QMP.
//
// A [Protocol] says how one message is received and sent. A [Conn] connects it
// to a peer, runs it, and ends it; then the Conn can connect again.
//
// # Two halves
//
// The upper half is what callers use: Connect, ConnectStream, Listen, Accept,
// Send, Flush, Wait, Disconnect. Any number of goroutines may call it at once.
//
// The bottom half is three goroutines that live as long as a session: readLoop
// receives messages and hands them to the handler, writeLoop sends what is
// queued, and reap, started by the first request to disconnect, flushes, stops
// both loops, waits for them and closes the stream. The bottom half never calls
// the upper half, and an error in it is never lost: the first one, by time, ends
// the session and is what Disconnect and Wait return.
//
// # Run states
//
//	Idle -> Connecting -> Running -> Disconnecting -> Idle
//
// A failure to connect leads from Connecting through Disconnecting back to Idle
// by itself, because Connect has already returned the error. A session that has
// ended stays in Disconnecting until a call of Disconnect collects its error.
//
// # Callbacks
//
// The functions of a [Protocol] run on the engine's goroutines, so they must not wait
// for the engine. A callback passes the context that it got to whatever it calls:
// Disconnect, Flush and Wait then return [ErrCallback] at once, Disconnect after
// scheduling the disconnect. With another context they would wait for themselves
// until that context ends, so a callback which has none (Recv and Send only receive
// and write) calls none of the three; ScheduleDisconnect and Send are allowed
// everywhere. A goroutine that a callback starts is a caller like any other, with a
// context of its own. A panic in a callback is not recovered.
package proto
