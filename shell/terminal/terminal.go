package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/chzyer/readline"
)

// ErrInterrupt is what ReadLine returns for Ctrl-C.
var ErrInterrupt = errors.New("interrupted")

// ErrNoTerminal is what Open returns when the input is no terminal. Such input
// is to be read without this package: readline takes minutes for a long line
// and ends at a NUL.
var ErrNoTerminal = errors.New("input is not a terminal")

// Config says where a Terminal lives.
type Config struct {
	In  *os.File  // the terminal to read from; stays the caller's to close
	Out io.Writer // where prompts are drawn; with piped stdout pass stderr. The width is that of Out, or else of In
	// History is the path of the history file. It and its directory are made
	// when there is something to write. "": history in memory only.
	History string
	// Editor is the command for Ctrl-X Ctrl-E, with words of its own if need be; "": none.
	Editor string
	// Dumb says that the terminal knows no control sequences: it gets none, and edits lines itself.
	Dumb bool
	// ASCII says that the terminal shows ASCII only: our own marks keep to it.
	ASCII bool
	// Complete answers Tab; nil: Tab does nothing. Hint gives dim text to show
	// behind a cursor at the end of the line; nil: none. Both get a line as
	// ReadLine would return it, run at once on each key, and must be quick; they
	// must not call the Terminal.
	Complete func(line string, cursor int, columns int) Completion
	Hint     func(line string) string
}

// Terminal is a line editor on a terminal. Its methods may be called from any
// goroutine; ReadLine and Confirm wait for each other.
type Terminal struct {
	in      *input
	screen  *screen
	tty     *tty
	history *history
	rl      *readline.Instance
	dumb    bool
	resize  func() // tells readline that the width may have changed; see draw

	readMu sync.Mutex // held while a line is read
	loaded int        // version of the history that readline has; under readMu
	// drained says that a Readline has returned the end of the input. Until
	// then readline's goroutine waits for one; under readMu.
	drained bool

	cancelled atomic.Bool // the context of the running ReadLine has ended

	complete func(line string, cursor int, columns int) Completion
	hint     func(line string) string
	tabbed   lastTab // what the last Tab found; under mu

	// edit is the change that the listener makes to the line at the end of the
	// current key. Only readline's goroutine touches it.
	edit    edit
	editing editing
	editor  string // the command of the user's editor; "": none

	mu         sync.Mutex
	reading    bool
	standing   string // the prompt of ReadLine(ctx, "")
	asked      string // the prompt of a ReadLine with one of its own; "": the standing one
	queue      printQueue
	redo       redraw
	searched   bool // a search has been used, which may spoil readline's copy of the history
	ended      error
	closed     bool
	stopEditor func()        // ends the user's editor; nil: none runs
	resumed    chan struct{} // gets a token with each SIGCONT
}

// Open prepares line editing. It does not touch the terminal's state; only a
// running ReadLine does. A history file that cannot be read is taken for an
// empty one; Remember tells the reason.
func Open(c Config) (*Terminal, error) {
	if c.In == nil || c.Out == nil {
		return nil, errors.New("terminal: no input or output")
	}
	if !readline.IsTerminal(int(c.In.Fd())) {
		return nil, ErrNoTerminal
	}
	return open(c)
}

