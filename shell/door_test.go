package shell

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/qmpsh/qmpsh/completion"
	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/shell/run"
)

// recorder answers with the schema of QEMU 7.2 and otherwise with one of everything, and
// remembers what it was asked.
type recorder struct {
	mu    sync.Mutex
	asked []string
}

func (r *recorder) serve(schema string) qmptest.Step {
	answers := map[string]string{
		"query-qmp-schema":        schema,
		"query-named-block-nodes": `[{"node-name": "n0", "drv": "raw", "dirty-bitmaps": [{"name": "b0"}]}]`,
		"query-block":             `[{"device": "d0"}]`,
		"query-jobs":              `[{"id": "j0", "type": "mirror", "status": "ready"}]`,
		"query-chardev":           `[{"label": "c0", "filename": "null"}]`,
		"query-block-exports":     `[{"id": "x0", "type": "nbd", "node-name": "n0"}]`,
		"qom-list":                `[{"name": "o0", "type": "child<iothread>"}, {"name": "p0", "type": "bool"}]`,
		"human-monitor-command":   `"net0: index=0,type=user,\n"`,
	}
	return func(_ context.Context, p *qmptest.Peer) error {
		for {
			c, err := p.Receive()
			if err != nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				return err
			}
			r.mu.Lock()
			r.asked = append(r.asked, c.Name)
			r.mu.Unlock()
			answer, known := answers[c.Name]
			if !known {
				answer = `[{"name": "virtio-net-pci"}]`
			}
			if err := p.Answer(c, json.RawMessage(answer), nil); err != nil {
				return err
			}
		}
	}
}

// take returns what was asked since the last time, each once.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	slices.Sort(asked)
	return slices.Compact(asked)
}

// Tab and hints, behind every command, at every argument and at every value that the
// schema of QEMU 7.2 allows, ask what the door lets through and nothing else.
func TestLooksGoThroughTheDoor(t *testing.T) {
	var r recorder
	client := dial(t, r.serve(string(qapitest.RawQEMU(t)))).Client
	schemas := run.NewSchemas(client, run.Kept{})
	cache := completion.NewCache(schemas.Ask, completion.CacheOptions{})
	defer cache.Close()
	schema := schemas.Get(t.Context())
	if schema == nil {
		t.Fatal("no schema")
	}
	env := WithDevices(completion.Env{Schema: schema, Live: cache.Within(t.Context()), Words: offeredWords()}, schemas)
	look := func(text string) {
		completion.Complete(text, len(text), env)
		completion.Hint(text, env)
	}
	places := 0
	for _, c := range schema.Commands() {
		look(c.Name)
		look(c.Name + " ")
		var walk func(prefix string, o *qapi.Object, depth int)
		walk = func(prefix string, o *qapi.Object, depth int) {
			for i := range o.Members {
				m := &o.Members[i]
				look(c.Name + " " + prefix + m.Name + "=")
				places++
				if m.Type.Kind == qapi.KindObject && depth < 2 {
					walk(prefix+m.Name+".", m.Type.Object, depth+1)
				}
			}
		}
		walk("", c.Args, 0)
	}
	for _, text := range []string{
		"device_add driver=virtio-net-pci ", "device_add driver=virtio-net-pci mq=", "device_add driver=virtio-gpu-gl-pci ", "device_add id=a driver=v",
		"qom-get path=/o0 property=", "qom-set path=/o0 property=p0 value=", "qom-list path=/o0/", "device-list-properties typename=",
		"qom-list-properties typename=", "query-cpu-model-expansion type=full model.name=", ".describe ", ".help ", ".json device_add driver=",
		"human-monitor-command command-line=", "info ", "netdev_del id=", "set_link name=", "transaction(\nblock-dirty-bitmap-add node=",
	} {
		look(text)
	}
	asked := r.take()
	var allowed []string
	for _, q := range run.Questions() {
		if q.Command != "device-list-properties" {
			allowed = append(allowed, q.Command)
		}
	}
	for _, command := range asked {
		if !slices.Contains(allowed, command) {
			t.Errorf("%s was asked", command)
		}
	}
	if places < 400 || len(asked) < 7 {
		t.Errorf("looked at %d places, which asked only %q", places, asked)
	}
}

// What the shell asks for its prompt goes through the door too.
func TestThePromptGoesThroughTheDoor(t *testing.T) {
	var r recorder
	m := newMachine(dial(t, r.serve("[]")).Client)
	if err := m.meet(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.note(qmp.Event{Name: "STOP"})
	if err := m.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if asked := r.take(); !slices.Equal(asked, []string{"query-name", "query-status"}) {
		t.Errorf("it asked %q", asked)
	}
}
