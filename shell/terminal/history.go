package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	historyLines = 2000            // kept in memory, and in the file when it is trimmed
	historyBytes = 4 << 20         // read from the end of the file
	historyEntry = 64 << 10        // longer entries are not kept: each key would draw them again
	historyWait  = 2 * time.Second // for the lock
	// historyNewline stands for a newline inside an entry. It is a control
	// character, which no entry has; psql uses the same one.
	historyNewline = "\x01"
)

// history is what was entered before: in memory, and in a file that several
// processes share. The file has one entry a line, is private to the user
// (0600, in a directory that is made 0700) and is changed only under a lock:
// entries are appended, and load drops the oldest when there are too many.
// All methods may be called from any goroutine.
type history struct {
	path string // "": memory only

	mu      sync.Mutex
	entries []string
	version int // counts changes of entries
}

// load reads the file. A file that does not exist is an empty one.
func (h *history) load() error {
	if h.path == "" {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err := os.Stat(h.path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return h.withFile(func(f *os.File, regular bool) error {
		if !regular {
			return nil
		}
		entries, whole, err := readEntries(f)
		if err != nil {
			return err
		}
		if len(entries) > historyLines {
			entries, whole = entries[len(entries)-historyLines:], false
		}
		h.entries = entries
		h.version++
		if whole {
			return nil
		}
		return rewrite(f, entries)
	})
}

// add appends an entry. Blank ones, repetitions of the last one and very long
// ones are left out. An error means that the file does not have the entry;
// the memory has it.
func (h *history) add(text string) error {
	text = fromLine(string(toLine(text)))
	if strings.TrimSpace(text) == "" || len(text) > historyEntry {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.entries); n > 0 && h.entries[n-1] == text {
		return nil
	}
	h.entries = append(h.entries, text)
	if over := len(h.entries) - historyLines; over > 0 {
		h.entries = h.entries[over:]
	}
	h.version++
	if h.path == "" {
		return nil
	}
	return h.withFile(func(f *os.File, regular bool) error {
		data := []byte(fileLine(text))
		if regular && !endsLine(f) { // somebody was stopped in the middle of a write
			data = append([]byte("\n"), data...)
		}
		_, err := f.Write(data)
		return err
	})
}

// snapshot gives the entries, oldest first, and the version they have.
func (h *history) snapshot() ([]string, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.entries...), h.version
}

// withFile runs f on the open and locked file. The file is made when it does
// not exist; one that others may read is made private first. regular is false
// for a device such as /dev/null, to which a link may lead.
func (h *history) withFile(f func(file *os.File, regular bool) error) error {
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	file, err := openLocked(h.path)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	regular := info.Mode().IsRegular()
	if regular && info.Mode().Perm()&0o077 != 0 {
		if err := file.Chmod(0o600); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	if err := f(file, regular); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// openLocked opens path and takes the lock, or gives up after historyWait.
func openLocked(path string) (*os.File, error) {
	deadline := time.Now().Add(historyWait)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		locked, err := tryLock(f, path)
		if locked {
			return f, nil
		}
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		if time.Now().After(deadline) {
			return nil, &os.PathError{Op: "flock", Path: path, Err: errors.New("another process holds the lock")}
		}
		time.Sleep(time.Duration(1+rand.IntN(3)) * time.Millisecond)
	}
}

// tryLock takes the lock if it is free. When a trim has replaced the file since
// it was opened, the lock is on a file that nobody will see, and does not count.
func tryLock(f *os.File, path string) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR) {
		return false, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "flock", Path: path, Err: err}
	}
	opened, err := f.Stat()
	if err != nil {
		return false, err
	}
	current, err := os.Stat(path)
	return err == nil && os.SameFile(opened, current), nil
}

// readEntries reads the end of the file; whole is false when there was more.
func readEntries(f *os.File) (entries []string, whole bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	from := max(info.Size()-historyBytes, 0)
	data, err := io.ReadAll(io.NewSectionReader(f, from, historyBytes))
	if err != nil {
		return nil, false, err
	}
	if from > 0 { // the first line is a rest
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		line = fromLine(string(toLine(strings.ReplaceAll(line, historyNewline, "\n"))))
		if strings.TrimSpace(line) != "" && len(line) <= historyEntry {
			entries = append(entries, line)
		}
	}
	return entries, from == 0, nil
}

// rewrite puts a file with these entries in the place of f, which is locked.
// f's lock ends with f, and those who wait for it notice the new file.
func rewrite(f *os.File, entries []string) error {
	path, err := filepath.EvalSymlinks(f.Name())
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(fileLine(e))
	}
	_, err = io.WriteString(tmp, b.String())
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

func fileLine(entry string) string {
	return strings.ReplaceAll(entry, "\n", historyNewline) + "\n"
}

// endsLine says whether the file is empty or ends with a newline.
func endsLine(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return true
	}
	var b [1]byte
	_, err = f.ReadAt(b[:], info.Size()-1)
	return err != nil || b[0] == '\n'
}
