package terminal

import (
	"sync"

	"github.com/chzyer/readline"
)

// Bracketed paste: the terminal marks the beginning and end of pasted text.
const (
	pasteModeOn  = "\x1b[?2004h"
	pasteModeOff = "\x1b[?2004l"
)

// tty switches the terminal between raw mode, in which readline works, and the
// state in which Open found it. Any goroutine may call its methods.
type tty struct {
	fd     int
	saved  *readline.State // nil: not a terminal (tests), nothing is switched
	screen *screen

	mu     sync.Mutex
	raw    bool
	wanted bool // a line is being read, so the terminal is to be raw
	shut   bool // Close has begun: stay as found
}

func newTTY(fd int, s *screen) *tty {
	saved, err := readline.GetState(fd)
	if err != nil {
		saved = nil
	}
	return &tty{fd: fd, saved: saved, screen: s}
}

// enter makes the terminal raw for a line.
func (t *tty) enter() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wanted = !t.shut
	return t.rawLocked()
}

// leave restores the state in which Open found the terminal.
func (t *tty) leave() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wanted = false
	return t.restoreLocked()
}

// pause is leave for as long as the process is stopped.
func (t *tty) pause() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.restoreLocked()
}

// resume makes the terminal raw again if a line is being read, also when it
// was not paused: a shell may have changed it while the process was stopped.
func (t *tty) resume() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rawLocked()
}

// shutdown is leave for good.
func (t *tty) shutdown() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shut, t.wanted = true, false
	return t.restoreLocked()
}

func (t *tty) rawLocked() error {
	if !t.wanted || t.saved == nil {
		return nil
	}
	t.raw = true
	_, err := readline.MakeRaw(t.fd)
	t.screen.direct(pasteModeOn)
	return err
}

func (t *tty) restoreLocked() error {
	if !t.raw {
		return nil
	}
	t.raw = false
	t.screen.direct(pasteModeOff)
	return readline.Restore(t.fd, t.saved)
}
