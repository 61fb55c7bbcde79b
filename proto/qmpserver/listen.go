package qmpserver

import (
	"context"
	"errors"
	"net"
	"sync"
)

// Listener serves the clients that come to one address.
type Listener struct {
	listener net.Listener
	cancel   context.CancelFunc
	done     chan struct{}

	mu   sync.Mutex
	errs []error
}

// Listen opens address ("unix" with a path or "@name", "tcp" with host:port) and serves it until Close or until ctx ends.
// It then removes a socket's file. Clients are served one at a time, as QEMU does: a second one is let in by the system,
// but hears nothing until the first has gone.
func Listen(ctx context.Context, network, address string, s Service) (*Listener, error) {
	return listen(ctx, network, address, s, false)
}

// ListenMany is [Listen] for any number of clients at once.
func ListenMany(ctx context.Context, network, address string, s Service) (*Listener, error) {
	return listen(ctx, network, address, s, true)
}

func listen(ctx context.Context, network, address string, s Service, many bool) (*Listener, error) {
	nl, err := new(net.ListenConfig).Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &Listener{listener: nl, cancel: cancel, done: make(chan struct{})}
	go l.run(ctx, s, many)
	return l, nil
}

// run is the listener's goroutine; it closes done when no client is left.
func (l *Listener) run(ctx context.Context, s Service, many bool) {
	defer close(l.done)
	defer context.AfterFunc(ctx, func() { l.listener.Close() })()
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			l.note(ctx, err)
			return
		}
		serve := func() { l.note(ctx, s.Serve(ctx, conn)) }
		if many {
			clients.Go(serve)
		} else {
			serve()
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// note keeps an error for Close. What a stop leads to is no error.
func (l *Listener) note(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

// Addr returns where it listens.
func (l *Listener) Addr() net.Addr { return l.listener.Addr() }

// Address returns where it listens, in the form that qmpsh takes: unix:/path,
// unix:@name or tcp:host:port.
func (l *Listener) Address() string {
	a := l.Addr()
	return a.Network() + ":" + a.String()
}

// Close stops listening, cuts the conversations under way, waits for their end, and
// returns the errors of all that ended by themselves, joined.
func (l *Listener) Close() error {
	l.cancel()
	l.listener.Close()
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.errs...)
}
