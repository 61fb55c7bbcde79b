package terminal

import (
	"bytes"
	"context"
	"io"

	"github.com/qmpsh/qmpsh/shell/text"
)

// Pour shows what write writes, which may be much. Texts of others come before or behind it; no
// ReadLine may run. When ctx ends, writing to w fails with the context's cause after at most pourSize
// bytes more. w is a *text.Writer.
func (t *Terminal) Pour(ctx context.Context, write func(w io.Writer) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &pouring{ctx: ctx, screen: t.screen}
	err := write(text.NewWriter(p))
	if err != nil && p.colour {
		t.screen.direct("\x1b[0m")
	}
	return err
}

// pourSize is how much goes to the terminal in one write, which cannot be called back: less than a
// screenful.
const pourSize = 1 << 10

// pouring passes text on in small pieces for as long as its context lasts.
type pouring struct {
	ctx    context.Context
	screen *screen
	begun  bool // there is nothing to stop before: what is short is shown whole
	colour bool // has been used, and may be on
}

func (p *pouring) Write(all []byte) (int, error) {
	for rest := all; len(rest) > 0; {
		if p.begun && p.ctx.Err() != nil {
			return len(all) - len(rest), context.Cause(p.ctx)
		}
		n := min(len(rest), pourSize)
		if end := bytes.LastIndexByte(rest[:n], '\n'); end >= 0 && n < len(rest) {
			n = end + 1 // whole lines, where they are short
		}
		p.screen.direct(string(rest[:n]))
		p.colour = p.colour || bytes.IndexByte(rest[:n], escape) >= 0
		p.begun = true
		rest = rest[n:]
	}
	return len(all), nil
}
