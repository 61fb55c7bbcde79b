package proto_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

func TestE16_FlushesBeforeItCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := overPipe(t, text())
		var want strings.Builder
		for range 1000 {
			m := strings.Repeat("x", 200)
			c.Send(m)
			want.WriteString(m + "\n")
		}
		heard := make(chan string)
		go func() {
			all, _ := io.ReadAll(slowly{far})
			heard <- string(all)
		}()
		disconnect(t, c)
		if got := <-heard; got != want.String() {
			t.Errorf("peer heard %d bytes, want %d", len(got), want.Len())
		}
	})
}

// slowly reads a little at a time.
type slowly struct{ io.Reader }

func (s slowly) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return s.Reader.Read(p[:min(len(p), 1000)])
}

func TestE16_FlushIsBoundedByTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := overPipe(t, text())
		c.Send("nobody reads this")
		c.Send("nor this")
		patient := make(chan error, 1)
		go func() { patient <- c.Disconnect(context.Background()) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := c.Disconnect(ctx)
		var fe *proto.FlushError
		if !errors.As(err, &fe) || fe.Unsent != 2 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if other := <-patient; other != err {
			t.Errorf("another caller got %v", other) // E18
		}
		wantState(t, c, proto.Idle)
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the stream is still open: %v", err)
		}
	})
}

func TestE16_FlushOverASocketIsBoundedByTheCaller(t *testing.T) {
	near, far := socketPair(t)
	defer far.Close()
	c := proto.New(text(), proto.Options{})
	if err := c.ConnectStream(t.Context(), near, "pair"); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		c.Send(strings.Repeat("x", 100_000)) // more than the socket takes
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	var fe *proto.FlushError
	if err := c.Disconnect(ctx); !errors.As(err, &fe) || fe.Unsent < 1 || fe.Unsent > 100 {
		t.Errorf("got %v", err)
	}
	wantState(t, c, proto.Idle)
}

func TestE16_AnEndedContextIsNoErrorWithNothingToFlush(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		near, far := net.Pipe()
		c := proto.New(text(), proto.Options{})
		if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
			t.Fatal(err)
		}
		if err := c.Disconnect(ctx); err != nil {
			t.Fatalf("got %v", err)
		}
		far.Close()
	}
}

func TestE16_PeerClosesWhileWeFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := overPipe(t, text())
		c.Send("nobody reads this")
		ended := make(chan error, 1)
		go func() { ended <- c.Disconnect(context.Background()) }()
		synctest.Wait()
		wantState(t, c, proto.Disconnecting)
		far.Close()
		if err := <-ended; err != io.EOF && err != io.ErrClosedPipe {
			t.Errorf("got %v", err)
		}
		wantState(t, c, proto.Idle)
	})
}

func TestE17_NoFlushOnceALoopHasFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		p := text()
		p.Handle = func(context.Context, string) error { return boom }
		c, far := overPipe(t, p)
		c.Send("nobody reads this")
		synctest.Wait()
		say(t, far, "x\n")
		// No context bounds this: it must not wait for the peer.
		if err := c.Disconnect(context.Background()); err != boom {
			t.Errorf("got %v", err)
		}
		// Nor does a failure wait that comes in the middle of a flush.
		c, far = overPipe(t, p)
		c.Send("nobody reads this either")
		c.ScheduleDisconnect()
		synctest.Wait()
		say(t, far, "x\n")
		if err := c.Disconnect(context.Background()); err != boom {
			t.Errorf("got %v", err)
		}
	})
}

func TestE18_FirstErrorByTimeForEveryCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := errors.New("first")
		sending := make(chan struct{})
		p := text()
		p.Handle = func(context.Context, string) error { return first }
		p.Send = func(*proto.Writer, string) error {
			<-sending
			return errors.New("second")
		}
		c, far := overPipe(t, p)
		c.Send("x")
		synctest.Wait()
		say(t, far, "y\n")
		synctest.Wait()
		results := make(chan error, 5)
		for range 4 {
			go func() { results <- c.Disconnect(context.Background()) }()
		}
		go func() { results <- c.Wait(context.Background()) }()
		synctest.Wait()
		if len(results) > 0 {
			t.Error("somebody did not wait for the writer")
		}
		close(sending)
		for range 5 {
			if err := <-results; err != first {
				t.Errorf("got %v", err)
			}
		}
		disconnect(t, c) // a second time is harmless
	})
}

func TestE18_ABlockedCallbackDoesNotHoldTheCallerForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := text()
		p.Handle = func(context.Context, string) error {
			<-release
			return nil
		}
		c, far := overPipe(t, p)
		say(t, far, "x\n")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Disconnect(ctx); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		wantState(t, c, proto.Disconnecting)
		close(release)
		disconnect(t, c)
	})
}

func TestE19_AsNewAfterADisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := text()
		got := collect(&p)
		p.Establish = greet
		ended := 0
		p.Ended = func(context.Context, error, []string) { ended++ }
		c := proto.New(p, proto.Options{})
		sessions := 0
		for i := range 30 {
			near, far := net.Pipe()
			connected := make(chan error, 1)
			go func() { connected <- c.ConnectStream(t.Context(), near, "pipe") }()
			if i%5 == 4 {
				far.Close()
				wantConnectError(t, c, <-connected, proto.PhaseSession)
				continue
			}
			sessions++
			say(t, far, "hi\n")
			hear(t, far, "re hi\n")
			if err := <-connected; err != nil {
				t.Fatal(err)
			}
			say(t, far, "one\nleft over from the last sess")
			if m := <-got; m != "one" {
				t.Errorf("got %q", m)
			}
			switch i % 3 {
			case 0:
				c.Send("bye")
				go io.Copy(io.Discard, far)
				disconnect(t, c)
			case 1:
				c.Send("never sent")
				synctest.Wait()
				far.Close()
				if err := c.Disconnect(t.Context()); err == nil {
					t.Error("no error")
				}
			case 2:
				disconnect(t, c)
			}
			far.Close()
			wantState(t, c, proto.Idle)
		}
		if ended != sessions {
			t.Errorf("Ended was called %d times for %d sessions", ended, sessions)
		}
	})
}

func TestE16_NothingIsHandledOnceTheLoopsAreStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var handled []string
		p := text()
		p.Handle = func(_ context.Context, m string) error {
			handled = append(handled, m)
			<-release
			return nil
		}
		c, far := overPipe(t, p)
		say(t, far, "first\nsecond\n") // in one piece
		synctest.Wait()
		c.ScheduleDisconnect()
		synctest.Wait()
		close(release)
		disconnect(t, c)
		if len(handled) != 1 {
			t.Errorf("handled %q", handled)
		}
	})
}
