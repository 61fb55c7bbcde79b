package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

func TestOfProcess(t *testing.T) {
	path := fake(t, "qemu-system-good")
	pid := sleeping(t, path)
	b := ofProcess(t, pid)
	if b.Path != path || b.Program != Emulator || !strings.Contains(b.identity, " size=") {
		t.Errorf("found %q, program %v, identity %q", b.Path, b.Program, b.identity)
	}
	// Its identity changes with the file, even if size and time of the content stay.
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if ofProcess(t, pid).identity == b.identity {
		t.Error("the identity of a changed file is the old one")
	}
}

func TestLiveOfProcessReadsTheBuild(t *testing.T) {
	b := ofProcess(t, qmptest.QEMU(t).Pid)
	out, err := exec.Command("file", "-b", b.Path).Output()
	if err != nil {
		t.Skip("file(1) is not installed")
	}
	_, build, found := strings.Cut(b.identity, " build=")
	if !found || build == "" || !strings.Contains(string(out), build) {
		t.Errorf("build %q, but file says %s", build, out)
	}
}

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// What is not safe is never started. Each case makes the program of a process, which
// would leave a file behind if it were asked, unsafe in one way.
func TestUnsafeBinariesAreNeverRun(t *testing.T) {
	const nobody = 65534
	replace := func(t *testing.T, path string) {
		if err := os.Rename(fake(t, "qemu-system-good"), path); err != nil {
			t.Fatal(err)
		}
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, spoil := range map[string]struct {
		how  func(t *testing.T, path string)
		says string
	}{
		"world-writable file":   {func(t *testing.T, path string) { must(t, os.Chmod(path, 0o757)) }, "may be written by others"},
		"group-writable file":   {func(t *testing.T, path string) { must(t, os.Chmod(path, 0o775)) }, "may be written by others"},
		"world-writable folder": {func(t *testing.T, path string) { must(t, os.Chmod(filepath.Dir(path), 0o777)) }, "may be written by others"},
		"set-uid":               {func(t *testing.T, path string) { must(t, unix.Chmod(path, 0o4755)) }, "rights of another user"},
		"deleted":               {func(t *testing.T, path string) { must(t, os.Remove(path)) }, "is not there any more"},
		"deleted, with another of the name that it has then": {func(t *testing.T, path string) {
			must(t, os.Remove(path))
			replace(t, path+" (deleted)")
		}, "has been replaced"},
		"replaced": {func(t *testing.T, path string) { replace(t, path) }, "is not there any more"},
		"moved, with another in its place": {func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".old"))
			must(t, os.Symlink(path+".old", path))
		}, ""},
		"another user's file": {func(t *testing.T, path string) {
			asRoot(t)
			must(t, os.Chown(path, nobody, -1))
		}, "belongs to another user"},
		"another user's folder": {func(t *testing.T, path string) {
			asRoot(t)
			must(t, os.Chown(filepath.Dir(path), nobody, -1))
		}, "belongs to another user"},
		"capabilities": {func(t *testing.T, path string) {
			asRoot(t)
			// Version 2, effective: CAP_NET_ADMIN.
			must(t, unix.Setxattr(path, "security.capability", []byte("\x01\x00\x00\x02\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0))
		}, "capabilities of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			path := fake(t, "qemu-system-good")
			pid := sleeping(t, path)
			spoil.how(t, path)
			b, err := OfProcess(pid)
			if name == "moved, with another in its place" {
				// What runs is the file under its new name, which is as safe as before.
				if err != nil || b.Path != path+".old" {
					t.Errorf("found %+v, %v", b, err)
				}
				return
			}
			var untrusted *UntrustedError
			if !errors.As(err, &untrusted) || !strings.Contains(err.Error(), spoil.says) {
				t.Errorf("the error is %v", err)
			}
			if err == nil {
				_, _ = Learn(t.Context(), b)
			}
			for _, ran := range []string{path + ".ran", path + " (deleted).ran"} {
				if _, err := os.Stat(ran); err == nil {
					t.Error("it was run")
				}
			}
		})
	}
}

// A script that serves a socket is run by an interpreter, and that is no QEMU; the
// script is none either.
func TestScriptsAreNeverRun(t *testing.T) {
	path := filepath.Join(qmptest.Dir(t), "qemu-system-x86_64")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n[ -z \"$1\" ] || touch \"$0.ran\"\nread line\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	wait, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer wait.Close()
	if _, err := OfProcess(cmd.Process.Pid); err == nil {
		t.Error("an interpreter is taken for QEMU")
	}
	if _, err := Named(path); err == nil || !strings.Contains(err.Error(), "is no ELF program") {
		t.Errorf("a script is opened with %v", err)
	}
	if _, err := os.Stat(path + ".ran"); err == nil {
		t.Error("it was run")
	}
}

// The socket that systemd or libvirt opened for QEMU has their credentials.
func TestOfProcessOfAnotherProgram(t *testing.T) {
	for _, pid := range []int{os.Getpid(), 0, 1 << 30} {
		if b, err := OfProcess(pid); err == nil {
			t.Errorf("process %d is taken for %+v", pid, b)
		}
	}
}

// A socket that another process opened and handed over, as libvirt and systemd do, has
// that one's credentials: the QEMU that serves it is not found, and nothing is learnt of
// the process that is.
func TestASocketThatWasHandedOver(t *testing.T) {
	path := filepath.Join(qmptest.Dir(t), "qmp.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server := exec.Command(fake(t, "qemu-system-server"))
	server.ExtraFiles = []*os.File{file}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Wait()
	defer server.Process.Kill()
	if _, err := OfProcess(server.Process.Pid); err != nil {
		t.Errorf("the server itself: %v", err) // so that the test can fail
	}
	client := qmp.NewClient(qmp.Options{SkipGreeting: true, SkipNegotiation: true})
	if err := client.Connect(t.Context(), qmp.Address{Kind: qmp.Unix, Path: path}); err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.Background())
	peer, ok := client.Peer()
	if !ok || peer.PID != os.Getpid() {
		t.Fatalf("the peer is %+v", peer)
	}
	var untrusted *UntrustedError
	if _, err := OfProcess(peer.PID); !errors.As(err, &untrusted) || !strings.Contains(err.Error(), "no QEMU by its name") {
		t.Errorf("found with %v", err)
	}
}

// What is not there, and what is no file, is no binary.
func TestNamed(t *testing.T) {
	path := fake(t, "my-build")
	b, err := Named(path)
	if err != nil || b.Program != Emulator {
		t.Fatalf("opened %+v, %v", b, err)
	}
	b.Close()
	fifo := filepath.Join(filepath.Dir(path), "qemu-system-fifo")
	if err := unix.Mkfifo(fifo, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fifo, filepath.Dir(path), "/dev/null", path + "-absent"} {
		if _, err := Named(path); err == nil {
			t.Errorf("%s is opened", path)
		}
	}
}

func TestDamagedProgramsAreRefused(t *testing.T) {
	whole, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir := qmptest.Dir(t)
	for _, size := range []int{0, 4, 16, 63, 64, 100, 1000} {
		path := filepath.Join(dir, fmt.Sprintf("qemu-system-%d", size))
		if err := os.WriteFile(path, whole[:size], 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := Named(path); err == nil {
			t.Errorf("a program of %d bytes is opened", size)
		}
	}
}
