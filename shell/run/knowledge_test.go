package run

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/vm"
)

// kept is knowledge of a binary with this schema and a few device types.
func kept(t *testing.T, schema string) Kept {
	t.Helper()
	f := vm.Facts{
		Schema: []byte(schema), Whole: true,
		Types: []vm.DeviceType{
			{Name: "bomb", Addable: true, Fatal: true},
			{Name: "virtio-net-pci", Addable: true, Aliases: []string{"my-net", "virtio-net"}},
		},
		Properties: map[string][]byte{"virtio-net-pci": []byte(`[{"name":"mq","type":"bool"},{"name":"vectors","type":"uint32"}]`)},
	}
	k, err := f.Knowledge()
	if err != nil {
		t.Fatal(err)
	}
	return Kept{Find: func() *vm.Knowledge { return k }}
}

// newKnownBench makes a bench whose server has the schema of QEMU 7.2, if answers do not
// say otherwise, and of whose binary schema is kept.
func newKnownBench(t *testing.T, schema string, answers replies) *bench {
	b := newBench(t, answers)
	b.Schemas = NewSchemas(b.Client, kept(t, schema))
	return b
}

// What is kept types a command, and the server is not asked.
func TestKeptKnowledgeSparesTheQuestions(t *testing.T) {
	for line, want := range map[string]string{
		"query-status":                                        "query-status",
		"device_del id=1":                                     `device_del {"id": "1"}`,
		"set_link name=n0 up=off":                             `set_link {"name": "n0", "up": false}`,
		"device_add driver=virtio-net-pci mq=on":              `device_add {"driver": "virtio-net-pci", "mq": true}`,
		"device_add driver=my-net mq=on id=1":                 `device_add {"driver": "my-net", "mq": true, "id": "1"}`,
		"device_add driver=bomb x=1":                          `device_add {"driver": "bomb", "x": 1}`,
		"transaction( block-dirty-bitmap-add node=n name=1 )": `transaction {"actions": [{"type": "block-dirty-bitmap-add", "data": {"node": "n", "name": "1"}}]}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newKnownBench(t, string(qapitest.RawQEMU(t)), nil)
			if err := b.run(line); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			b.sends(want)
		})
	}
}

// A refusal on the strength of what is kept is checked with the server first, once.
func TestARefusalIsTheServersOwn(t *testing.T) {
	for line, says := range map[string]string{
		"device_del idd=1":                   "id",
		"device_dell id=1":                   "device_dell",
		"device_add driver=virtio-net mqq=1": "mqq",
		"set_link name=n0 up=maybe":          "maybe",
		"set_link name=n0":                   "up",
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newKnownBench(t, string(qapitest.RawQEMU(t)), nil)
			b.CheckAll = true
			for i := range 2 {
				var fault *cmdline.Error
				if err := b.run(line); !errors.As(err, &fault) || !strings.Contains(fault.Error(), says) {
					t.Errorf("%s: %v", line, err)
				}
				if i == 0 {
					b.sends(schemaQuery)
				} else {
					b.sends()
				}
			}
			// What is kept agrees, and goes on to be used.
			if err := b.run("device_add driver=my-net mq=on"); err != nil {
				t.Error(err)
			}
			b.sends(`device_add {"driver": "my-net", "mq": true}`)
		})
	}
}

// schemaWith is the schema of QEMU 7.2 with device_del otherwise.
func schemaWith(t *testing.T, change func(entity map[string]any)) string {
	t.Helper()
	var list []map[string]any
	if err := json.Unmarshal(qapitest.RawQEMU(t), &list); err != nil {
		t.Fatal(err)
	}
	args := ""
	for _, e := range list {
		if e["name"] == "device_del" {
			args = e["arg-type"].(string)
		}
	}
	for _, e := range list {
		if e["name"] == args {
			change(e)
		}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Stale knowledge costs time and never a valid command: neither one that it knows nothing
// of, nor one that it gives another type.
func TestStaleKnowledgeCostsNoCommand(t *testing.T) {
	renamed := schemaWith(t, func(e map[string]any) {
		e["members"] = []map[string]any{{"name": "name", "type": "str"}}
	})
	number := schemaWith(t, func(e map[string]any) {
		e["members"] = []map[string]any{{"name": "id", "type": "int"}}
	})
	for name, c := range map[string]struct {
		kept  string
		line  string
		sends []string
	}{
		"an argument that is not kept": {renamed, "device_del id=1", []string{schemaQuery, `device_del {"id": "1"}`}},
		"a command that is not kept":   {"[]", "device_del id=1", []string{schemaQuery, `device_del {"id": "1"}`}},
		"another type":                 {number, "device_del id=1", []string{`device_del {"id": 1}`, schemaQuery, `device_del {"id": "1"}`}},
	} {
		synctest.Test(t, func(t *testing.T) {
			answers := replies{}
			if name == "another type" {
				answers["device_del"] = "!GenericError Invalid parameter type for 'id', expected: string"
			}
			b := newKnownBench(t, c.kept, answers)
			if err := b.run(c.line); (err != nil) != (name == "another type") {
				t.Errorf("%s: %v", name, err)
			}
			b.sends(c.sends...)
			if k, _ := b.Schemas.Devices(); k != nil || b.Schemas.Doubtful() {
				t.Errorf("%s: it is still used", name)
			}
		})
	}
}

// Without knowledge the server is asked about a device type before it is added, and only
// then: not for a look, and not about what ends QEMU.
func TestOnlyWhatIsAddedIsAskedAbout(t *testing.T) {
	const properties = `[{"name":"mq","type":"bool"}]`
	add := func(driver string) string { return `device_add {"driver": "` + driver + `", "mq": true}` }
	ask := func(driver string) string { return `device-list-properties {"typename":"` + driver + `"}` }
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, replies{"device-list-properties": properties})
		if err := b.run("device_add driver=e1000 mq=on"); err != nil {
			t.Error(err)
		}
		b.sends(schemaQuery, ask("e1000"), add("e1000"))
		if _, err := b.JSON(t.Context(), statement(t, "device_add driver=e1000 mq=on")); err != nil {
			t.Error(err)
		}
		b.sends()
		for _, driver := range []string{"virtio-gpu-gl-pci", "virtio-vga-gl", "vhost-user-gpu", "virtio-gpu-gl"} {
			if err := b.run("device_add driver=" + driver + " mq:=true"); err != nil {
				t.Error(err)
			}
			b.sends(add(driver))
		}
	})
	synctest.Test(t, func(t *testing.T) { // a type of which nothing is kept, though others are
		b := newKnownBench(t, string(qapitest.RawQEMU(t)), replies{"device-list-properties": properties})
		if err := b.run("device_add driver=e1000 mq=on"); err != nil {
			t.Error(err)
		}
		b.sends(ask("e1000"), add("e1000"))
	})
	synctest.Test(t, func(t *testing.T) { // a refusal asks nothing about devices
		b := newBench(t, replies{"device_add": "!GenericError Property 'e1000.x' not found"})
		if err := b.run("device_add driver=e1000 x=a"); err == nil {
			t.Error("no error")
		}
		b.sends(`device_add {"driver": "e1000", "x": "a"}`, schemaQuery)
	})
}

// Learn adds the device types that were not kept; an old connection's are not taken for
// those of the new one.
func TestLearn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		more, started, finish := kept(t, string(qapitest.RawQEMU(t))), make(chan bool), make(chan bool)
		b.Schemas = NewSchemas(b.Client, Kept{Learn: func(context.Context) *vm.Knowledge {
			started <- true
			if !<-finish {
				return nil
			}
			return more.Find()
		}})
		known := func() bool { k, _ := b.Schemas.Devices(); return k != nil }
		settled := func() bool { _, settled := b.Schemas.Devices(); return settled }
		if known() || settled() {
			t.Error("device types are known, or will never be")
		}
		go b.Schemas.Learn(t.Context())
		<-started
		b.Schemas.Forget()
		finish <- true
		synctest.Wait()
		if known() || settled() {
			t.Error("what was learnt of the server before is taken for this one")
		}
		go b.Schemas.Learn(t.Context())
		<-started
		finish <- false
		synctest.Wait()
		if known() || !settled() {
			t.Error("a copy that tells nothing may still tell something")
		}
		b.Schemas.Forget()
		go b.Schemas.Learn(t.Context())
		<-started
		finish <- true
		synctest.Wait()
		if !known() || !settled() {
			t.Error("nothing was learnt")
		}
		b.Schemas.Learn(t.Context()) // asks no copy again
		b.sends()
	})
}

func TestFixedKnowledgeNeedsNoServer(t *testing.T) {
	k := kept(t, string(qapitest.RawQEMU(t))).Find()
	x := &Executor{Schemas: FixedKnowledge(k, nil)}
	for line, want := range map[string]string{
		"device_add driver=virtio-net mq=on id=1": `{"execute": "device_add", "arguments": {"driver": "virtio-net", "mq": true, "id": "1"}}`,
		"device_del id=1":                         `{"execute": "device_del", "arguments": {"id": "1"}}`,
	} {
		got, err := x.JSON(t.Context(), statement(t, line))
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", line, got, err)
		}
	}
	var fault *cmdline.Error
	if _, err := x.JSON(t.Context(), statement(t, "device_dell id=1")); !errors.As(err, &fault) {
		t.Errorf("an unknown command: %v", err)
	}
	if x.Schemas.Own(t.Context()) == nil || x.Schemas.Doubtful() {
		t.Error("it is doubted")
	}
}
