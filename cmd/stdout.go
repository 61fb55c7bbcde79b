package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// closedAtStart says whether a shell has closed f, our stdout, for us (`>&-`). Go's runtime
// has put /dev/null there, for reading and writing, where a result would vanish without a
// word. Other programs open /dev/null just so to throw a result away on purpose (Python's
// subprocess.DEVNULL), which nothing can tell apart; a shell's `> /dev/null` is for writing
// only. So only what a shell has started is judged, and never a stdout that the shell itself
// has inherited.
func closedAtStart(f *os.File, env func(string) string) bool {
	return f.Fd() == 1 && isStandIn(1) && !isStandIn(2) && startedByShell(env) && !parentsIsNull()
}

// isStandIn says whether a descriptor is a /dev/null for reading and writing, as the
// runtime's is.
func isStandIn(fd int) bool {
	var null, st unix.Stat_t
	if unix.Stat(os.DevNull, &null) != nil || unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != null.Rdev {
		return false
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR
}

// startedByShell says whether our parent is a shell, or was one that has become us: bash and
// its like name in $_ what they start.
func startedByShell(env func(string) string) bool {
	if parent, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", os.Getppid())); err == nil &&
		slices.Contains([]string{"sh", "bash", "dash", "zsh", "ksh", "fish", "busybox"}, filepath.Base(parent)) {
		return true
	}
	self, err := os.Executable()
	started, failed := filepath.EvalSymlinks(env("_"))
	return err == nil && failed == nil && started == self
}

// parentsIsNull says whether our parent's stdout is /dev/null too.
func parentsIsNull() bool {
	target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/1", os.Getppid()))
	return err == nil && target == os.DevNull
}
