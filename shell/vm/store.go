package vm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

const (
	// suffix carries the version of what the records mean.
	suffix = ".v1"
	// maxKept is how many binaries a store knows: those used last.
	maxKept = 16
	// lockPatience is how long a look at who else learns is repeated.
	lockPatience = 100 * time.Millisecond
	// again is how long a binary of which no copy could tell device types is left in peace:
	// the modules that it stumbles over may be mended.
	again = 24 * time.Hour
	// maxAge is how old an unfinished file is at least that nobody will finish.
	maxAge = time.Hour
)

// Store keeps knowledge of binaries in a folder, for all that run as this user: a file
// a binary, under the identity of the binary's file, written whole or not at all. What
// another user could have written there is not taken. Any number of processes may use
// it at once.
type Store struct {
	Dir string       // made when something is to be kept; empty: nothing is kept
	Log *slog.Logger // why something was not kept or not taken; may be nil
}

// Told is what a server says of itself.
type Told struct {
	Version qmp.Version // in its greeting
	Schema  []byte      // its answer to query-qmp-schema
}

// ErrBusy says that another process is writing to the store.
var ErrBusy = errors.New("another process learns")

// errForeign says that what stands in the store's place is not this user's alone.
var errForeign = errors.New("it is not this user's alone")

func (s *Store) debug(text string, args ...any) {
	if s.Log != nil {
		s.Log.Debug(text, args...)
	}
}

func keyOf(identity string) string {
	sum := sha256.Sum256([]byte(identity))
	return hex.EncodeToString(sum[:16]) + suffix
}

// Load returns what is known of b, nil if that is nothing.
func (s *Store) Load(b *Binary) *Knowledge {
	if s.Dir == "" {
		return nil
	}
	key := keyOf(b.identity)
	k, err := s.load(key)
	if err == nil && k.about.Identity != b.identity {
		k.Close()
		err = errDamaged
	}
	switch {
	case err == nil:
		return k
	case !errors.Is(err, fs.ErrNotExist):
		s.debug("dropped what was known of a QEMU", "binary", b.Path, "file", filepath.Join(s.Dir, key), "error", err)
		s.drop(key)
	}
	return nil
}

// load opens one file of the store.
func (s *Store) load(key string) (*Knowledge, error) {
	dir, err := s.open(false)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	fd, err := unix.Openat(int(dir.Fd()), key, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), filepath.Join(s.Dir, key))
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil {
		err = ownAlone(st, unix.S_IFREG)
	}
	var k *Knowledge
	if err == nil {
		k, err = openKnowledge(file, st.Size, file)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	if age := time.Since(time.Unix(st.Mtim.Unix())); age > 24*time.Hour {
		// Those used last are kept. A day is exact enough, and spares the disk.
		now := time.Now()
		_ = os.Chtimes(file.Name(), now, now)
	}
	return k, nil
}

// Learn returns what is known of b, and learns it first if it must; see the function
// Learn. While another process does, it waits and takes what that one has learnt, as
// long as ctx lasts. What cannot be kept is returned all the same.
func (s *Store) Learn(ctx context.Context, b *Binary) (*Knowledge, error) {
	unlock, err := s.await(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if k := s.Load(b); k != nil {
		if k.Whole() || k.about.Copied && time.Since(k.about.Learned) < again {
			return k, nil
		}
		k.Close()
	}
	f, err := learn(ctx, b)
	if err != nil {
		return nil, err
	}
	return s.put(b, f)
}

// Keep keeps the schema that a server has told, for its binary, in the place of one that
// is another; nothing is known of device types then. It takes no longer than to write the
// schema down: see Finish. A store that another process writes to just now gets nothing:
// ErrBusy. The server must be this user's or root's: any other could have been made to
// tell what harms the next VM of the same binary.
func (s *Store) Keep(b *Binary, told Told) error {
	return s.change(b, func(k *Knowledge) (*Facts, bool) {
		if k != nil && k.Agrees(told.Schema) { // somebody was quicker
			return nil, false
		}
		return &Facts{Version: told.Version, Schema: told.Schema}, false
	})
}

// Finish puts what Keep has kept into the form that loads fast. Errors are those of Keep.
func (s *Store) Finish(b *Binary) error {
	return s.change(b, func(k *Knowledge) (*Facts, bool) {
		if k == nil || k.Finished() {
			return nil, false
		}
		schema, err := k.pack.read(recordSchema)
		if err != nil {
			return nil, false
		}
		return &Facts{Version: k.about.Version, Schema: schema}, true
	})
}

// change puts what decide makes of what is known of b, which may be nil, in its place.
func (s *Store) change(b *Binary, decide func(*Knowledge) (f *Facts, cut bool)) error {
	if s.Dir == "" {
		return nil
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	k := s.Load(b)
	f, cut := decide(k)
	if k != nil {
		k.Close()
	}
	if f == nil {
		return nil
	}
	content, err := f.pack(b, cut)
	if err != nil {
		s.drop(keyOf(b.identity))
		return err
	}
	return s.write(keyOf(b.identity), content)
}

// put writes a file. Without a folder the knowledge is in memory alone.
func (s *Store) put(b *Binary, f *Facts) (*Knowledge, error) {
	content, err := f.pack(b, true)
	if err != nil {
		return nil, err
	}
	if s.Dir != "" {
		if err := s.write(keyOf(b.identity), content); err != nil {
			s.debug("could not keep what is known of a QEMU", "binary", b.Path, "folder", s.Dir, "error", err)
		}
	}
	return inMemory(content)
}

// Entry is one file of a store.
type Entry struct {
	File    string // its path
	Size    int64
	Path    string // of the binary; empty if the file is damaged
	Version string // of QEMU
	Learned time.Time
	Whole   bool // device types too, and not only the schema
	Devices int  // how many there are
}

// List returns what the store holds, the last used first.
func (s *Store) List() ([]Entry, error) {
	files, _, err := s.files()
	var list []Entry
	for _, f := range files {
		e := Entry{File: filepath.Join(s.Dir, f.Name()), Size: f.Size()}
		if k, err := s.load(f.Name()); err == nil {
			e.Path, e.Version, e.Learned = k.about.Path, k.about.Version.String(), k.about.Learned
			e.Whole, e.Devices = k.Whole(), len(k.Devices())
			k.Close()
		}
		list = append(list, e)
	}
	return list, err
}

// Clear takes everything away and says how many binaries were known.
func (s *Store) Clear() (n int, err error) {
	files, _, err := s.files()
	for _, f := range files {
		if gone := os.Remove(filepath.Join(s.Dir, f.Name())); gone != nil {
			err = errors.Join(err, gone)
			continue
		}
		n++
	}
	return n, err
}
