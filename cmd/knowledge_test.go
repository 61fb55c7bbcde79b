package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// home is the environment of a user whose cache is empty.
func home(t testing.TB) map[string]string {
	t.Helper()
	return map[string]string{"XDG_CACHE_HOME": filepath.Join(qmptest.Dir(t), "cache")}
}

// as runs qmpsh for that user.
func as(t testing.TB, env map[string]string, args ...string) result {
	t.Helper()
	return runWith(t, strings.NewReader(""), env, args...)
}

// sent returns the commands that -v has shown.
func (r result) sent() (commands []string) {
	for line := range strings.Lines(r.err) {
		var c struct{ Execute string }
		if text, ok := strings.CutPrefix(line, "-> "); ok && json.Unmarshal([]byte(text), &c) == nil {
			commands = append(commands, c.Execute)
		}
	}
	return commands
}

// wantSent fails the test unless these commands were sent behind the negotiation.
func (r result) wantSent(t testing.TB, commands ...string) result {
	t.Helper()
	if got, want := fmt.Sprint(r.sent()), fmt.Sprint(append([]string{"qmp_capabilities"}, commands...)); got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	return r
}

func TestLiveExecKeepsWhatItHadToAsk(t *testing.T) {
	t.Parallel()
	path, _ := qmptest.QMP(t, "-netdev", "user,id=n0")
	env := home(t)
	line := []string{"exec", "-v", "-s", path, "set_link", "name=n0", "up=off"}
	as(t, env, line...).must(t, 0).wantSent(t, "query-qmp-schema", "set_link")
	// From now on two messages do, which is one less than the three that it may cost.
	as(t, env, line...).must(t, 0).wantSent(t, "set_link")
	as(t, env, "exec", "-v", "-s", path, "query-status").must(t, 0).wantSent(t, "query-status")
	as(t, env, append(line, "--no-cache")...).must(t, 0).wantSent(t, "query-qmp-schema", "set_link")
	// A refusal is the server's own.
	as(t, env, "exec", "-v", "-s", path, "set_link", "name=n0", "upp=off").must(t, 2).wantSent(t, "query-qmp-schema").says(t, "did you mean up?")
	as(t, env, "describe", "-v", "-s", path, "set_link").must(t, 0).wantSent(t)

	list := as(t, env, "cache").must(t, 0)
	if !strings.Contains(list.out, "/qemu-system-x86_64, QEMU 7.") || !strings.Contains(list.out, ": schema, learned ") {
		t.Errorf("the list: %v", list)
	}
	as(t, env, "cache", "clear").must(t, 0).prints(t, "1 removed\n")
	as(t, env, line...).must(t, 0).wantSent(t, "query-qmp-schema", "set_link")
}

// Device types come from a copy; the VM is never asked for them.
func TestLiveDescribeDevice(t *testing.T) {
	t.Parallel()
	path, _ := qmptest.QMP(t)
	env := home(t)
	r := as(t, env, "describe", "-v", "-s", path, "virtio-net").must(t, 0)
	// What is not kept yet, the server tells, but not the devices.
	r.wantSent(t, "query-qmp-schema")
	if !inOrder(r.out, "virtio-net-pci  (alias virtio-net)\n", "device type on PCI, Network\n", "\n  mac ", " str", "\n  mq ", "bool, default false\n") {
		t.Errorf("got %v", r)
	}
	r = as(t, env, "describe", "-v", "-s", path, "virtio-*").must(t, 0).wantSent(t)
	if !inOrder(r.out, "virtio-blk-pci  (device)\n", "virtio-net-pci  (device)\n") {
		t.Errorf("got %v", r)
	}
	var data struct {
		Name, Kind, Bus string
		Aliases         []string
		Properties      []struct {
			Name, Type string
			Default    json.RawMessage
		}
	}
	r = as(t, env, "describe", "-o", "json", "-s", path, "virtio-net-pci", "mq").must(t, 0).quiet(t)
	if err := json.Unmarshal([]byte(r.out), &data); err != nil || data.Kind != "device" || data.Bus != "PCI" || len(data.Aliases) != 1 ||
		len(data.Properties) != 1 || data.Properties[0].Type != "bool" || string(data.Properties[0].Default) != "false" {
		t.Errorf("got %+v, %v", data, err)
	}
	as(t, env, "describe", "-s", path, "virtio-net-pci", "mqq").must(t, 2).says(t, "has no property mqq", "mq")
	as(t, env, "describe", "-s", path, "virtio-netpci").must(t, 2).says(t, `"virtio-netpci"`, "virtio-net-pci")
	as(t, env, "describe", "-s", path, "virtio-gpu-gl-pci").must(t, 0)

	// What a copy told, exec and Tab use.
	as(t, env, "exec", "-v", "-s", path, "--dry-run", "device_add", "driver=virtio-net", "mq=on", "id=1").must(t, 0).wantSent(t).
		prints(t, `{"execute": "device_add", "arguments": {"driver": "virtio-net", "mq": true, "id": "1"}}`+"\n")
	for _, c := range []struct{ words, want string }{
		{"driver=virtio-rn", "driver=virtio-rng"}, {"driver=virtio-rng-p", "driver=virtio-rng-pci"},
		{"driver=virtio-net|vec", "vectors="}, {"driver=virtio-net|mq=", "mq=on"},
	} {
		poll(t, func() bool {
			args := append([]string{"__complete", "exec", "-s", path, "device_add"}, strings.Split(c.words, "|")...)
			return strings.Contains("\n"+as(t, env, args...).out, "\n"+c.want)
		}, func() string { return c.want + " is not offered" })
	}
}

