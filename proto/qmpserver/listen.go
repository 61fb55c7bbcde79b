package qmpserver

import (
	"context"
	"errors"
	"net"
	"sync"
)

// Listener serves the clients that come to one address, one at a time as QEMU
// does: a second one is let in by the system, but hears nothing until the first
// has gone.
type Listener struct {
	listener net.Listener
	cancel   context.CancelFunc
	done     chan struct{}

	mu   sync.Mutex
	errs []error
}

// Listen opens address ("unix" with a path or "@name", "tcp" with host:port) and
// serves it until Close or until ctx ends. It then removes a socket's file.
func Listen(ctx context.Context, network, address string, s Service) (*Listener, error) {
	nl, err := new(net.ListenConfig).Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &Listener{listener: nl, cancel: cancel, done: make(chan struct{})}
	go l.run(ctx, s)
	return l, nil
}

// run is the listener's goroutine; it closes done.
func (l *Listener) run(ctx context.Context, s Service) {
	defer close(l.done)
	stop := context.AfterFunc(ctx, func() { l.listener.Close() })
	defer stop()
	for {
		conn, err := l.listener.Accept()
		accepted := err == nil
		if accepted {
			err = s.Serve(ctx, conn)
		}
		if ctx.Err() != nil {
			return // what a stop leads to is no error
		}
		if err != nil {
			l.mu.Lock()
			l.errs = append(l.errs, err)
			l.mu.Unlock()
		}
		if !accepted {
			return
		}
	}
}

// Addr returns where it listens.
func (l *Listener) Addr() net.Addr { return l.listener.Addr() }

// Address returns where it listens, in the form that qmpsh takes: unix:/path,
// unix:@name or tcp:host:port.
func (l *Listener) Address() string {
	a := l.Addr()
	return a.Network() + ":" + a.String()
}

// Close stops listening, cuts the conversation under way, waits for its end, and
// returns the errors of all that ended by themselves, joined.
func (l *Listener) Close() error {
	l.cancel()
	l.listener.Close()
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.errs...)
}
