package terminal

import (
	"errors"
	"io"
	"os"
	"sync"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// input is the stdin that readline reads. It hands out one key at a time and
// the next one only when done has been called for the last, so that at each
// moment it is known whether readline is busy or in a search.
type input struct {
	file         *os.File
	fd           int
	onEnd        func()   // called before Read reports the end
	wakeR, wakeW *os.File // ends a poll; at most one byte is inside
	wakeFD       int

	// Only the goroutine that calls Read touches these two.
	decoder decoder
	buf     [4096]byte

	mu        sync.Mutex
	woken     bool // a wake-up is due
	keysTurn  bool // a wake-up was last, so a key goes first: a storm of wake-ups must not lock out the user
	poked     bool // a byte is in the wake pipe
	busy      bool // a key is with readline
	searching bool // readline is in an incremental search
	interrupt bool // Ctrl-C is due
	ended     bool // the file has ended or failed
	closed    bool // close was called
	dry       bool // Read has reported the end
	released  bool // the wake pipe is closed
	pastes    []key
}

// newInput reads keys from file, which must stay open until release.
func newInput(file *os.File, onEnd func()) (*input, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &input{file: file, fd: int(file.Fd()), onEnd: onEnd, wakeR: r, wakeW: w, wakeFD: int(r.Fd())}, nil
}

// Read implements io.Reader for readline: one rune a call. The end of the file
// and a failed read both give io.EOF; readline knows no other error.
func (in *input) Read(p []byte) (int, error) {
	if len(p) < utf8.UTFMax {
		return 0, io.ErrShortBuffer
	}
	for {
		r, ok, err := in.next()
		if err != nil {
			in.onEnd()
			return 0, err
		}
		if ok {
			return utf8.EncodeRune(p, r), nil
		}
		in.wait()
	}
}

// Close does nothing: readline closes its stdin too late to be of use.
func (in *input) Close() error { return nil }

// next gives the key that is due now, if any. An interrupt comes before a
// wake-up and that before keys; a wake-up waits until a search is over,
// because each rune but a few ends the search.
func (in *input) next() (r rune, ok bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.closed:
		in.dry = true
		return 0, false, io.EOF
	case in.busy:
		return 0, false, nil
	case in.interrupt:
		r = ctrlC
	case in.woken && !in.searching && !in.keysTurn:
		in.woken, in.keysTurn = false, true
		r = runeWake
	case len(in.decoder.keys) > 0:
		k := in.decoder.keys[0]
		in.decoder.keys = in.decoder.keys[1:]
		in.keysTurn = false
		if k.r == runePaste {
			in.pastes = append(in.pastes, k)
		}
		r = k.r
	case in.ended:
		in.dry = true
		return 0, false, io.EOF
	default:
		return 0, false, nil
	}
	in.busy = true
	return r, true, nil
}

// wait returns when the file has been read from or something else has changed.
// The file is left alone while a key is with readline: that key may end the
// line, and what follows then belongs to whoever reads next.
func (in *input) wait() {
	in.mu.Lock()
	fds := []unix.PollFd{{Fd: int32(in.wakeFD), Events: unix.POLLIN}, {Fd: -1, Events: unix.POLLIN}}
	timeout := -1
	if !in.busy && !in.ended {
		fds[1].Fd = int32(in.fd)
		if in.keysTurn && in.woken { // is there a key? If not, the wake-up has its turn again
			timeout, in.keysTurn = 0, false
		}
	}
	in.mu.Unlock()
	if _, err := unix.Poll(fds, timeout); err != nil {
		if !errors.Is(err, unix.EINTR) {
			in.end()
		}
		return
	}
	if fds[0].Revents != 0 {
		in.mu.Lock()
		var b [1]byte
		_, _ = in.wakeR.Read(b[:])
		in.poked = false
		in.mu.Unlock()
	}
	if fds[1].Revents != 0 {
		in.fill()
		in.mu.Lock()
		in.keysTurn = len(in.decoder.keys) > 0
		in.mu.Unlock()
	}
}

// fill reads once from the file, which poll has found ready.
func (in *input) fill() {
	n, err := unix.Read(in.fd, in.buf[:])
	switch {
	case n > 0:
		in.decoder.feed(in.buf[:n])
	case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
	default: // 0: end of file, EIO: the terminal was hung up
		in.end()
	}
}

func (in *input) end() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.ended = true
}

// wake has runeWake handed out as soon as readline is free. Any goroutine may call it.
func (in *input) wake() { in.change(func() { in.woken = true }) }

// setInterrupt with true has Ctrl-C handed out again and again, ahead of all
// keys, until it is called with false.
func (in *input) setInterrupt(on bool) { in.change(func() { in.interrupt = on }) }

// close makes Read report the end at once. Any goroutine may call it, more than once.
func (in *input) close() { in.change(func() { in.closed = true }) }

// done reports that readline has dealt with the last key, and whether it is
// now in a search.
func (in *input) done(searching bool) {
	in.change(func() { in.busy, in.searching = false, searching })
}

// change runs f under the lock and makes a waiting Read look again.
func (in *input) change(f func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	f()
	if !in.poked && !in.released {
		in.poked = true
		_, _ = in.wakeW.Write([]byte{0})
	}
}

// takePaste gives the paste that belongs to the runePaste just handed out.
func (in *input) takePaste() key {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.pastes) == 0 {
		return key{}
	}
	k := in.pastes[0]
	in.pastes = in.pastes[1:]
	return k
}

// exhausted says whether Read has reported the end. From then on readline
// hands over a half-typed line as if Enter had been pressed.
func (in *input) exhausted() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.dry
}

// release frees the wake pipe. No Read may be running or follow.
func (in *input) release() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.released {
		in.released = true
		_ = in.wakeR.Close()
		_ = in.wakeW.Close()
	}
}
