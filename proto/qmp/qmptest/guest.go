package qmptest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Guest is a QEMU with a small real Linux in it, for what needs a guest: its agent over virtio-serial, devices that it gives
// back, the power button.
type Guest struct {
	*Process
	QMP   string // the monitor's Unix socket
	Agent string // that of the guest agent
}

// BootGuest boots the guest that .ci/guest has built in the folder QMPSH_GUEST, with these arguments besides, and returns
// when it is up. The port rp1 takes a device. Without such a guest the test skips, or fails when QMPSH_LIVE=require is set.
func BootGuest(t testing.TB, args ...string) *Guest {
	t.Helper()
	Require(t, "qemu-system-x86_64")
	built := os.Getenv("QMPSH_GUEST")
	kernel, initrd := filepath.Join(built, "vmlinuz"), filepath.Join(built, "initrd.gz")
	for _, file := range []string{kernel, initrd} {
		if _, err := os.Stat(file); built != "" && err == nil {
			continue
		}
		if os.Getenv("QMPSH_LIVE") == "require" {
			t.Fatalf("no guest in the folder QMPSH_GUEST=%s, and QMPSH_LIVE=require: build it with .ci/guest", built)
		}
		t.Skipf("no guest in the folder QMPSH_GUEST=%s: build it with .ci/guest", built)
	}
	dir := Dir(t)
	console := filepath.Join(dir, "console")
	g := &Guest{QMP: filepath.Join(dir, "qmp.sock"), Agent: filepath.Join(dir, "agent.sock")}
	base := []string{"-M", "q35,accel=tcg", "-m", "256", "-nodefaults", "-display", "none", "-no-reboot", "-serial", "file:" + console,
		"-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1",
		"-device", "pcie-root-port,id=rp1,chassis=1", "-device", "virtio-balloon-pci",
		"-device", "virtio-serial-pci", "-chardev", "socket,id=agent,path=" + g.Agent + ",server=on,wait=off",
		"-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0", "-qmp", "unix:" + g.QMP + ",server=on,wait=off"}
	g.Process = Start(t, "qemu-system-x86_64", append(base, args...)...)
	AwaitUnix(t, g.Process, g.QMP)
	said := func() string {
		text, _ := os.ReadFile(console)
		return string(text)
	}
	Eventually(t, func() bool {
		select {
		case <-g.Ended():
			t.Fatalf("the guest has ended; its console says:\n%s", said())
		default:
		}
		return strings.Contains(said(), "GUEST-UP")
	}, func() string { return fmt.Sprintf("the guest is not up; its console says:\n%s", said()) })
	return g
}
