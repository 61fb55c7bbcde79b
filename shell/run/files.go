package run

import (
	"context"
	"os"
	"syscall"
	"time"
)

// openFile opens a file that the user names. Opening a named pipe waits for its
// other end, at most until ctx ends: the error is the context's cause then.
func openFile(ctx context.Context, path string, flags int) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return os.OpenFile(path, flags, 0o666)
	}
	var f *os.File
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		f, err = os.OpenFile(path, flags, 0o666)
	}()
	select {
	case <-opened:
		return f, err
	case <-ctx.Done():
	}
	// Both ends at once: what waits for one of them goes on.
	if other, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0); err == nil {
		defer other.Close()
		<-opened
		f.Close()
	}
	return nil, context.Cause(ctx)
}

// deadline calls back a read or write of f, where it can wait for ever, once ctx
// ends. stop keeps f from then on as it is.
func deadline(ctx context.Context, f *os.File) (stop func()) {
	past := time.Unix(1, 0)
	end := context.AfterFunc(ctx, func() { _ = f.SetDeadline(past) }) // plain files have none
	return func() { end() }
}
