package cmd

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// pipeWriter writes to a pipe, and gives up when ctx ends while nobody reads: a write
// that has begun to wait could not be called back.
type pipeWriter struct {
	ctx context.Context
	f   *os.File
}

// toPipe returns w so that writes to it end with ctx, if it is a pipe.
func toPipe(ctx context.Context, w io.Writer) io.Writer {
	f, ok := w.(*os.File)
	if !ok || ctx.Done() == nil {
		return w
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return w
	}
	return pipeWriter{ctx, f}
}

// pipeRoom is how much a pipe takes at once when it takes anything.
const pipeRoom = 4096

func (w pipeWriter) Write(p []byte) (written int, err error) {
	poll := []unix.PollFd{{Fd: int32(w.f.Fd()), Events: unix.POLLOUT}}
	for len(p) > 0 {
		const wait = 50 // ms
		ready, err := unix.Poll(poll, wait)
		switch {
		case w.ctx.Err() != nil:
			return written, context.Cause(w.ctx)
		case err != nil && !errors.Is(err, unix.EINTR):
			return written, os.NewSyscallError("poll", err)
		case ready <= 0:
			continue
		}
		n, err := w.f.Write(p[:min(len(p), pipeRoom)])
		written += n
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}
