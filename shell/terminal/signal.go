package terminal

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// suspend waits stopWait for the process to be stopped and continued. The
// clock runs on in a stopped process, so contWait is added for the SIGCONT.
// Only a process that cannot be stopped waits for both.
const (
	stopWait = 200 * time.Millisecond
	contWait = 50 * time.Millisecond
)

// watch handles signals until the returned function is called. A signal that
// comes in between is handled before that function returns.
func (t *Terminal) watch() (stop func()) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGCONT, syscall.SIGWINCH)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case s := <-signals:
				t.signalled(s)
			case <-quit:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(quit)
		<-done
		for len(signals) > 0 {
			t.signalled(<-signals)
		}
	}
}

func (t *Terminal) signalled(s os.Signal) {
	if lent := t.editorRuns(); lent && (s == syscall.SIGINT || s == syscall.SIGCONT || s == syscall.SIGWINCH) {
		return // it is the editor's terminal
	}
	switch s {
	case syscall.SIGINT:
		t.in.setInterrupt(true)
	case syscall.SIGWINCH:
		t.again(redraw{resized: true})
	case syscall.SIGCONT:
		_ = t.tty.resume()
		t.again(redraw{resized: true, moved: true})
		select {
		case t.resumed <- struct{}{}:
		default:
		}
	}
}

// again has the line drawn again.
func (t *Terminal) again(why redraw) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.redo.resized = t.redo.resized || why.resized
	t.redo.moved = t.redo.moved || why.moved
	t.in.wake()
}

// suspend does what C-z does in a terminal that is not raw: it stops the
// process group. It runs on readline's goroutine. SIGCONT brings the line back.
func (t *Terminal) suspend() {
	select {
	case <-t.resumed: // of an earlier stop
	default:
	}
	t.rl.Operation.Clean()
	_ = t.tty.pause()
	_ = syscall.Kill(0, syscall.SIGTSTP)
	for _, wait := range []time.Duration{stopWait, contWait} {
		select {
		case <-t.resumed:
			return
		case <-time.After(wait):
		}
	}
	_ = t.tty.resume() // nobody is there who could continue us, so we were not stopped
	t.again(redraw{})
}
