package vm

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Program is what a binary is.
type Program int

// The programs that can be asked.
const (
	Emulator      Program = iota + 1 // qemu-system-*
	StorageDaemon                    // qemu-storage-daemon
)

// Binary is a QEMU on this machine that may be started to be asked. It is an open
// file: Close it.
type Binary struct {
	Path    string
	Program Program

	file     *os.File // what is started: not the path, which may lead elsewhere by then
	identity string
	limits   limits
}

// UntrustedError says why a file is not started. Nothing of it was run.
type UntrustedError struct {
	Path    string // the file, or the folder above it that is at fault
	Problem string
}

func (e *UntrustedError) Error() string { return e.Path + " " + e.Problem }

// OfProcess finds the binary that a process runs. It is taken only if nobody but
// root and this user could have put another in its place: an ordinary ELF file that
// one of the two owns and nobody else may write, in folders of which the same is
// true, at a path that still leads to the very file that runs. The name must be
// QEMU's: a socket that another process has opened for QEMU (libvirt, systemd) has
// that one's credentials, and so its program.
//
// The error is an *UntrustedError, or what the system said.
func OfProcess(pid int) (*Binary, error) {
	link := "/proc/" + strconv.Itoa(pid) + "/exe"
	// The link leads to the file itself, whatever stands at its path now.
	file, err := os.OpenFile(link, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	path, err := os.Readlink(link)
	if err != nil {
		file.Close()
		return nil, err
	}
	b, err := examine(file, path)
	if err == nil {
		err = leadsTo(path, file)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return b, nil
}

// Named opens the binary at a path that the user names. Whoever names a program wants
// it run, so that its owner and its folders do not matter.
func Named(path string) (*Binary, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	b, err := identify(file, path)
	if err != nil {
		file.Close()
		return nil, err
	}
	return b, nil
}

// Close lets go of the file.
func (b *Binary) Close() error { return b.file.Close() }

// examine does what OfProcess promises of the file itself.
func examine(file *os.File, path string) (*Binary, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return nil, err
	}
	switch {
	case programOf(path) == 0:
		return nil, &UntrustedError{path, "is no QEMU by its name"}
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return nil, &UntrustedError{path, "is no ordinary file"}
	case st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0:
		return nil, &UntrustedError{path, "runs with the rights of another user"}
	case !isOurs(st.Uid):
		return nil, &UntrustedError{path, "belongs to another user"}
	case st.Mode&0o022 != 0:
		return nil, &UntrustedError{path, "may be written by others"}
	}
	// With capabilities of its own the kernel would not let it end with us.
	if n, err := unix.Fgetxattr(int(file.Fd()), "security.capability", nil); err == nil && n > 0 {
		return nil, &UntrustedError{path, "has capabilities of its own"}
	}
	return identify(file, path)
}

// isOurs says whether root or this user is uid.
func isOurs(uid uint32) bool { return uid == 0 || int(uid) == os.Geteuid() }

// programOf tells by its name what a binary is, 0 for what is no QEMU.
func programOf(path string) Program {
	switch name := filepath.Base(path); {
	case strings.Contains(name, "qemu-storage-daemon"):
		return StorageDaemon
	case strings.Contains(name, "qemu-system-"), name == "qemu-kvm":
		return Emulator
	}
	return 0
}

// leadsTo walks path, without following a link, and says why it does not safely
// lead to file.
func leadsTo(path string, file *os.File) error {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return &UntrustedError{path, "is not seen from here"}
	}
	at, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { unix.Close(at) }()
	above := "/"
	for name := range strings.SplitSeq(path[1:], "/") {
		var st unix.Stat_t
		if err := unix.Fstat(at, &st); err != nil {
			return err
		}
		switch {
		case st.Mode&unix.S_IFMT != unix.S_IFDIR:
			return &UntrustedError{above, "is no folder"}
		case !isOurs(st.Uid):
			return &UntrustedError{above, "belongs to another user"}
		// In a sticky folder, such as /tmp, everybody may add files but only their
		// owner may take them away.
		case st.Mode&0o022 != 0 && st.Mode&unix.S_ISVTX == 0:
			return &UntrustedError{above, "may be written by others"}
		}
		next, err := unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return &UntrustedError{path, "is not there any more"}
		}
		unix.Close(at)
		at, above = next, filepath.Join(above, name)
	}
	var there, here unix.Stat_t
	if err := errors.Join(unix.Fstat(at, &there), unix.Fstat(int(file.Fd()), &here)); err != nil {
		return err
	}
	if there.Dev != here.Dev || there.Ino != here.Ino {
		return &UntrustedError{path, "has been replaced"}
	}
	return nil
}

// identify reads what tells file from every other one: where it lies, its size and
// times, and the build that the linker noted in it.
func identify(file *os.File, path string) (*Binary, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, &UntrustedError{path, "is no ordinary file"}
	}
	magic := make([]byte, len(elf.ELFMAG))
	if _, err := file.ReadAt(magic, 0); err != nil || string(magic) != elf.ELFMAG {
		return nil, &UntrustedError{path, "is no ELF program"}
	}
	build, err := buildID(file)
	if err != nil {
		return nil, &UntrustedError{path, "is a damaged program: " + err.Error()}
	}
	program := programOf(path)
	if program == 0 {
		program = Emulator // under a name of the user's own
	}
	return &Binary{Path: path, Program: program, file: file, limits: usual, identity: fmt.Sprintf(
		"dev=%x ino=%d size=%d mtime=%d.%09d ctime=%d.%09d build=%s",
		st.Dev, st.Ino, st.Size, st.Mtim.Sec, st.Mtim.Nsec, st.Ctim.Sec, st.Ctim.Nsec, build)}, nil
}

// maxNote is longer than any note with a build ID.
const maxNote = 4096

// buildID reads the GNU build ID, empty if the file has none.
func buildID(file *os.File) (string, error) {
	f, err := elf.NewFile(file)
	if err != nil {
		return "", err
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE {
			continue
		}
		note, err := io.ReadAll(io.LimitReader(p.Open(), maxNote))
		if err != nil {
			return "", err
		}
		if id := gnuBuildID(note, f); id != nil {
			return hex.EncodeToString(id), nil
		}
	}
	return "", nil
}

// gnuBuildID finds the note of type NT_GNU_BUILD_ID (3) among notes: three words with
// the lengths of name and content and the type, then both, filled up to four bytes.
func gnuBuildID(notes []byte, f *elf.File) []byte {
	for len(notes) >= 12 {
		name, content := f.ByteOrder.Uint32(notes), f.ByteOrder.Uint32(notes[4:])
		kind := f.ByteOrder.Uint32(notes[8:])
		notes = notes[12:]
		at, end := (uint64(name)+3)&^3, (uint64(name)+3)&^3+uint64(content)
		if end > uint64(len(notes)) {
			return nil
		}
		if kind == 3 && bytes.Equal(notes[:min(4, len(notes))], []byte("GNU\x00")) {
			return notes[at:end]
		}
		notes = notes[min(uint64(len(notes)), (end+3)&^3):]
	}
	return nil
}
