package proto

import (
	"errors"
	"fmt"
	"runtime"
)

// ErrDisconnected says that a disconnect which the caller asked for ended the
// operation. Connect wraps it in a ConnectError; Flush returns it as it is.
var ErrDisconnected = errors.New("disconnected by the caller")

// ErrCallback is returned by Disconnect, Flush and Wait when they are called with the
// context that a callback got: they would wait for the goroutine they run on (E23).
// Disconnect has scheduled the disconnect before it returns this.
var ErrCallback = errors.New("called from a callback, which cannot wait for its own session to end")

// errStopped is the cause with which reap stops the loops of a session that did
// not fail. It never reaches a caller.
var errStopped = errors.New("stopped by a disconnect")

// Phases of a connection attempt, as ConnectError names them (E8).
const (
	PhaseConnection = "connection" // there is no stream yet
	PhaseSession    = "session"    // there is a stream, but no session yet
)

// ConnectError says that a connection or a session could not be established (E8).
type ConnectError struct {
	Origin
	Phase string // PhaseConnection or PhaseSession
	Addr  string // the address as Address.String writes it, or the stream's name
	Err   error  // the root cause
}

// Error gives the phase, then the cause.
func (e *ConnectError) Error() string {
	return "failed to establish " + e.Phase + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// LinkText gives this link's own words in a chain: phase and address.
func (e *ConnectError) LinkText() string {
	text := "failed to establish " + e.Phase
	switch {
	case e.Addr == "":
		return text
	case e.Phase == PhaseSession:
		return text + " with " + e.Addr
	default:
		return text + " to " + e.Addr
	}
}

// StateError says that a call needs another run state (E4).
type StateError struct {
	Origin
	Have, Want State
	Advice     string // a sentence that says what to do
}

// Error gives the state found, the state required and the advice.
func (e *StateError) Error() string {
	if e.Have == e.Want {
		return fmt.Sprintf("connection is %v: %s", e.Have, e.Advice)
	}
	return fmt.Sprintf("connection is %v, not %v: %s", e.Have, e.Want, e.Advice)
}

// newStateError picks the advice for a call that wants one state and found another.
func newStateError(want, have State) *StateError {
	e := &StateError{Origin: origin(1), Have: have, Want: want}
	switch {
	case want == Idle && have == Connecting:
		e.Advice = "wait for the attempt under way, or call Disconnect to end it"
	case want == Idle && have == Running:
		e.Advice = "call Disconnect before connecting again"
	case want == Connecting && have == Idle:
		e.Advice = "call Listen before Accept"
	case want == Connecting && have == Connecting:
		e.Advice = "Accept needs a Listen that no other Accept has taken"
	case want == Connecting && have == Running:
		e.Advice = "call Disconnect, then Listen, before Accept"
	case have == Idle:
		e.Advice = "call Connect first"
	case have == Connecting:
		e.Advice = "wait until the call that connects has returned"
	default:
		e.Advice = "the session has ended: call Disconnect to collect its error, then connect again"
	}
	return e
}

// LimitError says that a message is longer than the limit in force (E21).
type LimitError struct {
	Origin
	Limit int // bytes
}

// Error states the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("message is longer than the limit of %d bytes", e.Limit)
}

// FrameError says that a Framer refused what came, and keeps the start of it.
type FrameError struct {
	Origin
	Received []byte // at most 256 bytes, from the start of the refused message on
	Err      error  // the Framer's error
}

// Error gives the Framer's words.
func (e *FrameError) Error() string { return "malformed message: " + e.Err.Error() }

// Unwrap gives the Framer's error.
func (e *FrameError) Unwrap() error { return e.Err }

// FlushError says that a disconnect gave up sending what was queued, because the
// context of the Disconnect call ended first (E16).
type FlushError struct {
	Origin
	Unsent int   // messages of which not every byte was handed to the system
	Err    error // the cause of the context
}

// Error counts the messages and gives the cause.
func (e *FlushError) Error() string {
	if e.Unsent == 1 {
		return "disconnected with 1 message unsent: " + e.Err.Error()
	}
	return fmt.Sprintf("disconnected with %d messages unsent: %v", e.Unsent, e.Err)
}

// Unwrap gives the cause of the context.
func (e *FlushError) Unwrap() error { return e.Err }

// Origin is the place in the code where an error was made. Embed it in an error
// type, set it with Here, and Chain can show it.
type Origin struct{ pc uintptr }

// Here records the place from which it is called.
func Here() Origin { return origin(1) }

// origin records a caller: origin(0) the function that calls origin, 1 its caller.
func origin(skip int) Origin {
	var pcs [1]uintptr
	runtime.Callers(skip+2, pcs[:])
	return Origin{pcs[0]}
}

// Frame returns the recorded place; ok is false when none was recorded.
func (o Origin) Frame() (frame runtime.Frame, ok bool) {
	if o.pc == 0 {
		return runtime.Frame{}, false
	}
	frame, _ = runtime.CallersFrames([]uintptr{o.pc}).Next()
	return frame, frame.PC != 0
}
