package terminal

import (
	"context"
	"io"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/shell/text"
)

// plain is ReadLine on a terminal that knows no control sequences: the terminal itself edits the
// line, and there is no Tab, no history and no hint. It runs under readMu.
func (t *Terminal) plain(ctx context.Context, prompt string) (string, error) {
	if err := t.claim(prompt); err != nil {
		return "", err
	}
	defer t.end()
	defer t.watch()()
	defer context.AfterFunc(ctx, func() { t.in.change(func() {}) })()
	t.drawPlain("")
	var line []byte
	for {
		piece, news := t.in.plain()
		line = append(line, piece...)
		switch {
		case news.interrupted:
			t.in.setInterrupt(false)
			t.screen.direct("\n")
			return "", ErrInterrupt
		case ctx.Err() != nil:
			t.screen.direct("\n")
			return "", context.Cause(ctx)
		case news.gone:
			return "", t.finish()
		case news.ended && len(line) == 0:
			t.screen.direct("\n")
			return "", io.EOF
		case len(piece) > 0 && piece[len(piece)-1] == '\n':
			return fromLine(string(toLine(strings.TrimRight(string(line), "\r\n")))), nil
		case news.woken:
			t.drawPlain("\n")
		}
	}
}

// drawPlain shows what waits to be shown and the prompt behind it. What is half-typed is known to
// the terminal alone and cannot be shown again; before says where the cursor goes first.
func (t *Terminal) drawPlain(before string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	prompt := t.asked
	if prompt == "" {
		prompt = t.standing
	}
	t.redo = redraw{}
	t.screen.direct(before + t.queue.take() + t.screen.marks(text.CleanLine(prompt)))
}

// plainNews is what has happened besides what was typed.
type plainNews struct {
	woken, interrupted bool
	ended              bool // Ctrl-D
	gone               bool // close was called, or the terminal is gone
}

// plain waits for a line, or for news, and returns what there is.
func (in *input) plain() ([]byte, plainNews) {
	fds := []unix.PollFd{{Fd: int32(in.wakeFD), Events: unix.POLLIN}, {Fd: int32(in.fd), Events: unix.POLLIN}}
	_, _ = unix.Poll(fds, -1)
	in.mu.Lock()
	if fds[0].Revents != 0 {
		var b [1]byte
		_, _ = in.wakeR.Read(b[:])
		in.poked = false
	}
	news := plainNews{woken: in.woken, interrupted: in.interrupt, gone: in.closed}
	in.woken = false
	in.mu.Unlock()
	if fds[1].Revents == 0 || news.gone || news.interrupted {
		return nil, news
	}
	n, err := unix.Read(in.fd, in.buf[:])
	news.ended = n == 0 && err == nil
	news.gone = err != nil && err != unix.EINTR && err != unix.EAGAIN
	return in.buf[:max(n, 0)], news
}
