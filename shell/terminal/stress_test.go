package terminal

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// Random keys, with events, prompts and resizes from other goroutines, must
// not make readline panic, race or lose its way.
func TestRandomKeysUnderEvents(t *testing.T) {
	keys := []string{
		"a", "b", " ", "{", "\"", "é", "虚", "query", "0123456789012345678901234567890123456789",
		"\x01", "\x02", "\x04", "\x05", "\x06", "\x07", "\x08", "\x0b", "\x0c", "\x0e", "\x10", "\x12", "\x13", "\x14", "\x15", "\x17", "\x19", "\x7f",
		"\x1bb", "\x1bf", "\x1bd", "\x1b\x7f", "\x1b[3~", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[1;5C", "\x1b[1;5D", "\x1b[1~", "\x1b[4~",
		"\x1b", "\x1b[", "\t", "\x00", "\xff", "\x1b[200~one\r\ttwo\x1b[201~", "\r", "\x03", "\x12quer\x12\x12", "\x1b[A\x1b[A",
		"\x1f", "\x18\x15", "\x18\x05", "\x1b.", "\x1b.\x1b.", "\x12quer\x07", "🚀🚀🚀", "\u200b", "\u202e", "\x1bä", "\x17\x17\x19",
	}
	const rounds = 40
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, Config{})
	for i := range 20 {
		_ = r.Remember(fmt.Sprintf("query-%d %s", i, strings.Repeat("x", i*7)))
	}
	stop := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() {
		tick := time.NewTicker(100 * time.Microsecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			switch i % 3 {
			case 0:
				r.Print(fmt.Sprint("event ", i))
			case 1:
				r.SetPrompt(fmt.Sprintf("(vm%s) ", strings.Repeat("!", i%50)))
			case 2:
				r.again(redraw{resized: true, moved: i%2 == 0})
			}
		}
	})
	for round := range rounds {
		var typed strings.Builder
		for range random.IntN(60) {
			typed.WriteString(keys[random.IntN(len(keys))])
		}
		mark := fmt.Sprintf("end-of-round-%d", round)
		// however the random keys end, this leaves an empty line and then the mark
		r.press(typed.String() + "x\x07\x05\x15" + mark + "\r")
		for {
			got := r.await(r.start(t.Context(), ""))
			if got.line == mark {
				break
			}
			if got.err != nil && !errors.Is(got.err, ErrInterrupt) && !errors.Is(got.err, io.EOF) {
				t.Fatalf("%q: %v", typed.String(), got.err)
			}
			if strings.Contains(got.line, mark) {
				t.Fatalf("%q: got %q", typed.String(), got.line)
			}
			_ = r.Remember(got.line)
		}
	}
	close(stop)
	others.Wait()
}
