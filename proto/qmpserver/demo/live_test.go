package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// liveMachine starts a real QEMU with the demo's machine and connects to it.
func liveMachine(t *testing.T) *qmp.Client {
	t.Helper()
	img := qmptest.Require(t, "qemu-img")
	dir := qmptest.Dir(t)
	disk, base, backup := filepath.Join(dir, "disk0.qcow2"), filepath.Join(dir, "base.qcow2"), filepath.Join(dir, "backup0.qcow2")
	for _, args := range [][]string{{base, "64M"}, {"-F", "qcow2", "-b", base, disk, "64M"}, {backup, "64M"}} {
		p := qmptest.Start(t, img, append([]string{"create", "-f", "qcow2"}, args...)...)
		<-p.Ended()
	}
	args := []string{"-name", machineName, "-uuid", machineUUID, "-smp", "2"}
	for _, n := range []string{"base0", "disk0", "backup0"} {
		path := map[string]string{"base0": base, "disk0": disk, "backup0": backup}[n]
		rest := map[string]string{"base0": ",read-only=on", "disk0": ",backing=base0"}[n]
		args = append(args, "-blockdev", "file,node-name="+n+"-file,filename="+path+strings.TrimSuffix(rest, ",backing=base0"),
			"-blockdev", "qcow2,node-name="+n+",file="+n+"-file"+rest)
	}
	args = append(args, "-device", "virtio-blk-pci,drive=disk0,id=virtio-disk0", "-device", "ide-cd,id=cd0",
		"-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,mac=52:54:00:de:40:01,id=nic0",
		"-chardev", "ringbuf,id=serial0,size=65536", "-serial", "chardev:serial0")
	path, _ := qmptest.QMP(t, args...)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, conn)
}

func newClient(t *testing.T, conn net.Conn) *qmp.Client {
	t.Helper()
	c := qmp.NewClient(qmp.Options{})
	if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Disconnect(t.Context()) })
	return c
}

// shape describes the form of a JSON text: members with their order, types, and for arrays the shapes of their elements,
// each once.
func shape(raw json.RawMessage) string { return nextShape(json.NewDecoder(bytes.NewReader(raw))) }

func nextShape(d *json.Decoder) string {
	token, err := d.Token()
	if err != nil {
		return err.Error()
	}
	switch token := token.(type) {
	case json.Delim:
		var all []string
		for d.More() {
			name := ""
			if token == '{' {
				key, _ := d.Token()
				name = fmt.Sprint(key, ":")
			}
			if s := name + nextShape(d); token == '{' || !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		end, _ := d.Token()
		return fmt.Sprint(token, strings.Join(all, " "), end)
	case string:
		return "s"
	case bool:
		return "b"
	case nil:
		return "null"
	}
	return "n"
}

// pair is a demo and a real QEMU that are compared.
type pair struct {
	t                *testing.T
	demo, real       *qmp.Client
	demoEvs, realEvs *qmp.Subscription
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, real: liveMachine(t)}
	conn, err := Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.demo = newClient(t, conn)
	p.demoEvs, p.realEvs = p.demo.Subscribe(qmp.EventFilter{}), p.real.Subscribe(qmp.EventFilter{})
	t.Cleanup(func() {
		p.demoEvs.Close()
		p.realEvs.Close()
	})
	return p
}

// both runs a command on both, where it must succeed.
func (p *pair) both(name, arguments string) (demo, real json.RawMessage) {
	p.t.Helper()
	var args json.RawMessage
	if arguments != "" {
		args = json.RawMessage(arguments)
	}
	demo, err := p.demo.Execute(p.t.Context(), name, args)
	if err != nil {
		p.t.Fatalf("demo: %s: %v", name, err)
	}
	real, err = p.real.Execute(p.t.Context(), name, args)
	if err != nil {
		p.t.Fatalf("QEMU: %s: %v", name, err)
	}
	return demo, real
}

// same compares the shapes of both results.
func (p *pair) same(name, arguments string) {
	p.t.Helper()
	demo, real := p.both(name, arguments)
	// A disk that was never used has no idle time.
	a := strings.ReplaceAll(shape(demo), " idle_time_ns:n", "")
	if b := strings.ReplaceAll(shape(real), " idle_time_ns:n", ""); a != b {
		p.t.Errorf("%s %s:\ndemo %s\nQEMU %s", name, arguments, a, b)
	}
}

// follow compares the next n events, contents included.
func (p *pair) follow(n int) {
	p.t.Helper()
	next := func(l *qmp.Subscription) string {
		e, err := l.Next(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		return e.Name + " " + shape(e.Raw) + " " + string(e.Data)
	}
	for range n {
		if a, b := next(p.demoEvs), next(p.realEvs); a != b {
			p.t.Errorf("event:\ndemo %s\nQEMU %s", a, b)
		}
	}
}

// Replies have the form of a real QEMU's with the same machine.
func TestLive_DemoRepliesHaveTheRightShape(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for _, name := range Commands() {
		// One is an error in both, the other depends on how QEMU was built.
		if strings.HasPrefix(name, "query-") && name != "query-balloon" && name != "query-spice" {
			p.same(name, "")
		}
	}
	p.same("query-named-block-nodes", `{"flat": true}`)
	p.same("block-dirty-bitmap-add", `{"node": "disk0", "name": "b0"}`)
	p.same("query-block", "")
	for _, name := range []string{"query-qmp-schema", "query-commands"} {
		if a, b := p.both(name, ""); string(a) != string(b) {
			t.Errorf("%s differs from the QEMU installed here: if that is 7.2, capture it again (see demo_data.go)", name)
		}
	}
}

// Run states and their events are those of a real QEMU.
func TestLive_DemoRunStates(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.real.Execute(t.Context(), "cont", nil) // it was started paused
	if e, err := p.realEvs.Next(t.Context()); err != nil || e.Name != "RESUME" {
		t.Fatal(e, err)
	}
	for _, step := range []struct {
		command string
		events  int
	}{{"cont", 0}, {"stop", 1}, {"stop", 0}, {"system_reset", 1}, {"stop", 0}, {"system_powerdown", 1}} {
		p.same(step.command, "")
		if a, b := p.both("query-status", ""); string(a) != string(b) {
			t.Errorf("after %s: demo %s, QEMU %s", step.command, a, b)
		}
		p.follow(step.events)
	}
	p.same("quit", "")
	p.follow(1)
}

// A job goes through the states of a real QEMU's.
func TestLive_DemoJob(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.same("blockdev-mirror", `{"job-id": "m", "device": "disk0", "target": "backup0", "sync": "none", "auto-finalize": false, "auto-dismiss": false}`)
	p.follow(4) // created, running, ready, BLOCK_JOB_READY
	p.same("query-jobs", "")
	p.same("query-block-jobs", "")
	p.same("job-complete", `{"id": "m"}`)
	p.follow(3) // waiting, pending, BLOCK_JOB_PENDING
	p.same("job-finalize", `{"id": "m"}`)
	p.follow(2) // BLOCK_JOB_COMPLETED, concluded
	p.same("query-jobs", "")
	p.same("job-dismiss", `{"id": "m"}`)
	p.follow(1)
	p.same("query-block", "")
}
