package vm

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

func TestLearn(t *testing.T) {
	k, err := Learn(t.Context(), playing(t, "good"))
	if err != nil {
		t.Fatal(err)
	}
	if !k.Whole() || k.Version().String() != "10.1.2 (fake)" {
		t.Errorf("whole %v, version %v", k.Whole(), k.Version())
	}
	if k.Schema().Command("set") == nil || k.Schema().Command("stop") == nil {
		t.Error("the schema lacks commands")
	}
	set := k.SchemaOf("set")
	if set == nil || set.Command("stop") != nil {
		t.Fatal("the schema of one command is not that of one command")
	}
	if c := set.Command("set"); c == nil || c.Args.Member("to").Type.Elem.Enum.Values[1].Name != "b" {
		t.Errorf("the schema of set lacks what it refers to")
	}
	if k.SchemaOf("sett") != nil {
		t.Error("there is a schema of a command that is not there")
	}
	if !k.Agrees([]byte(fakeSchema)) || k.Agrees([]byte(strings.Replace(fakeSchema, "stop", "halt", 1))) {
		t.Error("the schema is not told from another")
	}
	nic, known := k.Device("net")
	want := DeviceType{Name: "nic", Aliases: []string{"net"}, Bus: "PCI", About: "A card, of sorts", Category: "Network", Addable: true}
	if fmt.Sprint(nic) != fmt.Sprint(want) || !known {
		t.Errorf("an alias leads to %+v", nic)
	}
	if raw := string(k.Properties("net")); raw != `[{"name":"nic-speed","type":"uint32"}]` {
		t.Errorf("properties by the alias: %s", raw)
	}
	if d, _ := k.Device("zpart"); d.Addable || k.Properties("zpart") == nil {
		t.Errorf("a part of boards: %+v, properties %s", d, k.Properties("zpart"))
	}
	if _, known := k.Device("nix"); known || k.Properties("nix") != nil {
		t.Error("there is a device type that is not there")
	}
}

// A question that ends a copy is remembered; what comes behind it is asked of the next.
func TestLearnGoesOnBehindAQuestionThatKills(t *testing.T) {
	b := playing(t, "good")
	k, err := Learn(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := k.Device("bomb"); !d.Fatal || k.Properties("bomb") != nil {
		t.Errorf("the killer: %+v with properties %s", d, k.Properties("bomb"))
	}
	if k.Properties("nic") == nil || k.Properties("report") == nil {
		t.Error("no properties before and behind the killer")
	}
	alone(t, b)
}

func TestLearnEndsWhenEveryQuestionKills(t *testing.T) {
	k, err := Learn(t.Context(), playing(t, "all-bombs"))
	if err != nil {
		t.Fatal(err)
	}
	if k.Schema() == nil || len(k.Devices()) != 4 || k.Properties("nic") != nil {
		t.Errorf("schema %v, devices %v", k.Schema() != nil, k.Devices())
	}
}

// Whatever a copy does, Learn ends, and so do all its processes.
func TestACopyIsBounded(t *testing.T) {
	for _, what := range []string{"mute", "hangs", "floods", "events", "dies", "forks"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := playing(t, what)
			b.limits = limits{question: 300 * time.Millisecond, all: time.Second}
			start := time.Now()
			if _, err := Learn(t.Context(), b); err == nil {
				t.Error("something was learnt")
			}
			if d := time.Since(start); d > 30*time.Second { // a copy that is left alone takes a minute
				t.Errorf("it took %v", d)
			}
			alone(t, b)
		})
	}
	t.Run("help-flood", func(t *testing.T) {
		b := playing(t, "help-flood")
		b.limits = limits{question: time.Minute, all: 2 * time.Minute}
		start := time.Now()
		k, err := Learn(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d > b.limits.question/2 {
			t.Errorf("it was listened to for %v", d)
		}
		if d, known := k.Device("nic"); !known || d.Addable || k.Properties("nic") == nil {
			t.Errorf("without -device help: %+v", d)
		}
		alone(t, b)
	})
}

func TestLearnEndsWithItsContext(t *testing.T) {
	b := playing(t, "hangs")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(200*time.Millisecond, func() { cancel(fmt.Errorf("enough")) })
	if _, err := Learn(ctx, b); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("it ended with %v", err)
	}
	alone(t, b)
}

// What surrounds a copy: nothing of ours.
func TestACopyIsApart(t *testing.T) {
	t.Setenv("QEMU_MODULE_DIR", "/nowhere")
	t.Setenv("LD_PRELOAD", "")
	k, err := Learn(t.Context(), playing(t, "good"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Name, Type string }
	if err := json.Unmarshal(k.Properties("report"), &list); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, p := range list {
		found[p.Name] = p.Type
	}
	for name, want := range map[string]string{
		"environment": "LC_ALL=C PATH=/usr/bin:/bin", "core": "0", "files": "0", "space": fmt.Sprint(maxAddresses),
		"nice": fmt.Sprint(niceness), "folder": "0", "create": "true", "session": "true", "oom": "1000",
	} {
		if found[name] != want {
			t.Errorf("%s is %q, not %q", name, found[name], want)
		}
	}
}

// A copy ends with the process that started it, even when that is killed.
func TestACopyDiesWithUs(t *testing.T) {
	path := fake(t, "qemu-system-hangs")
	pid := sleeping(t, path)
	learner := exec.Command("/proc/self/exe")
	learner.Env = append(os.Environ(), "QMPSH_TEST_PLAY=learner", fmt.Sprint("QMPSH_TEST_PID=", pid))
	if err := learner.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the copy starts", func() bool { return running(t, path) == 2 })
	learner.Process.Signal(syscall.SIGKILL)
	learner.Wait()
	await(t, "the copy ends", func() bool { return running(t, path) == 1 })
}

// alone waits until no copy of the binary is left: one that was killed may take a moment.
func alone(t *testing.T, b *Binary) {
	t.Helper()
	await(t, "only the process of the test is left", func() bool { return running(t, b.Path) == 1 })
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestLiveLearnFromQEMU(t *testing.T) {
	k, err := Learn(t.Context(), ofProcess(t, qmptest.QEMU(t).Pid))
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := k.Device("virtio-blk"); d.Name != "virtio-blk-pci" {
		t.Errorf("virtio-blk is %+v", d)
	}
	if raw := k.Properties("virtio-net-pci"); !strings.Contains(string(raw), `"mac"`) {
		t.Errorf("properties of virtio-net-pci: %s", raw)
	}
	known := 0
	for _, d := range k.Devices() {
		if k.Properties(d.Name) != nil {
			known++
		}
	}
	if fatal := len(k.Devices()) - known; known < 100 || fatal > maxDeaths {
		t.Errorf("properties of %d types are known, of %d not", known, fatal)
	}
	for _, c := range k.Schema().Commands() {
		if one := k.SchemaOf(c.Name); one == nil || one.Command(c.Name).Signature() != c.Signature() {
			t.Errorf("the schema of %s alone differs", c.Name)
		}
	}
}

func TestLiveLearnFromStorageDaemon(t *testing.T) {
	_, p := qmptest.StorageDaemon(t)
	b := ofProcess(t, p.Pid)
	k, err := Learn(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if b.Program != StorageDaemon || k.SchemaOf("blockdev-add") == nil || k.Whole() {
		t.Errorf("program %v, whole %v", b.Program, k.Whole())
	}
}
