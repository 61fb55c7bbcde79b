package vm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// filled makes a store that knows b, and returns the path of its file.
func filled(t *testing.T, b *Binary) (*Store, string) {
	t.Helper()
	s := &Store{Dir: filepath.Join(qmptest.Dir(t), "cache", "qmpsh")}
	k, err := s.Learn(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	return s, filepath.Join(s.Dir, keyOf(b.identity))
}

func loaded(t *testing.T, s *Store, b *Binary) *Knowledge {
	t.Helper()
	k := s.Load(b)
	if k != nil {
		t.Cleanup(func() { k.Close() })
	}
	return k
}

func TestStore(t *testing.T) {
	b := playing(t, "good")
	s, path := filled(t, b)
	k := loaded(t, s, b)
	if k == nil || !k.Whole() || k.SchemaOf("set") == nil || k.Properties("net") == nil {
		t.Fatalf("what was kept is %+v", k)
	}
	for path, want := range map[string]os.FileMode{path: 0o600, s.Dir: os.ModeDir | 0o700, filepath.Join(s.Dir, lockName): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, not %v", path, info.Mode(), want)
		}
	}
	list, err := s.List()
	if err != nil || len(list) != 1 || list[0].Path != b.Path || !list[0].Whole || list[0].Devices != 4 || list[0].Version != "10.1.2 (fake)" {
		t.Errorf("the list is %+v, %v", list, err)
	}
	if s.Load(playing(t, "good")) != nil {
		t.Error("another file has the same knowledge")
	}
	if n, err := s.Clear(); n != 1 || err != nil {
		t.Errorf("cleared %d, %v", n, err)
	}
	if s.Load(b) != nil {
		t.Error("what was cleared is still known")
	}
	k.Properties("nic") // of a file that has gone: whatever it is, no crash
}

