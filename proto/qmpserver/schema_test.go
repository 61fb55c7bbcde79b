package qmpserver

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// schemaEntry is as much of SchemaInfo as the tests need.
type schemaEntry struct {
	Name     string          `json:"name"`
	MetaType string          `json:"meta-type"`
	ArgType  string          `json:"arg-type"`
	AllowOOB bool            `json:"allow-oob"`
	JSONType string          `json:"json-type"`
	Values   []string        `json:"values"`
	Element  string          `json:"element-type"`
	Members  []schemaMember  `json:"members"`
	Default  json.RawMessage `json:"default"`
}

type schemaMember struct {
	Name    string          `json:"name"`
	Type    string          `json:"type"`
	Default json.RawMessage `json:"default"`
}

func loadSchema(t *testing.T) (list []schemaEntry, byName map[string]schemaEntry) {
	t.Helper()
	raw, err := demoSchema()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	byName = map[string]schemaEntry{}
	for _, e := range list {
		byName[e.Name] = e
	}
	return list, byName
}

// The list of commands is that of the schema, out-of-band marks included.
func TestDemo_CommandsAreThoseOfTheSchema(t *testing.T) {
	list, byName := loadSchema(t)
	n := 0
	for _, e := range list {
		if e.MetaType == "command" {
			n++
			if known, oob := demoKnows(e.Name); !known || oob != e.AllowOOB {
				t.Errorf("%s: known %v, oob %v", e.Name, known, oob)
			}
		}
	}
	if lines := strings.Count(demoCommandsFile, "\n"); lines != n {
		t.Errorf("%d names for %d commands", lines, n)
	}
	for _, name := range DemoCommands() {
		if byName[name].MetaType != "command" {
			t.Errorf("the demo simulates %s, which QEMU does not have", name)
		}
		if cmd, ok := demoCommands()[name]; ok && cmd.oob != byName[name].AllowOOB {
			t.Errorf("%s: oob %v", name, cmd.oob)
		}
	}
	if byName["nosuch"].Name != "" || len(list) < 1000 {
		t.Errorf("the schema has %d entries", len(list))
	}
}