// A binary tells all this without any server.
func TestLiveQEMUFlag(t *testing.T) {
	t.Parallel()
	qmptest.Require(t, "qemu-system-x86_64")
	env := home(t)
	const qemu = "qemu-system-x86_64"
	if r := as(t, env, "describe", "--qemu", qemu, "e1000").must(t, 0).quiet(t); !strings.Contains(r.out, "Intel Gigabit Ethernet") {
		t.Errorf("got %v", r)
	}
	as(t, env, "exec", "--dry-run", "--qemu", qemu, "device_add", "driver=virtio-net", "mq=on", "id=1").must(t, 0).
		prints(t, `{"execute": "device_add", "arguments": {"driver": "virtio-net", "mq": true, "id": "1"}}`+"\n").quiet(t)
	as(t, env, "exec", "--dry-run", "--qemu", qemu, "device_del", "idd=1").must(t, 2).says(t, "did you mean id?")
	if r := as(t, env, "__complete", "exec", "--qemu", qemu, "device_add", "driver=virtio-net-p"); !strings.Contains(r.out, "driver=virtio-net-pci") {
		t.Errorf("Tab offers %v", r)
	}
	if r := as(t, nil, "describe", "--qemu", "qemu-storage-daemon", "nbd-server-start").must(t, 0).quiet(t); !strings.HasPrefix(r.out, "nbd-server-start ") {
		t.Errorf("got %v", r)
	}
	as(t, env, "describe", "--qemu", "/no/such/qemu", "e1000").must(t, 2).says(t, "--qemu: ", "no such file")
	as(t, env, "describe", "--qemu", "/bin/sh", "e1000").must(t, 2).says(t, "--qemu: ")
	as(t, env, "describe", "--qemu", qemu, "--schema", "x", "e1000").must(t, 2).says(t, "schema", "qemu")
}

// What is not known is said: of a server without a binary here.
func TestDescribeWithoutDevices(t *testing.T) {
	t.Parallel()
	run(t, "", "describe", "-s", "demo:", "virtio-net-pci").must(t, 2).says(t, "device types are not known here").
		hints(t, "a binary tells its device types: add --qemu BINARY")
}

func TestCacheWithoutAnything(t *testing.T) {
	t.Parallel()
	env := home(t)
	as(t, env, "cache").must(t, 0).prints(t, "nothing is kept in "+env["XDG_CACHE_HOME"]+"/qmpsh\n")
	as(t, env, "cache", "-o", "json").must(t, 0).prints(t, "[]\n")
	as(t, env, "cache", "clear").must(t, 0).prints(t, "0 removed\n")
	as(t, nil, "cache").must(t, 0).prints(t, "nothing is kept: there is no home folder, or --no-cache is given\n")
	if _, err := os.Stat(env["XDG_CACHE_HOME"]); err == nil {
		t.Error("a look made a folder")
	}
}

