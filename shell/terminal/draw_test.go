package terminal

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestPrintShowsTextAtOnceAndKeepsTheLine(t *testing.T) {
	r := newRig(t, Config{})
	r.Print("before")
	if got := r.out.String(); got != "before\n" {
		t.Errorf("outside of ReadLine: %q", got)
	}
	c := r.start(t.Context(), "> ")
	r.press("half")
	r.shows("> half")
	r.Print("event\n")
	r.shows("event\n> half")
	r.press("-typed\r")
	if got := r.await(c); got.line != "half-typed" {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	r.Print("after\n")
	if got := r.out.String(); !strings.HasSuffix(got, "\nafter\n") {
		t.Errorf("after ReadLine: %q", got)
	}
}

func TestPrintFromManyGoroutinesLosesNothing(t *testing.T) {
	const writers, texts = 8, 200
	r := newRig(t, Config{})
	c := r.start(t.Context(), "> ")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range texts {
				r.Print(fmt.Sprintf("<%d.%d>", w, i))
			}
		})
	}
	for _, k := range strings.Repeat("x\x17", 50) + "line\r" {
		r.press(string(k))
	}
	got := r.await(c)
	wg.Wait()
	if got.line != "line" {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	out := r.out.String()
	for w := range writers {
		last := -1
		for i := range texts {
			at := strings.Index(out, fmt.Sprintf("<%d.%d>\n", w, i))
			if at <= last {
				t.Fatalf("text %d.%d is at %d, the one before at %d", w, i, at, last)
			}
			last = at
		}
	}
}

func TestQueueIsBoundedAndTells(t *testing.T) {
	var q printQueue
	for range 5 {
		q.add(strings.Repeat("x", maxQueue/4) + "\n")
	}
	q.add("last\n")
	got := q.take()
	if !strings.HasPrefix(got, "… 2 messages not shown\n") || !strings.HasSuffix(got, "\nlast\n") || len(got) > maxQueue+100 {
		t.Errorf("%d bytes: %.60q", len(got), got)
	}
	if q.take() != "" {
		t.Error("not empty")
	}
}

func TestStandingPromptChangesAtOnceAQuestionDoesNot(t *testing.T) {
	r := newRig(t, Config{})
	r.SetPrompt("(vm) ")
	c := r.start(t.Context(), "")
	r.press("half")
	r.shows("(vm) half")
	r.SetPrompt("(vm paused) ")
	r.shows("(vm paused) half")
	r.press("\r")
	r.await(c)

	c = r.start(t.Context(), "sure? ")
	r.shows("sure? ")
	r.SetPrompt("(other) ")
	r.Print("event")
	r.shows("event\nsure? ")
	r.press("\r")
	r.await(c)
	if strings.Contains(r.out.String(), "(other)") {
		t.Errorf("a question lost its text: %q", r.out)
	}
	c = r.start(t.Context(), "")
	r.shows("(other) ")
	r.press("\r")
	r.await(c)
}
