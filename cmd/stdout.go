package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// closedAtStart says whether a stream was closed when the process began (`>&-`). Go's
// runtime has put /dev/null there, for reading and writing, where results would vanish
// without a word. Nothing tells it from a /dev/null that somebody has opened so on
// purpose, but the circumstances do.
func closedAtStart(f *os.File, env func(string) string) bool {
	return f.Fd() == 1 && isStandIn(1) && !isStandIn(2) && !inherited() && (byShell(env) || !bySpawner())
}

// isStandIn says whether a descriptor may be the runtime's /dev/null. That of a shell's
// > /dev/null is for writing only.
func isStandIn(fd int) bool {
	var null, st unix.Stat_t
	if unix.Stat(os.DevNull, &null) != nil || unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != null.Rdev {
		return false
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR
}

// byShell says whether a shell has started us: bash and its like name in $_ what they start.
func byShell(env func(string) string) bool {
	self, err := os.Executable()
	started, failed := filepath.EvalSymlinks(env("_"))
	return err == nil && failed == nil && started == self
}

// inherited says whether our parent's stdout is /dev/null too.
func inherited() bool {
	target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/1", os.Getppid()))
	return err == nil && target == os.DevNull
}

// bySpawner says whether our parent is of those who open /dev/null for reading and
// writing when a program's output is not wanted: Python's subprocess.DEVNULL, Node's
// "ignore". It is so if there is no telling.
func bySpawner() bool {
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", os.Getppid()))
	if err != nil {
		return true
	}
	for _, name := range []string{"python", "pypy", "node", "deno", "bun", "electron"} {
		if strings.HasPrefix(filepath.Base(exe), name) {
			return true
		}
	}
	return false
}