// open is Open without the check, for tests on pipes.
func open(c Config) (*Terminal, error) {
	screen := newScreen(c.Out, c.In)
	screen.ascii = c.ASCII
	// When the input ends readline still draws, at a time that nobody knows.
	in, err := newInput(c.In, screen.mute)
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	t := &Terminal{
		in:      in,
		screen:  screen,
		history: &history{path: c.History},
		loaded:  -1,
		resumed: make(chan struct{}, 1),

		complete: c.Complete,
		hint:     c.Hint,
		editor:   c.Editor,
		dumb:     c.Dumb,
	}
	t.tty = newTTY(in.fd, t.screen)
	_ = t.history.load()
	t.rl, err = readline.NewEx(&readline.Config{
		Stdin:                  in,
		Stdout:                 t.screen,
		Stderr:                 t.screen,
		Listener:               listener{t},
		Painter:                painter{t},
		HistoryLimit:           historyLines,
		DisableAutoSaveHistory: true,
		InterruptPrompt:        interruptMark,
		FuncIsTerminal:         func() bool { return true },
		FuncGetWidth:           t.screen.measure,
		FuncOnWidthChanged:     func(f func()) { t.resize = f },
		FuncMakeRaw:            t.tty.enter,
		FuncExitRaw:            t.tty.leave,
		FuncFilterInputRune:    t.filter,
	})
	if err != nil {
		in.release()
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return t, nil
}

// ReadLine shows the prompt and returns what was entered, without the newline
// that ended it. A pasted block comes as one text with newlines in it. The
// empty prompt stands for the one that SetPrompt gave and changes with it.
//
// The error is ErrInterrupt after Ctrl-C or SIGINT, io.EOF after Ctrl-D on an
// empty line, when the terminal is gone and after Close, context.Cause(ctx) when
// ctx ended. What was half-typed then is dropped, and the terminal is back in its
// state at once, even if ReadLine itself is stuck in a write.
//
// During ReadLine this package handles SIGINT, SIGCONT and SIGWINCH; otherwise it
// leaves signals alone. The caller ends ctx for those that end processes. The cursor must be
// in the first column when ReadLine is called: the row it is in gets erased.
func (t *Terminal) ReadLine(ctx context.Context, prompt string) (string, error) {
	t.readMu.Lock()
	defer t.readMu.Unlock()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if t.dumb {
		return t.plain(ctx, prompt)
	}
	if err := t.begin(prompt); err != nil {
		return "", err
	}
	line, err := t.read(ctx)
	if t.in.exhausted() {
		t.drained = errors.Is(err, io.EOF)
		line, err = "", t.finish()
	}
	t.end()
	switch {
	case err == nil:
		return fromLine(line), nil
	case errors.Is(err, readline.ErrInterrupt) && ctx.Err() != nil:
		t.screen.direct("\r\n") // behind what was half-typed
		return "", context.Cause(ctx)
	case errors.Is(err, readline.ErrInterrupt):
		return "", ErrInterrupt
	}
	return "", err
}

// Confirm asks a question that is answered with y or n. Everything but y and
// yes means no, Ctrl-C and Ctrl-D too. An error means that there is no answer.
func (t *Terminal) Confirm(ctx context.Context, question string) (bool, error) {
	answer, err := t.ReadLine(ctx, question+" (y/N) ")
	switch {
	case errors.Is(err, ErrInterrupt), errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

// Remember adds text to the history, where a newline inside it is kept. The
// caller masks secrets. An error means that the history file does not have it.
func (t *Terminal) Remember(text string) error { return t.history.add(text) }

// History returns what is remembered, oldest first.
func (t *Terminal) History() []string {
	entries, _ := t.history.snapshot()
	return entries
}

// Close ends a running ReadLine, restores the terminal and frees everything.
// Print goes on to work; ReadLine returns io.EOF.
func (t *Terminal) Close() error {
	t.mu.Lock()
	again := t.closed
	t.closed = true
	t.mu.Unlock()
	t.endEditor()
	t.in.close()
	t.readMu.Lock()
	defer t.readMu.Unlock()
	if again {
		return nil
	}
	err := t.tty.shutdown()
	t.screen.mute()
	for !t.drained {
		_, err := t.rl.Readline()
		t.drained = errors.Is(err, io.EOF)
	}
	_ = t.rl.Close()
	t.in.release()
	return err
}

// claim notes that a line is read from now on, or says why there will be none.
func (t *Terminal) claim(prompt string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ended != nil:
		return t.ended
	case t.closed:
		return io.EOF
	}
	t.reading, t.asked, t.redo, t.tabbed = true, prompt, redraw{}, lastTab{}
	return nil
}

// begin readies readline for one line, or says why there will be none.
func (t *Terminal) begin(prompt string) error {
	if err := t.claim(prompt); err != nil {
		return err
	}
	t.mu.Lock()
	spoilt := t.searched
	t.searched = false
	t.mu.Unlock()

	t.screen.forget()
	t.loadHistory(spoilt)
	t.resize()
	t.applyPrompt()
	return nil
}

// read runs readline with everything that may end it from outside.
func (t *Terminal) read(ctx context.Context) (string, error) {
	unwatch := t.watch()
	called := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(called)
		_ = t.tty.leave()
		t.cancelled.Store(true)
		t.endEditor()
		t.in.setInterrupt(true)
	})
	line, err := t.rl.Readline()
	if !stop() {
		<-called
	}
	unwatch()
	t.in.setInterrupt(false)
	t.cancelled.Store(false)
	return line, err
}

// finish ends the row of a line that will never be completed and gives the
// reason, which holds for every later ReadLine.
func (t *Terminal) finish() error {
	t.screen.direct("\r\n")
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended == nil {
		t.ended = io.EOF
	}
	return t.ended
}

// end shows what was to be printed while the line was being completed.
func (t *Terminal) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading = false
	t.screen.direct(t.queue.take())
}

// loadHistory gives readline the history. It has its own idea of the place in
// it, and ignores what it is given as long as it is not told to go to the end,
// which the empty line does.
func (t *Terminal) loadHistory(spoilt bool) {
	if entries, version := t.history.snapshot(); spoilt || version != t.loaded {
		t.loaded = version
		t.rl.ResetHistory()
		for _, e := range entries {
			_ = t.rl.SaveHistory(string(toLine(e)))
		}
	}
	_ = t.rl.SaveHistory("")
}
