package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/shell/text"
)

// Secret asks on the process's terminal, whatever the standard streams are, and
// returns what was typed unseen, without the line end. It must not be called
// during a ReadLine. The error is the context's cause if that ends first, and
// io.EOF after Ctrl-D. However it ends, the terminal is as before; so it is
// while the process is stopped, and the question is asked again behind that.
func Secret(ctx context.Context, question string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("there is no terminal to ask on: %w", err)
	}
	defer tty.Close()
	q := &unseen{tty: tty, question: text.CleanLine(question) + ": "}
	if err := q.prepare(); err != nil {
		return "", err
	}
	defer q.restore()

	// A deadline is how a read that waits for a person is called back.
	stop := context.AfterFunc(ctx, func() { tty.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	defer q.watch()()

	if err := q.ask(); err != nil {
		return "", err
	}
	defer io.WriteString(tty, "\n")
	answer, err := q.read()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	return answer, err
}

// unseen is a question whose answer is typed without echo.
type unseen struct {
	tty           *os.File
	raw           syscall.RawConn
	question      string
	before, quiet unix.Termios
	suspend       byte // the key that stops the process; 0: there is none
	continued     chan struct{}
}

// prepare notes the terminal's state and works out the one without echo.
func (q *unseen) prepare() (err error) {
	if q.raw, err = q.tty.SyscallConn(); err != nil {
		return err
	}
	var before *unix.Termios
	if e := q.raw.Control(func(fd uintptr) { before, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) }); e != nil || err != nil {
		return errors.Join(e, err)
	}
	q.before, q.quiet = *before, *before
	q.quiet.Lflag &^= unix.ECHO
	q.quiet.Lflag |= unix.ICANON | unix.ISIG
	q.quiet.Iflag |= unix.ICRNL
	// Ctrl-Z is to stop the process after the terminal is restored, and not before: it ends a line
	// here, see read. A handler of its signal would do, could Go's ever be taken away again.
	q.suspend = q.quiet.Cc[unix.VSUSP]
	q.quiet.Cc[unix.VEOL], q.quiet.Cc[unix.VSUSP] = q.suspend, 0
	return nil
}

// set gives the terminal a state and drops what has been typed and not read.
func (q *unseen) set(state *unix.Termios) (err error) {
	return errors.Join(q.raw.Control(func(fd uintptr) {
		err = unix.IoctlSetTermios(int(fd), unix.TCSETSF, state)
	}), err)
}

func (q *unseen) restore() { _ = q.set(&q.before) }

// ask switches echo off and shows the question.
func (q *unseen) ask() error {
	if err := q.set(&q.quiet); err != nil {
		return err
	}
	_, err := io.WriteString(q.tty, q.question)
	return err
}

// watch asks again whenever the process is continued, until the returned function is called:
// whoever has continued it may have changed the terminal.
func (q *unseen) watch() (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCONT)
	q.continued = make(chan struct{}, 1)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-signals:
				_, _ = io.WriteString(q.tty, "\r")
				_ = q.ask()
				select {
				case q.continued <- struct{}{}:
				default:
				}
			case <-quit:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(quit)
		<-done
	}
}

// read reads one line, which may be asked for again. The terminal hands out whole lines.
func (q *unseen) read() (string, error) {
	var line []byte
	buf := make([]byte, 4096)
	for {
		n, err := q.tty.Read(buf)
		line = append(line, buf[:n]...)
		clear(buf)
		last := byte(0)
		if n > 0 {
			last = line[len(line)-1]
		}
		switch {
		case last == '\n':
			return string(line[:len(line)-1]), nil
		case last != 0 && last == q.suspend:
			line = line[:0]
			q.stop()
		case err != nil:
			return "", err
		case n == 0:
			return "", io.EOF
		}
	}
}

// stop does what Ctrl-Z does elsewhere, with the terminal as it was before.
func (q *unseen) stop() {
	q.restore()
	select {
	case <-q.continued: // of an earlier stop
	default:
	}
	_ = syscall.Kill(0, syscall.SIGTSTP)
	for _, wait := range []time.Duration{stopWait, contWait} { // see suspend
		select {
		case <-q.continued:
			return
		case <-time.After(wait):
		}
	}
	_, _ = io.WriteString(q.tty, "\n") // there is no shell that could continue us
	_ = q.ask()
}
