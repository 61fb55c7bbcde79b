package qmptest

import (
	"bytes"
	"flag"
	"strings"
	"sync"
	"testing"
	"time"
)

// HangLimit is when something that does not happen is a failure. It is no measure of speed: a busy machine must not reach it.
const HangLimit = 60 * time.Second

// Eventually waits until ok, and fails the test with failure's words when that takes too long.
func Eventually(t testing.TB, ok func() bool, failure func() string) {
	t.Helper()
	poll(t, time.Millisecond, ok, failure)
}

// poll looks again after pauses that grow up to 20 ms.
func poll(t testing.TB, pause time.Duration, ok func() bool, failure func() string) {
	t.Helper()
	for limit := time.Now().Add(HangLimit); !ok(); pause = min(2*pause, 20*time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal(failure())
		}
		time.Sleep(pause)
	}
}

// InOrder reports whether all has these texts, each behind the one before.
func InOrder(all string, texts ...string) bool {
	return inOrder(all, texts) || inOrder(unwrapped(all), texts)
}

// unwrapped joins what qmpsh has broken between words: the further parts of a line are set in by two columns.
func unwrapped(text string) string {
	return strings.NewReplacer("\r\n  ", " ", "\n  ", " ").Replace(text)
}

func inOrder(all string, texts []string) bool {
	for _, text := range texts {
		_, rest, found := strings.Cut(all, text)
		if !found {
			return false
		}
		all = rest
	}
	return true
}

// Tail is as much of the end of text as fits into a failure message.
func Tail(text string) string {
	lines := strings.Split(text, "\n")
	text = strings.Join(lines[max(0, len(lines)-40):], "\n")
	return text[max(0, len(text)-3000):]
}

// Buffer is a bytes.Buffer that any goroutine may write to and read. The zero value is ready.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// ManyAtOnce lets eight parallel tests run at a time where -parallel does not say otherwise: for rooms whose tests mostly
// wait for other processes. TestMain calls it.
func ManyAtOnce() {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		_ = flag.Set("test.parallel", "8") // the testing package has it
	}
}
