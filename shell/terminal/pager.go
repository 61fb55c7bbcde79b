package terminal

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/chzyer/readline"
	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/shell/text"
)

// pageFrom is how many lines Page shows without asking: people can scroll back over those.
const pageFrom = 100

// Page shows text as Show does, but a screenful at a time where it is long. No ReadLine may run; texts of others wait until it is over. It
// ends early when the user presses q or Ctrl-C or types a line, and when ctx ends.
func (t *Terminal) Page(ctx context.Context, p text.Painted) {
	lines := t.screen.rowsOf(p.Line().String())
	if len(lines) < max(pageFrom, t.screen.height()) || t.dumb || t.in.pressed() { // who types ahead does not want to be asked
		t.Show(p)
		return
	}
	t.readMu.Lock()
	defer t.readMu.Unlock()
	t.mu.Lock()
	t.reading = true // texts are queued
	t.mu.Unlock()
	defer t.end()
	if t.tty.enter() == nil {
		t.page(ctx, lines)
	}
	_ = t.tty.leave()
}

// page shows lines, each with its end, and asks behind each screenful.
func (t *Terminal) page(ctx context.Context, lines []string) {
	question := "-- more: Space, Enter for a line, q --"
	if len(question) >= t.screen.width() {
		question = "-- more --"
	}
	step := t.screen.height() - 1
	for len(lines) > 0 {
		n := min(step, len(lines))
		t.screen.direct(strings.Join(lines[:n], ""))
		if lines = lines[n:]; len(lines) == 0 {
			return
		}
		t.screen.direct(text.Cut(question, t.screen.width()-1, ""))
		k := t.in.key(ctx)
		t.screen.direct("\r\x1b[K")
		switch k.r {
		case ' ', runeComplete, 'y', 'Y', ctrlF:
			step = t.screen.height() - 1
		case '\r', '\n', ctrlN:
			step = 1
		case 0, 'q', 'Q', ctrlC, ctrlG:
			return
		default: // the user goes on typing
			t.in.unread(k)
			return
		}
	}
}

// pageList is page within a ReadLine, on readline's goroutine.
func (t *Terminal) pageList(list string) {
	t.rl.Operation.Clean()
	t.page(context.Background(), t.screen.rowsOf(list))
	t.again(redraw{})
}

// rowsOf cuts clean text into lines that take one row each, but for colours.
func (s *screen) rowsOf(all string) []string {
	var rows []string
	for line := range strings.Lines(s.marks(all)) {
		rows = append(rows, line)
	}
	return rows
}

// height asks for the number of rows; never less than 2.
func (s *screen) height() int {
	for _, fd := range s.fds {
		if _, rows, err := readline.GetSize(fd); err == nil && rows > 0 {
			return max(rows, 2)
		}
	}
	return 24
}

// keyPause is how often key looks whether it is to end.
const keyPause = 100 * time.Millisecond

// key reads one key past readline, which must not be reading: it is dealing with a key, or no
// ReadLine runs. The zero value says that there will be none.
func (in *input) key(ctx context.Context) key {
	for ctx.Err() == nil {
		in.mu.Lock()
		over := in.closed || in.ended || in.interrupt
		if !over && len(in.decoder.keys) > 0 {
			k := in.decoder.keys[0]
			in.decoder.keys = in.decoder.keys[1:]
			in.mu.Unlock()
			return k
		}
		in.mu.Unlock()
		if over {
			return key{}
		}
		if in.ready(keyPause) {
			in.fill()
		}
	}
	return key{}
}

// unread makes k the next key.
func (in *input) unread(k key) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.decoder.keys = slices.Insert(in.decoder.keys, 0, k)
}

// pressed says whether keys wait to be read.
func (in *input) pressed() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.decoder.keys) > 0 || in.ready(0)
}

// ready waits for the file to have something to read.
func (in *input) ready(limit time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(in.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(limit.Milliseconds()))
	return err == nil && n > 0
}
