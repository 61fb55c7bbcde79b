package proto

import (
	"context"
	"fmt"
)

// State is a run state of a Conn (E3).
type State int

const (
	// Idle: nothing is open and no goroutine runs.
	Idle State = iota
	// Connecting: a stream or a session is being established, or a Listen waits for its Accept.
	Connecting
	// Running: both loops run; messages can be sent.
	Running
	// Disconnecting: the session has ended or is ending; Disconnect collects its error.
	Disconnecting
)

// String returns the state's name in lower case.
func (s State) String() string {
	switch s {
	case Idle:
		return "idle"
	case Connecting:
		return "connecting"
	case Running:
		return "running"
	case Disconnecting:
		return "disconnecting"
	}
	return fmt.Sprintf("State(%d)", int(s))
}

// stateNode is one run state in the list of all that a Conn went through.
// next is written once, before changed is closed, and read only after that.
type stateNode struct {
	state   State
	changed chan struct{}
	next    *stateNode
}

func newStateNode(s State) *stateNode {
	return &stateNode{state: s, changed: make(chan struct{})}
}

// Look is one observed run state. Looks form a linked list, so that a watcher
// which follows Next sees every change, however late it asks (E3). A Look comes
// from [Conn.Look]; its zero value belongs to no Conn.
type Look struct{ node *stateNode }

// State returns the run state that this look saw.
func (l Look) State() State {
	if l.node == nil {
		return Idle
	}
	return l.node.state
}

// Next waits for the change that followed this look and returns it. It returns
// the context's cause if that comes first. Any goroutine may call it.
func (l Look) Next(ctx context.Context) (Look, error) {
	var changed chan struct{}
	if l.node != nil {
		changed = l.node.changed
	}
	select {
	case <-changed:
		return Look{l.node.next}, nil
	default:
	}
	select {
	case <-changed:
		return Look{l.node.next}, nil
	case <-ctx.Done():
		return Look{}, context.Cause(ctx)
	}
}