// Two hundred at once on an empty cache: all right, and one file.
func TestLiveTwoHundredExecAtOnce(t *testing.T) {
	t.Parallel()
	const machines = 4 // each serves one client at a time
	env := home(t)
	var all sync.WaitGroup
	for range machines {
		path, _ := qmptest.QMP(t, "-netdev", "user,id=n0")
		for range 200 / machines {
			cmd := exec.Command("qmpsh", "exec", "--timeout", hangLimit.String(), "-s", path, "set_link", "name=n0", "up=off")
			cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+env["XDG_CACHE_HOME"])
			all.Go(func() {
				if out, err := cmd.CombinedOutput(); err != nil || string(out) != "{}\n" {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
	}
	all.Wait()
	files, err := os.ReadDir(filepath.Join(env["XDG_CACHE_HOME"], "qmpsh"))
	if err != nil || len(files) != 2 {
		t.Errorf("the cache holds %v, %v: want one file and the lock", files, err)
	}
	if r := as(t, env, "cache"); !strings.Contains(r.out, ": schema, learned") {
		t.Errorf("got %v", r)
	}
}

// otherBuild makes a folder with QEMU's modules as another build would have them: they
// lack the stamp of the one that runs. QEMU notices when it has loaded the first, and
// aborts over the second.
func otherBuild(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/*/qemu/*.so")
	if err != nil || len(found) == 0 {
		t.Skip("QEMU has no modules here")
	}
	dir := qmptest.Dir(t)
	for _, path := range found {
		if strings.Contains(path, "accel-") { // it could not even start without
			continue
		}
		module, err := os.ReadFile(path)
		if err == nil {
			module = bytes.ReplaceAll(module, []byte("qemu_stamp_"), []byte("qemu_stomp_"))
			err = os.WriteFile(filepath.Join(dir, filepath.Base(path)), module, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// withModules starts a QEMU that finds its modules in a folder.
func withModules(t *testing.T, dir string) (path string, p *qmptest.Process) {
	t.Helper()
	path = filepath.Join(qmptest.Dir(t), "qmp.sock")
	p = qmptest.Start(t, "/usr/bin/env", "QEMU_MODULE_DIR="+dir, qmptest.Require(t, "qemu-system-x86_64"),
		"-M", "q35,accel=tcg", "-m", "64", "-nodefaults", "-display", "none", "-S", "-qmp", "unix:"+path+",server=on,wait=off")
	qmptest.AwaitUnix(t, p, path)
	return path, p
}

// A QEMU whose modules are of another build survives every look, and so does Debian's
// with its virtio-gpu-gl devices: neither is asked what loads modules or makes a device.
func TestLiveLooksEndNoVM(t *testing.T) {
	t.Parallel()
	modules := otherBuild(t)
	trap, trapped := withModules(t, modules)
	as(t, nil, "exec", "-s", trap, "qom-list-types").must(t, 5) // so that the test can fail
	<-trapped.Ended()

	path, p := withModules(t, modules)
	for _, env := range []map[string]string{nil, home(t)} { // without knowledge and with it
		for _, args := range [][]string{
			{"exec", "query-status"},
			{"exec", "device_del", "id=1"},
			{"exec", "device_add", "driver=virtio-rng-pci", "nosuch=on", "id=1"},
			{"exec", "device_add", "driver=nosuch", "x=1"},
			{"exec", "--dry-run", "device_add", "driver=virtio-gpu-gl-pci", "x=1"},
			{"exec", "--dry-run", "device_add", "driver=qxl", "vgamem_mb=16"},
			{"exec", "--dry-run", "qom-set", "path=/machine", "property=x", "value=1"},
			{"__complete", "exec", "device_add", "driver="},
			{"__complete", "exec", "device_add", "driver=virtio-gpu-gl-pci", ""},
			{"__complete", "exec", "device_add", "driver=qxl", "vgamem_mb="},
			{"__complete", "exec", "device-list-properties", "typename="},
			{"describe", "qxl"}, {"describe", "virtio-vga-gl"}, {"describe", "virtio-*"}, {"describe"},
			{"exec", "--dry-run", "device_add", "driver=virtio-gpu-gl-pci", "x=1"}, // with knowledge now
			{"exec", "--dry-run", "device_add", "driver=qxl", "vgamem_mb=16"},
			{"__complete", "exec", "device_add", "driver=qxl", ""},
		} {
			as(t, env, append(args[:1:1], append([]string{"-s", path}, args[1:]...)...)...)
			select {
			case <-p.Ended():
				t.Fatalf("QEMU did not survive %q", args)
			default:
			}
		}
	}
	s := openTTY(t, qmptest.Dir(t), nil, "connect", path)
	s.shows("(QEMU prelaunch) ")
	for _, line := range []string{"device_add driver=", "device_add driver=qxl ", "device_add driver=virtio-vga-gl mq=", ".describe qx", "qom-list-types implements=", "device-list-properties typename="} {
		s.types(line + "\t\t\x15")
	}
	s.enters(".describe virtio-gpu-gl-pci", ".describe qxl", ".json device_add driver=virtio-gpu-gl-pci x=1")
	s.types(".exit\r")
	s.leaves()
	as(t, nil, "exec", "-s", path, "query-status").must(t, 0)
}
