package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmpserver/demo"
	"github.com/qmpsh/qmpsh/shell/run"
)

// session is what a command line needs of a server: who it is, the client, and what
// runs statements there. It is the only opener of sessions.
type session struct {
	*options
	addr     endpoint
	client   *qmp.Client
	executor *run.Executor
	listen   bool // wait for the server to connect

	stranger string // who is behind the socket, until that has been said; empty: nobody strange
}

// session makes everything that a session needs and opens nothing: what the user got
// wrong is found first. word is the address on the command line, empty for none.
func (o *options) session(ctx context.Context, word string) (*session, error) {
	addr, err := o.address(word)
	if err != nil {
		return nil, err
	}
	client, err := o.newClient(addr)
	if err != nil {
		return nil, err
	}
	executor, err := o.executor(ctx, client)
	if err != nil {
		return nil, err
	}
	s := &session{options: o, addr: addr, client: client, executor: executor}
	executor.Before(s.tellStranger)
	return s, nil
}

// open connects, or waits to be connected to. It may be called again when the
// session has ended.
func (s *session) open(ctx context.Context) error {
	open := s.dial
	if s.listen {
		open = s.accept
	}
	if err := open(ctx); err != nil {
		return &noSessionError{addr: s.addr, listen: s.listen, err: err}
	}
	s.stranger = ""
	if peer, ok := s.client.Peer(); ok {
		s.stranger = stranger(peer.UID, s.addr.Path)
	}
	return nil
}

// leaveLimit is how long a server may take to read what it was sent before its
// session is ended.
const leaveLimit = time.Second

// leave ends the session politely but never waits long for it: the answer that the
// user wanted is there already, or is not wanted any more.
func (s *session) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveLimit)
	defer cancel()
	// Why the session ended has been reported where it mattered.
	_ = s.client.Disconnect(ctx)
	if ctx.Err() == nil {
		s.machineRoom(s.client).remember(s.executor.Schemas)
	}
}

// dial connects within --timeout.
func (s *session) dial(ctx context.Context) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if !s.addr.demo {
		defer s.sayWaiting()()
		return s.client.Connect(ctx, s.addr.Address)
	}
	stream, err := demo.Dial(ctx)
	if err != nil {
		return err
	}
	return s.client.ConnectStream(ctx, stream, s.addr.String())
}

// patience is how long a terminal stays silent while nothing answers.
const patience = time.Second

// sayWaiting tells whoever sits at a terminal that nothing has answered yet, unless
// the returned function is called before.
func (s *session) sayWaiting() (stop func() bool) {
	if !isTerminal(s.sys.Err) {
		return func() bool { return true }
	}
	return time.AfterFunc(patience, func() {
		fmt.Fprintf(s.stderr, "qmpsh: %s has not answered yet, waiting for up to %v; Ctrl-C stops\n", s.addr, s.timeout)
	}).Stop
}

// accept waits for QEMU to dial the address. Nobody knows when somebody will start
// it, so only a --timeout that the user gave limits the wait.
func (s *session) accept(ctx context.Context) error {
	if s.addr.Kind != qmp.Unix && s.addr.Kind != qmp.TCP {
		return usagef("--listen needs a Unix or TCP address, not %s", s.addr)
	}
	if s.timeoutSet {
		var cancel func()
		ctx, cancel = s.bounded(ctx)
		defer cancel()
	}
	if err := s.client.Listen(ctx, s.addr.Address); err != nil {
		return err
	}
	fmt.Fprintf(s.stderr, "qmpsh: listening on %s for QEMU to connect\n", s.addr)
	return s.client.Accept(ctx)
}

func (s *session) bounded(ctx context.Context) (context.Context, func()) {
	return context.WithTimeoutCause(ctx, s.timeout, &TimeoutError{limit: s.timeout, addr: s.addr})
}

// TimeoutError is the cause of a context that --timeout has ended.
type TimeoutError struct {
	limit time.Duration
	addr  endpoint
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("no session with %s within %v", e.addr, e.limit)
}

// Unwrap says that a limit in time is over.
func (e *TimeoutError) Unwrap() error { return context.DeadlineExceeded }

// noSessionError is an error that kept a session from coming about. It names the
// server for the hint.
type noSessionError struct {
	addr   endpoint
	listen bool // we waited for the server to connect
	err    error
}

func (e *noSessionError) Error() string { return e.err.Error() }
func (e *noSessionError) Unwrap() error { return e.err }
