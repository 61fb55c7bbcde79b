package terminal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	up   = "\x1b[A"
	down = "\x1b[B"
)

func historyFilePath(t *testing.T) string {
	return filepath.Join(t.TempDir(), "state", "qmpsh", "history")
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func loaded(t *testing.T, path string) []string {
	t.Helper()
	h := &history{path: path}
	if err := h.load(); err != nil {
		t.Fatal(err)
	}
	entries, _ := h.snapshot()
	return entries
}

func TestHistoryIsPrivate(t *testing.T) {
	path := historyFilePath(t)
	h := &history{path: path}
	if err := h.load(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was made though there is nothing to write: %v", err)
	}
	if err := h.add("one"); err != nil {
		t.Fatal(err)
	}
	if d, f := mode(t, filepath.Dir(path)), mode(t, path); d != 0o700 || f != 0o600 {
		t.Errorf("directory %o, file %o", d, f)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := h.add("two"); err != nil || mode(t, path) != 0o600 {
		t.Errorf("a file that others could read is now %o, %v", mode(t, path), err)
	}
}

func TestHistoryKeepsNewlinesTabsAndOrder(t *testing.T) {
	path := historyFilePath(t)
	h := &history{path: path}
	for _, e := range []string{"one", "{\n\t\"a\": \"x\\ny ↵\"}", "one", "one", " ", "", "esc\x1b[31m", strings.Repeat("x", historyEntry+1), "last"} {
		if err := h.add(e); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"one", "{\n\t\"a\": \"x\\ny ↵\"}", "one", "esc[31m", "last"}
	if got := loaded(t, path); !slices.Equal(got, want) {
		t.Errorf("from the file: %q", got)
	}
	if got, _ := h.snapshot(); !slices.Equal(got, want) {
		t.Errorf("in memory: %q", got)
	}
	if got := fileText(t, path); strings.Count(got, "\n") != len(want) {
		t.Errorf("not a line each: %q", got)
	}
}

func TestHistoryReadsWhatOthersMayHaveLeft(t *testing.T) {
	path := historyFilePath(t)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("\x1b]0;title\x07one\r\n\n\xfftwo\x01three\nhalf a li"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := &history{path: path}
	if err := h.load(); err != nil {
		t.Fatal(err)
	}
	if err := h.add("next"); err != nil {
		t.Fatal(err)
	}
	want := []string{"]0;titleone", "\ufffdtwo\nthree", "half a li", "next"}
	if got := loaded(t, path); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if mode(t, filepath.Dir(path)) != 0o755 {
		t.Error("the user's own directory was changed")
	}
}

func TestHistoryIsTrimmedByLoad(t *testing.T) {
	path := historyFilePath(t)
	h := &history{path: path}
	if err := h.add("first"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ lines, width int }{{historyLines + 10, 1}, {100, 60 << 10}} {
		var b strings.Builder
		for i := range c.lines {
			fmt.Fprintf(&b, "%d%s\n", i, strings.Repeat(".", c.width))
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		got := loaded(t, path)
		if len(got) > historyLines || !strings.HasPrefix(got[len(got)-1], fmt.Sprint(c.lines-1)) {
			t.Errorf("%d lines loaded, the last is %.20q", len(got), got[len(got)-1])
		}
		if text := fileText(t, path); len(text) > historyBytes || strings.Count(text, "\n") != len(got) || mode(t, path) != 0o600 {
			t.Errorf("the file has %d bytes, %d lines, mode %o", len(text), strings.Count(text, "\n"), mode(t, path))
		}
		if all := loaded(t, path); !slices.Equal(all, got) {
			t.Error("the second load gives something else")
		}
		if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
			t.Errorf("left behind: %v", files)
		}
	}
}

func TestHistoryIsBoundedInMemory(t *testing.T) {
	h := &history{}
	for i := range historyLines + 5 {
		if err := h.add(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := h.snapshot(); len(got) != historyLines || got[0] != "5" {
		t.Errorf("%d entries, the first is %q", len(got), got[0])
	}
}

// Writers append while others trim; nobody's lines may get lost.
func TestHistoryIsSharedBySeveralWriters(t *testing.T) {
	const writers, each = 3, 100
	path := historyFilePath(t)
	stop := make(chan struct{})
	var wg, trimmer sync.WaitGroup
	trimmer.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			err := (&history{path: path}).withFile(func(f *historyFile) error {
				entries, _, err := readEntries(f.File)
				return errors.Join(err, f.rewrite(entries))
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	for w := range writers {
		wg.Go(func() {
			h := &history{path: path}
			for i := range each {
				if err := h.add(fmt.Sprintf("%d-%d", w, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	trimmer.Wait()
	got := loaded(t, path)
	for w := range writers {
		for i := range each {
			if !slices.Contains(got, fmt.Sprintf("%d-%d", w, i)) {
				t.Errorf("entry %d-%d is lost", w, i)
			}
		}
	}
}

func TestHistoryLockOnAReplacedFileDoesNotCount(t *testing.T) {
	path := historyFilePath(t)
	h := &history{path: path}
	if err := h.add("one"); err != nil {
		t.Fatal(err)
	}
	f, err := openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if ok, err := tryLock(f.File, f.folder, f.name); !ok || err != nil {
		t.Errorf("the file itself: %v, %v", ok, err)
	}
	if err := f.rewrite([]string{"two"}); err != nil {
		t.Fatal(err)
	}
	if ok, err := tryLock(f.File, f.folder, f.name); ok || err != nil {
		t.Errorf("after a trim: %v, %v", ok, err)
	}
}

func TestHistoryGivesUpOnAHeldLock(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits as long as a user would")
	}
	path := historyFilePath(t)
	h := &history{path: path}
	if err := h.add("one"); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if err := h.add("two"); err == nil || !strings.Contains(err.Error(), "another process holds the lock") {
		t.Errorf("got %v", err)
	}
	if got, _ := h.snapshot(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("memory has %q", got)
	}
}