// Learning again asks no copy: the second one here would die.
func TestStoreLearnsOnce(t *testing.T) {
	b := playing(t, "good")
	s, _ := filled(t, b)
	b.limits.question = time.Nanosecond
	k, err := s.Learn(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
}

// A binary that cannot list its device types, since its modules are broken, tells the
// schema, and is not asked again and again.
func TestStoreLearnsOnceFromABinaryWithBrokenModules(t *testing.T) {
	b := playing(t, "modules")
	s, _ := filled(t, b)
	k := loaded(t, s, b)
	if k == nil || k.Whole() || k.SchemaOf("set") == nil || len(k.Devices()) != 0 {
		t.Fatalf("what was kept is %+v", k)
	}
	b.limits.question = time.Nanosecond
	if _, err := s.Learn(t.Context(), b); err != nil {
		t.Error(err)
	}
}

// Root leaves nothing of its own in the home of the user who became it.
func TestStoreStaysOutOfForeignHomes(t *testing.T) {
	asRoot(t)
	home := qmptest.Dir(t)
	if err := os.Chown(home, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	b := playing(t, "good")
	for _, dir := range []string{filepath.Join(home, "qmpsh"), filepath.Join(home, ".cache", "qmpsh")} {
		s := &Store{Dir: dir}
		k, err := s.Learn(t.Context(), b)
		if err != nil || !k.Whole() {
			t.Errorf("nothing is learnt: %v", err)
		}
		if err := s.Keep(b, Told{Schema: []byte(fakeSchema)}); err == nil {
			t.Error("it is kept")
		}
	}
	if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
		t.Errorf("the home holds %v, %v", left, err)
	}
}

// What a server told is kept until there is more; a store that is being written to is
// left alone.
func TestKeep(t *testing.T) {
	b := playing(t, "good")
	s := &Store{Dir: filepath.Join(qmptest.Dir(t), "qmpsh")}
	told := Told{Version: qmp.Version{Major: 10}, Schema: []byte(fakeSchema)}
	unlock, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(b, told); !errors.Is(err, ErrBusy) {
		t.Errorf("while another process writes: %v", err)
	}
	unlock()
	if err := s.Keep(b, told); err != nil {
		t.Fatal(err)
	}
	k := loaded(t, s, b)
	if k == nil || k.Whole() || k.SchemaOf("set") == nil || !k.Agrees(told.Schema) || k.Version().Major != 10 {
		t.Fatalf("what was kept is %+v", k)
	}
	if k.Finished() {
		t.Error("it took the time to cut the schema up")
	}
	if err := s.Finish(b); err != nil {
		t.Fatal(err)
	}
	if k := loaded(t, s, b); k == nil || !k.Finished() || k.Whole() || k.SchemaOf("set").Command("stop") != nil || !k.Agrees(told.Schema) || k.Version().Major != 10 {
		t.Fatalf("what was finished is %+v", k)
	}
	more, err := s.Learn(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	defer more.Close()
	if k := loaded(t, s, b); k == nil || !k.Whole() {
		t.Error("the copy's knowledge has not taken the place of the server's")
	}
	if err := s.Keep(b, told); err != nil || !loaded(t, s, b).Whole() {
		t.Errorf("less has taken the place of more: %v", err)
	}
	if err := s.Keep(b, Told{Schema: []byte("[]")}); err != nil || loaded(t, s, b).SchemaOf("set") != nil {
		t.Errorf("what is stale has stayed: %v", err)
	}
	if err := (&Store{}).Keep(b, told); err != nil {
		t.Errorf("without a folder: %v", err)
	}
	// What is no schema is thrown away when it is to be finished.
	b = playing(t, "good")
	if err := s.Keep(b, Told{Schema: []byte(`[{"name`)}); err != nil {
		t.Fatal(err)
	}
	if k := loaded(t, s, b); k.Schema() != nil || k.SchemaOf("set") != nil {
		t.Error("there is a schema")
	}
	if err := s.Finish(b); err == nil || s.Load(b) != nil {
		t.Errorf("what is no schema is kept: %v", err)
	}
}

// What another user could have written, and what is damaged, is dropped.
func TestHostileFilesAreDropped(t *testing.T) {
	b := playing(t, "good")
	for name, spoil := range map[string]func(t *testing.T, path string) error{
		"readable by others": func(_ *testing.T, path string) error { return os.Chmod(path, 0o644) },
		"writable by others": func(_ *testing.T, path string) error { return os.Chmod(path, 0o666) },
		"another user's": func(t *testing.T, path string) error {
			asRoot(t)
			return os.Chown(path, 65534, -1)
		},
		"a link": func(t *testing.T, path string) error {
			return errors.Join(os.Rename(path, path+"-elsewhere"), os.Symlink(path+"-elsewhere", path))
		},
		"a pipe": func(_ *testing.T, path string) error { return errors.Join(os.Remove(path), unix.Mkfifo(path, 0o600)) },
		"a socket": func(_ *testing.T, path string) error {
			return errors.Join(os.Remove(path), unix.Mknod(path, unix.S_IFSOCK|0o600, 0))
		},
		"endless": func(_ *testing.T, path string) error { return os.Truncate(path, 1<<40) },
		"huge":    func(_ *testing.T, path string) error { return os.Truncate(path, maxPack) },
		"empty":   func(_ *testing.T, path string) error { return os.Truncate(path, 0) },
		"of the binary of another name": func(t *testing.T, path string) error {
			f := Facts{Schema: []byte(`[]`)}
			content, err := f.pack(&Binary{identity: "another"}, true)
			return errors.Join(err, os.WriteFile(path, content, 0o600))
		},
		"without a word about itself": func(t *testing.T, path string) error {
			return os.WriteFile(path, appendPack(nil, map[string][]byte{"schema": []byte("[]")}), 0o600)
		},
		"of another version": func(t *testing.T, path string) error {
			content, err := os.ReadFile(path)
			if err == nil {
				content[7]++
				err = os.WriteFile(path, content, 0o600)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, path := filled(t, b)
			if err := spoil(t, path); err != nil {
				t.Fatal(err)
			}
			if k := s.Load(b); k != nil {
				t.Error("it is taken")
				k.Close()
			}
			if _, err := os.Lstat(path); err == nil {
				t.Error("it is still there")
			}
		})
	}
}

// A folder that others may write to is neither read nor written.
func TestForeignFoldersAreLeftAlone(t *testing.T) {
	b := playing(t, "good")
	for name, spoil := range map[string]func(t *testing.T, dir string) error{
		"open to others": func(_ *testing.T, dir string) error { return os.Chmod(dir, 0o777) },
		"another user's": func(t *testing.T, dir string) error {
			asRoot(t)
			return os.Chown(dir, 65534, -1)
		},
		"a link": func(t *testing.T, dir string) error {
			return errors.Join(os.Rename(dir, dir+"-elsewhere"), os.Symlink(dir+"-elsewhere", dir))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, path := filled(t, b)
			if err := spoil(t, s.Dir); err != nil {
				t.Fatal(err)
			}
			if s.Load(b) != nil {
				t.Error("a file in it is taken")
			}
			before, _ := os.Stat(path)
			k, err := s.Learn(t.Context(), b)
			if err != nil || !k.Whole() {
				t.Errorf("nothing is learnt: %v", err)
			}
			if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
				t.Errorf("a file in it has changed: %v", err)
			}
		})
	}
}

