package qmp

import (
	"errors"
	"slices"

	"github.com/qmpsh/qmpsh/proto"
)

// NeverSent reports whether err says that nothing of a command was sent, so that it
// cannot have run and may be sent again. After every other error it is safe to think
// that the command may have run: one with which the server answered, one in place of
// the answer, and one of which this package knows nothing.
//
// It believes the outermost error that it knows. Of joined errors all must say so.
func NeverSent(err error) bool {
	switch e := err.(type) {
	case nil, *ExecuteError, *BadReplyError, *ServerParseError:
		return false
	case *InterruptedError:
		return e.Unsent
	case *WaitError:
		return e.Unsent
	case *CommandError, *AddressError, *proto.StateError:
		return true
	case *proto.ConnectError, *GreetingError, *NegotiationError, *AgentSyncError:
		return true // there was no session to send it in
	case interface{ Unwrap() []error }:
		inner := e.Unwrap()
		return len(inner) > 0 && !slices.ContainsFunc(inner, func(err error) bool { return !NeverSent(err) })
	}
	return NeverSent(errors.Unwrap(err))
}
