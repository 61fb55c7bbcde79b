package cmd

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// signals is the one place that handles the signals which end processes, in every
// phase: they end the context of what runs, so that it can put things in order.
type signals struct {
	came chan os.Signal

	mu   sync.Mutex
	keys chan<- os.Signal // takes Ctrl-C in place of ending everything; nil for nobody
}

// SignalError is the cause of a context that a signal has ended.
type SignalError struct{ Signal syscall.Signal }

func (e *SignalError) Error() string {
	if e.Signal == syscall.SIGINT {
		return "interrupted"
	}
	return "ended by signal: " + e.Signal.String()
}

// watchSignals begins to handle signals. One that is ignored stays so, as under nohup.
func watchSignals() *signals {
	s := &signals{came: make(chan os.Signal, 8)}
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(sig) {
			signal.Notify(s.came, sig)
		}
	}
	return s
}

func (s *signals) stop() { signal.Stop(s.came) }

// divert sends Ctrl-C to keys until the returned function is called. When keys is
// full, nobody listens there, and Ctrl-C ends the process as ever.
func (s *signals) divert(keys chan<- os.Signal) (back func()) {
	set := func(keys chan<- os.Signal) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.keys = keys
	}
	set(keys)
	return func() { set(nil) }
}

// diverted says whether somebody else takes the signal.
func (s *signals) diverted(sig os.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sig != os.Interrupt || s.keys == nil {
		return false
	}
	select {
	case s.keys <- sig:
		return true
	default:
		return false
	}
}

// grace is how long what runs may go on behind a signal.
const grace = 500 * time.Millisecond

// supervise runs f until it returns. The first signal ends f's context; grace later,
// or with the next signal, f is left behind: a write that nobody reads and a long
// calculation cannot be called back. They end with the process, and left says why.
func (s *signals) supervise(f func(context.Context) int) (code int, left error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	done := make(chan int, 1)
	go func() { done <- f(ctx) }()
	var over <-chan time.Time
	for {
		select {
		case code := <-done:
			return code, nil
		case sig := <-s.came:
			if s.diverted(sig) {
				continue
			}
			if over != nil {
				return 0, context.Cause(ctx)
			}
			number, _ := sig.(syscall.Signal)
			cancel(&SignalError{number})
			over = time.After(grace)
		case <-over:
			return 0, context.Cause(ctx)
		}
	}
}