func TestAStoreWithoutAPlaceLearnsAllTheSame(t *testing.T) {
	file := filepath.Join(qmptest.Dir(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", file, filepath.Join(file, "below"), "/proc/nowhere/qmpsh"} {
		k, err := (&Store{Dir: dir}).Learn(t.Context(), playing(t, "good"))
		if err != nil || k.SchemaOf("set") == nil {
			t.Errorf("in %q: %v", dir, err)
		}
	}
}

// A store knows the binaries that were used last, and takes away what was never
// finished.
func TestStoreIsBounded(t *testing.T) {
	b := playing(t, "good")
	s, path := filled(t, b)
	old := time.Now().Add(-48 * time.Hour)
	for i := range 3 * maxKept {
		other := filepath.Join(s.Dir, keyOf(fmt.Sprint(i)))
		if err := errors.Join(os.WriteFile(other, nil, 0o600), os.Chtimes(other, old, old)); err != nil {
			t.Fatal(err)
		}
	}
	unfinished := filepath.Join(s.Dir, unfinishedName+"1")
	if err := errors.Join(os.WriteFile(unfinished, nil, 0o600), os.Chtimes(unfinished, old, old), os.Chtimes(path, old, old)); err != nil {
		t.Fatal(err)
	}
	loaded(t, s, b) // its last use is now
	if k, err := s.Learn(t.Context(), playing(t, "good")); err != nil {
		t.Fatal(err)
	} else {
		k.Close()
	}
	if list, err := s.List(); err != nil || len(list) != maxKept {
		t.Errorf("it holds %d, %v", len(list), err)
	}
	if s.Load(b) == nil {
		t.Error("what was used last is gone")
	}
	if _, err := os.Stat(unfinished); err == nil {
		t.Error("an unfinished file stays for ever")
	}
}

// Two hundred at once on an empty store: all of them learn, one file comes of it, and
// nobody sees a part of it.
func TestManyLearnAtOnce(t *testing.T) {
	b := playing(t, "good")
	s := &Store{Dir: filepath.Join(qmptest.Dir(t), "cache", "qmpsh")}
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			switch i % 3 {
			case 0:
				k, err := s.Learn(t.Context(), b)
				if err != nil || !k.Whole() || k.SchemaOf("set") == nil {
					t.Errorf("learnt %v, %v", k, err)
				} else {
					k.Close()
				}
			case 1:
				if err := s.Keep(b, Told{Schema: []byte(fakeSchema)}); err != nil && !errors.Is(err, ErrBusy) {
					t.Error(err)
				}
			case 2:
				for range 20 {
					if k := s.Load(b); k != nil {
						if k.SchemaOf("set") == nil {
							t.Error("a part of a file was read")
						}
						k.Close()
					}
				}
			}
		})
	}
	all.Wait()
	whole, unfinished, err := s.files()
	if err != nil || len(whole) != 1 || len(unfinished) != 0 {
		t.Errorf("%d files, %d unfinished, %v", len(whole), len(unfinished), err)
	}
	if k := loaded(t, s, b); k == nil || !k.Whole() {
		t.Error("the file is not whole")
	}
}
