package cmd

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// closedAtStart says whether a stream was closed when the process began (`>&-`). Go's
// runtime has put /dev/null there, for reading and writing, where results would vanish
// without a word. Others open it so on purpose (Python's subprocess.DEVNULL, Node's
// "ignore"), but no shell does: > /dev/null is for writing.
func closedAtStart(f *os.File) bool {
	return f.Fd() == 1 && isStandIn(1) && fromShell()
}

// isStandIn says whether a descriptor may be the runtime's /dev/null.
func isStandIn(fd int) bool {
	var null, st unix.Stat_t
	if unix.Stat(os.DevNull, &null) != nil || unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != null.Rdev {
		return false
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR
}

// fromShell says whether a shell has started us whose own stdout is not /dev/null, from
// which ours would be.
func fromShell() bool {
	parent := fmt.Sprintf("/proc/%d/", os.Getppid())
	name, err := os.ReadFile(parent + "comm")
	if err != nil || !slices.Contains([]string{"sh", "bash", "dash", "zsh", "ksh", "mksh", "fish", "ash", "busybox"}, strings.TrimSpace(string(name))) {
		return false
	}
	target, err := os.Readlink(parent + "fd/1")
	return err != nil || target != os.DevNull
}
