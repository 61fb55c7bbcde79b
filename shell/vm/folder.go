package vm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The folder of a store, and its lock.

// ownAlone says whether something is of a kind, this user's, and closed to all others.
func ownAlone(st unix.Stat_t, kind uint32) error {
	if st.Mode&unix.S_IFMT != kind || int(st.Uid) != os.Geteuid() || st.Mode&0o077 != 0 {
		return errForeign
	}
	return nil
}

// open opens the folder, and makes it first if it may.
func (s *Store) open(make bool) (*os.File, error) {
	if make {
		if err := ownAbove(s.Dir); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(s.Dir), 0o700); err != nil {
			return nil, err
		}
		if err := os.Mkdir(s.Dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	fd, err := unix.Open(s.Dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: s.Dir, Err: err}
	}
	dir := os.NewFile(uintptr(fd), s.Dir)
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil {
		err = ownAlone(st, unix.S_IFDIR)
	}
	if err != nil {
		dir.Close()
		return nil, fmt.Errorf("the folder %s: %w", s.Dir, err)
	}
	return dir, nil
}

// drop takes a file away, if it lies in a folder of ours.
func (s *Store) drop(key string) {
	if dir, err := s.open(false); err == nil {
		_ = unix.Unlinkat(int(dir.Fd()), key, 0)
		dir.Close()
	}
}

// ownAbove says whether the nearest folder above path that is there is this user's: root
// leaves nothing in the home of the user who became it.
func ownAbove(path string) error {
	for at := filepath.Dir(path); ; at = filepath.Dir(at) {
		var st unix.Stat_t
		err := unix.Stat(at, &st)
		switch {
		case err == nil && int(st.Uid) == os.Geteuid():
			return nil
		case err == nil:
			return fmt.Errorf("the folder %s: %w", at, errForeign)
		case !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at):
			return &os.PathError{Op: "stat", Path: at, Err: err}
		}
	}
}

// write puts a file into its place at once.
func (s *Store) write(key string, content []byte) error {
	dir, err := s.open(true)
	if err != nil {
		return err
	}
	defer dir.Close()
	// A link in the way of the path would have to be made by this user.
	file, err := os.CreateTemp(s.Dir, unfinishedName+"*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), filepath.Join(s.Dir, key))
	}
	if err != nil {
		os.Remove(file.Name())
		return err
	}
	s.tidy()
	return nil
}

// unfinishedName is what the name of a file that is being written begins with.
const unfinishedName = "new-"

// lockName is the file whose lock says who writes to the store.
const lockName = "lock"

// lock takes the store for writing, or says ErrBusy.
func (s *Store) lock() (unlock func(), err error) {
	dir, err := s.open(true)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	fd, err := unix.Openat(int(dir.Fd()), lockName, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		unix.Close(fd)
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrBusy
		}
		return nil, err
	}
	return func() { unix.Close(fd) }, nil
}

// await takes the store for writing as soon as nobody else has it. A store that cannot
// be locked, such as none, is not waited for.
func (s *Store) await(ctx context.Context) (unlock func(), err error) {
	for s.Dir != "" {
		unlock, err := s.lock()
		if err == nil {
			return unlock, nil
		}
		if !errors.Is(err, ErrBusy) {
			s.debug("nothing can be kept", "folder", s.Dir, "error", err)
			break
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockPatience):
		}
	}
	return func() {}, nil
}

// files lists the files with knowledge, the last used first, and those that are being
// written.
func (s *Store) files() (whole, unfinished []fs.FileInfo, err error) {
	dir, err := s.open(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	all, err := dir.Readdir(-1)
	for _, f := range all {
		switch {
		case f.IsDir(), f.Name() == lockName:
		case strings.HasPrefix(f.Name(), unfinishedName):
			unfinished = append(unfinished, f)
		default:
			whole = append(whole, f)
		}
	}
	slices.SortFunc(whole, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	return whole, unfinished, err
}

// tidy takes away what was not used for long, and what was never finished.
func (s *Store) tidy() {
	whole, unfinished, err := s.files()
	if err != nil {
		return
	}
	for _, f := range whole[min(len(whole), maxKept):] {
		s.drop(f.Name())
	}
	for _, f := range unfinished {
		if time.Since(f.ModTime()) > maxAge {
			s.drop(f.Name())
		}
	}
}
