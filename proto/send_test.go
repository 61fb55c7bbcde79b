package proto_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto"
)

func TestE11_OrderOfEachSenderHolds(t *testing.T) {
	const senders, each = 4, 400
	near, far := socketPair(t)
	p := text()
	p.Send = func(w *proto.Writer, m string) error {
		w.WriteString(m[:len(m)/2])
		runtime.Gosched() // let others have a try
		_, err := w.WriteString(m[len(m)/2:] + "\n")
		return err
	}
	c := proto.New(p, proto.Options{})
	if err := c.ConnectStream(t.Context(), near, "pair"); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			for n := range each {
				// Some are more than the socket takes at once.
				size := 10
				if n%50 == 0 {
					size = 300_000
				}
				if err := c.Send(fmt.Sprintf("%d %d %s", i, n, strings.Repeat("x", size))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var next [senders]int
	lines := bufio.NewReader(far)
	for range senders * each {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		var i, n int
		head, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "x")
		if _, err := fmt.Sscan(head, &i, &n); err != nil || strings.Trim(rest, "x") != "" {
			t.Fatalf("garbled line %.40q: %v", line, err)
		}
		if n != next[i] {
			t.Fatalf("sender %d: got message %d, want %d", i, n, next[i])
		}
		next[i]++
	}
	all.Wait()
	disconnect(t, c)
	far.Close()
}

func TestE11_E20_WhatTheSocketDoesNotTakeIsFlushedLater(t *testing.T) {
	near, far := socketPair(t)
	c := proto.New(text(), proto.Options{})
	if err := c.ConnectStream(t.Context(), near, "pair"); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 5_000_000)
	if err := c.Send(big); err != nil { // returns although nobody reads
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Flush(ctx); err != context.Canceled {
		t.Errorf("flush: %v", err)
	}
	c.Send("end")
	heard := make(chan string)
	go func() {
		all, _ := io.ReadAll(far)
		heard <- string(all)
	}()
	if err := c.Flush(t.Context()); err != nil {
		t.Errorf("flush: %v", err)
	}
	disconnect(t, c)
	if got := <-heard; got != big+"\nend\n" {
		t.Errorf("peer heard %d bytes, want %d", len(got), len(big)+5)
	}
	far.Close()
}

func TestE14_AnErrorOfSendIsNotLost(t *testing.T) {
	boom := errors.New("boom")
	near, far := socketPair(t)
	defer far.Close()
	p := text()
	p.Send = func(*proto.Writer, string) error { return boom }
	c := proto.New(p, proto.Options{})
	if err := c.ConnectStream(t.Context(), near, "pair"); err != nil {
		t.Fatal(err)
	}
	if err := c.Send("x"); err != nil {
		t.Errorf("the message was queued: %v", err)
	}
	if err := c.Wait(t.Context()); err != boom {
		t.Errorf("wait: %v", err)
	}
	if err := c.Disconnect(t.Context()); err != boom {
		t.Errorf("disconnect: %v", err)
	}
}

func TestE11_WhatTheWriterHasNotBegunCanBeTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := overPipe(t, text())
		is := func(want string) func(string) bool { return func(m string) bool { return m == want } }
		c.Send("a")
		synctest.Wait() // the writer has it now
		for _, m := range []string{"b", "c", "d"} {
			c.Send(m)
		}
		flushed := make(chan error, 3)
		flush := func() { flushed <- c.Flush(t.Context()) }
		go flush()
		synctest.Wait()
		c.Send("e")
		go flush()
		synctest.Wait()
		for _, m := range []string{"b", "d", "e"} {
			if !c.Withdraw(is(m)) {
				t.Errorf("%s cannot be withdrawn", m)
			}
		}
		for _, m := range []string{"a", "b", "x"} {
			if c.Withdraw(is(m)) {
				t.Errorf("%s was withdrawn", m)
			}
		}
		hear(t, far, "a\nc\n")
		synctest.Wait()
		if len(flushed) != 2 { // E20
			t.Errorf("%d flushes have ended", len(flushed))
		}
		c.Send("f")
		go flush()
		hear(t, far, "f\n")
		for range 3 {
			if err := <-flushed; err != nil {
				t.Errorf("flush: %v", err)
			}
		}
		disconnect(t, c)
		if c.Withdraw(is("f")) {
			t.Error("withdrawn without a session")
		}
	})
}

// Of a long batch, which takes several writes, Ended gets what was in none of them.
func TestE11_EndedGetsWhatWasNotBegun(t *testing.T) {
	const each, n = 30_000, 20
	for taken := range n {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			var unsent []string
			p := text()
			p.Ended = func(_ context.Context, _ error, u []string) { unsent = u }
			c := proto.New(p, proto.Options{})
			if err := c.ConnectStream(t.Context(), near, "pipe"); err != nil {
				t.Fatal(err)
			}
			c.Send("first") // the writer waits with it for the peer
			synctest.Wait()
			for i := range n {
				c.Send(fmt.Sprint(i, strings.Repeat("x", each)))
			}
			hear(t, far, "first\n")
			if _, err := io.CopyN(io.Discard, far, int64(taken*each+taken/2)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			far.Close()
			c.Wait(t.Context())
			c.Disconnect(t.Context())
			heard, begun := taken*each+taken/2, 0
			for size := 0; size < heard; begun++ {
				size += len(fmt.Sprint(begun)) + each + 1
			}
			if len(unsent) != n-begun || begun < n && !strings.HasPrefix(unsent[0], fmt.Sprint(begun, "x")) {
				t.Errorf("of %d bytes %d messages were begun, and %d unsent", heard, begun, len(unsent))
			}
		})
	}
}
