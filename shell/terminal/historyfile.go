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
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// historyFile is the history's file, open and locked, in its folder. Both are the user's own: what
// was checked is what is used, for nothing is looked up by its path again.
type historyFile struct {
	*os.File
	folder *os.Root
	name   string
}

func (f *historyFile) Close() {
	_ = f.File.Close()
	_ = f.folder.Close()
}

// openHistory opens and locks the file at path; it and its folder are made when they do not exist.
// A link may lead there, but the folder that it leads to must be the user's, with nobody else to
// write to it, and the file must be a regular one of the user's. One that others may read is made
// private.
func openHistory(path string) (*historyFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if led, err := filepath.EvalSymlinks(path); err == nil {
		path = led
	}
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	f := &historyFile{folder: folder, name: filepath.Base(path)}
	info, err := folder.Stat(".")
	if err == nil {
		err = ownFolder(filepath.Dir(path), info)
	}
	if err == nil {
		f.File, err = lockedFile(folder, f.name)
	}
	if err != nil {
		_ = folder.Close()
		return nil, err
	}
	return f, nil
}

func ownFolder(path string, info os.FileInfo) error {
	switch {
	case !own(info):
		return fmt.Errorf("the folder %s belongs to another user", path)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others may write to the folder %s; `chmod go-w` mends it", path)
	}
	return nil
}

func own(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// lockedFile opens the file and takes the lock, or gives up after historyWait.
func lockedFile(folder *os.Root, name string) (*os.File, error) {
	deadline := time.Now().Add(historyWait)
	for {
		// Without O_NONBLOCK a pipe would wait for its other end.
		f, err := folder.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
		if err != nil {
			return nil, err
		}
		locked, err := checkAndLock(f, folder, name)
		if locked {
			return f, nil
		}
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		if time.Now().After(deadline) {
			return nil, &os.PathError{Op: "flock", Path: f.Name(), Err: errors.New("another process holds the lock")}
		}
		time.Sleep(time.Duration(1+rand.IntN(3)) * time.Millisecond)
	}
}

// checkAndLock refuses what is no file of the user's, and takes the lock if it is free.
func checkAndLock(f *os.File, folder *os.Root, name string) (bool, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is no regular file", f.Name())
	case !own(info):
		return false, fmt.Errorf("%s belongs to another user", f.Name())
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return false, err
		}
	}
	return tryLock(f, folder, name)
}

// tryLock takes the lock if it is free. When a trim has replaced the file since
// it was opened, the lock is on a file that nobody will see, and does not count.
func tryLock(f *os.File, folder *os.Root, name string) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR) {
		return false, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	opened, err := f.Stat()
	if err != nil {
		return false, err
	}
	current, err := folder.Stat(name)
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

// rewrite puts a file with these entries in the place of f. The lock ends with f, and those who
// wait for it notice the new file.
func (f *historyFile) rewrite(entries []string) error {
	temporary := fmt.Sprintf("%s.%x", f.name, rand.Uint64())
	tmp, err := f.folder.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
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
		err = f.folder.Rename(temporary, f.name)
	}
	if err != nil {
		_ = f.folder.Remove(temporary)
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
