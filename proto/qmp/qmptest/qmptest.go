// Package qmptest has the peers that tests of every room talk to. The real ones are QEMU, qemu-storage-daemon and qemu-ga,
// each on sockets of its own in a temporary folder; they end with the test. A [Scenario] is a server that does what its
// steps say, right or wrong; [Talk] is a client of bare bytes.
//
// A test whose program is not installed skips and names it. With QMPSH_LIVE=require in the environment (as in CI) it fails
// instead.
package qmptest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startLimit bounds how long a peer may take to open its socket.
const startLimit = 20 * time.Second

// Require returns the path of program. Without it the test skips, or fails when QMPSH_LIVE=require is set. It also skips
// with -short, and QMPSH_LIVE=none hides every program of QEMU. Call it before anything is started.
func Require(t testing.TB, program string) string {
	t.Helper()
	skipShort(t, program)
	live := os.Getenv("QMPSH_LIVE")
	if path, err := find(program); err == nil && !(live == "none" && strings.HasPrefix(program, "qemu")) {
		return path
	}
	if live == "require" {
		t.Fatalf("%s is not installed, and QMPSH_LIVE=require", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}

// find looks for a program in PATH, and where Debian keeps the agent, which is not in a user's PATH.
func find(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil && isExecutable(filepath.Join("/usr/sbin", program)) {
		return filepath.Join("/usr/sbin", program), nil
	}
	return path, err
}

// skipShort skips a test that needs more than this process when it shall be short.
func skipShort(t testing.TB, what string) {
	t.Helper()
	if testing.Short() {
		t.Skipf("%s is left out with -short", what)
	}
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// Dir makes a temporary folder with a short path: a Unix socket's path may
// have 107 bytes, and testing's own folders carry the name of the test.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qmpsh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Process is a running peer.
type Process struct {
	Pid int

	cmd    *exec.Cmd
	output bytes.Buffer
	ended  chan struct{}
	once   sync.Once
}

// Start runs program until the test ends. What it printed is logged when the
// test has failed.
func Start(t testing.TB, program string, args ...string) *Process {
	t.Helper()
	p := &Process{cmd: exec.Command(Require(t, program), args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	// A test binary that is killed must not leave machines running.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.Pid = p.cmd.Process.Pid
	go func() {
		defer close(p.ended)
		p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s printed:\n%s", program, p.output.String())
		}
	})
	return p
}

// Kill ends the peer at once, as a crash would, and waits for its end.
func (p *Process) Kill() {
	p.once.Do(func() { p.cmd.Process.Kill() })
	<-p.ended
}

// Ended is closed when the peer has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// QEMU starts a paused machine without devices (q35, TCG) and adds args.
func QEMU(t testing.TB, args ...string) *Process {
	t.Helper()
	base := []string{"-M", "q35,accel=tcg", "-m", "64", "-nodefaults", "-display", "none", "-S"}
	return Start(t, "qemu-system-x86_64", append(base, args...)...)
}

// QMP starts a machine with a QMP monitor on a Unix socket and returns the
// socket's path.
func QMP(t testing.TB, args ...string) (string, *Process) {
	t.Helper()
	path := filepath.Join(Dir(t), "qmp.sock")
	p := QEMU(t, append([]string{"-qmp", "unix:" + path + ",server=on,wait=off"}, args...)...)
	AwaitUnix(t, p, path)
	return path, p
}

// StorageDaemon starts qemu-storage-daemon with a monitor on a Unix socket.
func StorageDaemon(t testing.TB) (string, *Process) {
	t.Helper()
	path := filepath.Join(Dir(t), "qsd.sock")
	p := Start(t, "qemu-storage-daemon",
		"--chardev", "socket,path="+path+",server=on,wait=off,id=c", "--monitor", "chardev=c")
	AwaitUnix(t, p, path)
	return path, p
}

// Agent starts qemu-ga on a Unix socket. It acts on the host it runs on: use
// harmless commands only.
func Agent(t testing.TB) (string, *Process) {
	t.Helper()
	dir := Dir(t)
	path := filepath.Join(dir, "qga.sock")
	p := Start(t, "qemu-ga", "-m", "unix-listen", "-p", path, "-t", dir)
	AwaitUnix(t, p, path)
	return path, p
}

// AwaitUnix waits until p listens on the Unix socket path. It looks from
// outside: a connection to try would take the monitor's only place.
func AwaitUnix(t testing.TB, p *Process, path string) {
	t.Helper()
	await(t, p, path, func() bool {
		table, err := os.ReadFile("/proc/net/unix")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(table)) {
			f := strings.Fields(line)
			// Field 3 holds the flags; 0x10000 says that it listens.
			if len(f) == 8 && f[3] == "00010000" && f[7] == path {
				return true
			}
		}
		return false
	})
}

// AwaitTCP waits until somebody listens on the TCP port of this machine.
func AwaitTCP(t testing.TB, p *Process, port int) {
	t.Helper()
	suffix := fmt.Sprintf(":%04X", port)
	await(t, p, fmt.Sprintf("port %d", port), func() bool {
		for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			table, _ := os.ReadFile(file) // tcp6 is absent without IPv6
			for line := range strings.Lines(string(table)) {
				f := strings.Fields(line)
				if len(f) > 3 && strings.HasSuffix(f[1], suffix) && f[3] == "0A" {
					return true
				}
			}
		}
		return false
	})
}

func await(t testing.TB, p *Process, what string, ready func() bool) {
	t.Helper()
	limit := time.After(startLimit)
	for !ready() {
		select {
		case <-p.ended:
			t.Fatalf("%s ended before it listened on %s:\n%s", p.cmd.Path, what, p.output.String())
		case <-limit:
			t.Fatalf("%s did not listen on %s within %v", p.cmd.Path, what, startLimit)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// FreePort returns a TCP port of host that was free a moment ago.
func FreePort(t testing.TB, host string) int {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