// What the demo checks of arguments is what the schema says: names, order, which
// are required, types and the values of enumerations.
func TestDemo_ArgumentsAreThoseOfTheSchema(t *testing.T) {
	_, byName := loadSchema(t)
	kinds := map[kind]string{
		kindString: "string", kindInt: "int", kindBool: "boolean", kindEnum: "enum", kindArray: "array", kindObject: "object",
	}
	for _, name := range DemoCommands() {
		cmd := demoCommands()[name] // without parameters if a fixed reply answers
		var want []string
		for _, m := range byName[byName[name].ArgType].Members {
			typ := byName[m.Type]
			what := typ.JSONType
			if typ.MetaType != "builtin" {
				what = typ.MetaType
			}
			want = append(want, fmt.Sprintf("%s %s %v %v", m.Name, what, m.Default == nil, sorted(typ.Values)))
		}
		var got []string
		for _, p := range cmd.params {
			got = append(got, fmt.Sprintf("%s %s %v %v", p.name, kinds[p.kind], p.required, sorted(p.values)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s takes\n%s\nand in QEMU\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	actions := byName[strings.Trim(byName[byName["transaction"].ArgType].Members[0].Type, "[]")]
	var types []string
	for _, m := range actions.Members {
		if m.Name == "type" {
			types = byName[m.Type].Values
		}
	}
	if !slices.Equal(sorted(types), sorted(transactionTypes())) {
		t.Errorf("actions %v, in QEMU %v", transactionTypes(), types)
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func TestDemo_QuerySchemaAndCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		raw := v.do("query-qmp-schema", "")
		if want, _ := demoSchema(); raw != string(want) {
			t.Errorf("query-qmp-schema sent %d bytes", len(raw))
		}
		if got := v.do("query-commands", ""); strings.Count(got, `{"name": "`) != strings.Count(demoCommandsFile, "\n") {
			t.Errorf("query-commands: %s", got)
		}
	})
}

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
	args := []string{"-name", demoName, "-uuid", demoUUID, "-smp", "2"}
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

// shape describes the form of a JSON text: members with their order, types, and
// for arrays the shapes of their elements, each once.
func shape(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		p, err := parse(raw)
		if err != nil {
			return err.Error()
		}
		var all []string
		for _, m := range p.members {
			all = append(all, m.name+":"+shape(m.value))
		}
		return "{" + strings.Join(all, " ") + "}"
	case '[':
		p := parser{raw: raw}
		p.next()
		var all []string
		for _, e := range (member{value: raw}).elements() {
			if s := shape(e.value); !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		return "[" + strings.Join(all, " ") + "]"
	case '"':
		return "s"
	case 't', 'f':
		return "b"
	case 'n':
		return "null"
	}
	return "n"
}

// Replies have the form of a real QEMU's with the same machine, and most of them
// its contents.
func TestLive_DemoRepliesHaveTheRightShape(t *testing.T) {
	real := liveMachine(t)
	conn, err := DialDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	demo := newClient(t, conn)
	both := func(name, arguments string) (a, b json.RawMessage) {
		t.Helper()
		var args json.RawMessage
		if arguments != "" {
			args = json.RawMessage(arguments)
		}
		a, err := demo.Execute(t.Context(), name, args)
		if err != nil {
			t.Errorf("demo: %s: %v", name, err)
			return []byte("null"), []byte("null")
		}
		b, err = real.Execute(t.Context(), name, args)
		if err != nil {
			t.Errorf("QEMU: %s: %v", name, err)
			return []byte("null"), []byte("null")
		}
		return a, b
	}
	compare := func(name, arguments string) {
		t.Helper()
		a, b := both(name, arguments)
		// A disk that was never used has no idle time.
		if a, b := strings.ReplaceAll(shape(a), " idle_time_ns:n", ""), strings.ReplaceAll(shape(b), " idle_time_ns:n", ""); a != b {
			t.Errorf("%s %s:\ndemo %s\nQEMU %s", name, arguments, a, b)
		}
	}
	for _, name := range []string{"stop", "cont", "stop", "system_reset", "cont"} {
		compare(name, "")
	}
	for _, name := range DemoCommands() {
		if strings.HasPrefix(name, "query-") && name != "query-balloon" && name != "query-spice" {
			compare(name, "")
		}
	}
	compare("query-named-block-nodes", `{"flat": true}`)
	for _, name := range []string{"query-qmp-schema", "query-commands"} {
		if a, b := both(name, ""); string(a) != string(b) {
			t.Errorf("%s differs from the QEMU installed here: if that is 7.2, capture it again (see demo_data.go)", name)
		}
	}
	// A job that waits, and its events.
	demoEvents, realEvents := demo.Events(qmp.Filter{}), real.Events(qmp.Filter{})
	defer demoEvents.Close()
	defer realEvents.Close()
	compare("block-dirty-bitmap-add", `{"node": "disk0", "name": "b0"}`)
	compare("query-block", "")
	compare("blockdev-mirror", `{"job-id": "m", "device": "disk0", "target": "backup0", "sync": "none", "auto-finalize": false, "auto-dismiss": false}`)
	next := func(l *qmp.Listener) string {
		t.Helper()
		e, err := l.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return e.Name + " " + shape(e.Raw) + " " + string(e.Data)
	}
	follow := func(n int) {
		t.Helper()
		for range n {
			if a, b := next(demoEvents), next(realEvents); a != b {
				t.Errorf("event:\ndemo %s\nQEMU %s", a, b)
			}
		}
	}
	follow(4) // created, running, ready, BLOCK_JOB_READY
	compare("query-jobs", "")
	compare("query-block-jobs", "")
	compare("job-complete", `{"id": "m"}`)
	follow(3) // waiting, pending, BLOCK_JOB_PENDING
	compare("job-finalize", `{"id": "m"}`)
	follow(2) // BLOCK_JOB_COMPLETED, concluded
	compare("query-jobs", "")
	compare("job-dismiss", `{"id": "m"}`)
	follow(1)
	compare("stop", "")
	compare("quit", "")
	follow(2) // STOP, SHUTDOWN
}

// Unpacking the schema must stay cheap enough to be done when asked.
func BenchmarkDemoSchema(b *testing.B) {
	for b.Loop() {
		if _, err := demoSchema(); err != nil {
			b.Fatal(err)
		}
	}
}

// A round trip through the server, over a pipe.
func BenchmarkServerRoundTrip(b *testing.B) {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = testServer().Serve(b.Context(), server)
	}()
	c := qmp.NewClient(qmp.Options{})
	if err := c.ConnectStream(b.Context(), client, "bench"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.Execute(b.Context(), "query-x", nil); err != nil {
			b.Fatal(err)
		}
	}
	c.Disconnect(b.Context())
	<-done
}
