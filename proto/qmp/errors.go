package qmp

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/proto"
)

// FramingError is a stream that holds something else where a message should start or go on.
type FramingError struct {
	Got     byte // the offending byte
	Problem string
}

func (e *FramingError) Error() string { return e.Problem }

// ServerParseError is a failed understanding between client and server. Either the server's message is not what the
// protocol allows, or, when Err is an *ExecuteError, the server said that it could not read a message of ours: an error
// without id (Q5).
type ServerParseError struct {
	proto.Origin
	Raw []byte // the server's message
	Err error
}

func (e *ServerParseError) Error() string { return join(e.LinkText(), e.Err) }

// Unwrap returns the cause.
func (e *ServerParseError) Unwrap() error { return e.Err }

// LinkText is this error's own words, without its cause's.
func (e *ServerParseError) LinkText() string {
	var refused *ExecuteError
	if errors.As(e.Err, &refused) {
		return "the server could not read a message that it was sent"
	}
	return "the server sent a bad message, " + excerpt(e.Raw)
}

// NegotiationError is a server that refused qmp_capabilities (Q2).
type NegotiationError struct {
	proto.Origin
	Class, Desc string // the server's words; empty when Err says what happened
	Err         error
}

func (e *NegotiationError) Error() string { return join(e.LinkText(), e.Err) }

// Unwrap returns the cause.
func (e *NegotiationError) Unwrap() error { return e.Err }

// LinkText is this error's own words, without its cause's.
func (e *NegotiationError) LinkText() string {
	if e.Class == "" && e.Desc == "" {
		return "capabilities negotiation failed"
	}
	if e.Err != nil { // it carries the server's words
		return "the server refused the capabilities"
	}
	return "the server refused the capabilities: " + serverWords(e.Class, e.Desc)
}

// ExecuteError is the server's answer that a command failed (Q7).
type ExecuteError struct {
	proto.Origin
	Class, Desc string
	Command     Command
	Raw         []byte // the whole reply
}

func (e *ExecuteError) Error() string { return serverWords(e.Class, e.Desc) }

// InterruptedError ends a command that had no answer when the session ended (Q8), or came later.
type InterruptedError struct {
	proto.Origin
	Unsent bool  // nothing of the command was sent
	Err    error // what ended the session; nil if it was our own disconnect
}

func (e *InterruptedError) Error() string { return join(e.LinkText(), e.Err) }

// Unwrap returns the cause.
func (e *InterruptedError) Unwrap() error { return e.Err }

// LinkText is this error's own words, without its cause's.
func (e *InterruptedError) LinkText() string {
	what := "the session ended before "
	if e.Err == nil {
		what = "disconnected before "
	}
	if e.Unsent {
		return what + "the command was sent"
	}
	return what + "the reply"
}

// WaitError ends the wait for an answer with the caller's context (Q8). The session goes on.
type WaitError struct {
	proto.Origin
	Unsent bool  // nothing of the command was sent, and it will not be
	Err    error // the cause of the context
}

func (e *WaitError) Error() string { return join(e.LinkText(), e.Err) }

// Unwrap returns the cause.
func (e *WaitError) Unwrap() error { return e.Err }

// LinkText is this error's own words, without its cause's.
func (e *WaitError) LinkText() string {
	if e.Unsent {
		return "gave up before the command was sent"
	}
	return "gave up waiting for the reply"
}

// BadReplyError is an answer that belongs to a command but is no reply.
type BadReplyError struct {
	proto.Origin
	Problem string
	Raw     []byte
}

func (e *BadReplyError) Error() string { return e.Problem + ": " + excerpt(e.Raw) }

// AgentSyncError is a guest agent that did not answer guest-sync-delimited (Q12).
type AgentSyncError struct {
	proto.Origin
	Err error
}

func (e *AgentSyncError) Error() string { return join(e.LinkText(), e.Err) }

// Unwrap returns the cause.
func (e *AgentSyncError) Unwrap() error { return e.Err }

// LinkText is this error's own words, without its cause's.
func (e *AgentSyncError) LinkText() string { return "the guest agent could not be synchronised" }

// CommandError is a command that is refused before anything is sent.
type CommandError struct {
	Offset  int // in bytes from 0 into the text; -1 if no place in it is to blame
	Problem string
}

func (e *CommandError) Error() string {
	if e.Offset < 0 {
		return e.Problem
	}
	return fmt.Sprintf("%s at byte %d", e.Problem, e.Offset)
}

// AddressError is an address of no known form. Nothing was opened.
type AddressError struct {
	Address string // as given
	Problem string // what is wrong with it
	Hint    string // what was perhaps meant; may be empty
}

func (e *AddressError) Error() string {
	s := fmt.Sprintf("bad address %q: %s", e.Address, e.Problem)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// join puts a cause behind an error's own words.
func join(own string, cause error) string {
	if cause == nil {
		return own
	}
	return own + ": " + cause.Error()
}

func serverWords(class, desc string) string {
	switch {
	case class == "":
		return desc
	case desc == "":
		return class
	}
	return class + ": " + desc
}

// excerpt quotes the start of what a peer sent, safe for any terminal.
func excerpt(p []byte) string {
	const most = 80
	if len(p) <= most {
		return fmt.Sprintf("%q", p)
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(p[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", p[:cut])
}
