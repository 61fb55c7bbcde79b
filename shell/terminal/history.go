package terminal

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
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
	if _, err := os.Lstat(h.path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return h.withFile(func(f *historyFile) error {
		entries, whole, err := readEntries(f.File)
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
		return f.rewrite(entries)
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
	return h.withFile(func(f *historyFile) error {
		data := []byte(fileLine(text))
		if !endsLine(f.File) { // somebody was stopped in the middle of a write
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

// withFile runs f on the open and locked file.
func (h *history) withFile(f func(*historyFile) error) error {
	file, err := openHistory(h.path)
	if err == nil {
		err = f(file)
		file.Close()
	}
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}
