package terminal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHistoryMayBeALinkWithinOwnFolders(t *testing.T) {
	link, target := filepath.Join(t.TempDir(), "history"), filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(target, []byte(strings.Repeat("x\n", historyLines+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	h := &history{path: link}
	if err := h.load(); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link was replaced: %v, %v", info.Mode(), err)
	}
	if n := strings.Count(fileText(t, target), "\n"); n != historyLines {
		t.Errorf("%d lines in the file", n)
	}
}

// giveAway makes path another user's.
func giveAway(t *testing.T, path string) {
	t.Helper()
	if err := os.Chown(path, 65534, -1); err != nil {
		t.Skip("only root can give files away: ", err)
	}
}

// notOwn are the ways in which a history file, or its folder, is not the user's own.
func notOwn() []struct {
	name, reason string
	prepare      func(t *testing.T, path string)
} {
	return []struct {
		name, reason string
		prepare      func(t *testing.T, path string)
	}{
		{"a link into another user's folder", "belongs to another user", func(t *testing.T, path string) {
			dir := t.TempDir()
			target := filepath.Join(dir, "target")
			if err := errors.Join(os.WriteFile(target, []byte("theirs\n"), 0o644), os.Symlink(target, path)); err != nil {
				t.Fatal(err)
			}
			giveAway(t, dir)
		}},
		{"another user's file", "belongs to another user", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("theirs\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			giveAway(t, path)
		}},
		{"another user's folder", "belongs to another user", func(t *testing.T, path string) { giveAway(t, filepath.Dir(path)) }},
		{"a folder for all", "chmod go-w", func(t *testing.T, path string) {
			if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
		}},
		{"a device", "", func(t *testing.T, path string) {
			if err := os.Symlink("/dev/full", path); err != nil {
				t.Fatal(err)
			}
		}},
		{"a pipe", "no regular file", func(t *testing.T, path string) {
			if err := unix.Mkfifo(path, 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{"a folder", "", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		{"a link to nowhere", "", func(t *testing.T, path string) {
			if err := os.Symlink("/nosuch/history", path); err != nil {
				t.Fatal(err)
			}
		}},
	}
}

// C11: what is no regular file of the user's in a folder of the user's is neither read nor written
// nor changed, and the reason is told.
func TestHistoryRefusesWhatIsNotTheUsersOwn(t *testing.T) {
	for _, c := range notOwn() {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "history")
			c.prepare(t, path)
			before, _ := os.Stat(path)
			h := &history{path: path}
			_ = h.load()
			err := h.add("mine")
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v, want %q", err, c.reason)
			}
			if got, _ := h.snapshot(); !slices.Equal(got, []string{"mine"}) {
				t.Errorf("memory has %q", got)
			}
			after, _ := os.Stat(path)
			if before != nil && (after.Mode() != before.Mode() || after.Size() != before.Size()) {
				t.Errorf("it was %v, %d bytes, and is %v, %d bytes", before.Mode(), before.Size(), after.Mode(), after.Size())
			}
		})
	}
}
