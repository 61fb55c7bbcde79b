package cmd_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	shellrun "github.com/qmpsh/qmpsh/shell/run"
)

// witness is a server with the schema of QEMU 7.2 that notes every command.
type witness struct {
	schema string
	mu     sync.Mutex
	noted  []qmp.Command
}

func (w *witness) serve(_ context.Context, p *qmptest.Peer) error {
	for {
		c, err := p.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.noted = append(w.noted, c)
		w.mu.Unlock()
		answer := "{}"
		switch {
		case c.Name == "query-qmp-schema":
			answer = w.schema
		case c.Name == "query-name":
			answer = `{"name": "witness"}`
		case c.Name == "query-status":
			answer = `{"status": "running"}`
		case strings.HasPrefix(c.Name, "query-"), c.Name == "qom-list":
			answer = "[]"
		case c.Name == "device-list-properties":
			answer = `[{"name": "mq", "type": "bool"}]`
		}
		if err := p.Answer(c, json.RawMessage(answer), nil); err != nil {
			return err
		}
	}
}

// finds fails the test for each command that is neither one of those that the user typed
// nor what qmpsh may ask of its own accord. adding is how many device_add of an e1000 were
// to be sent.
func (w *witness) finds(t *testing.T, adding int, typed ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := map[string]bool{}
	for _, c := range w.noted {
		var of struct{ Typename string }
		switch {
		case slices.Contains(typed, c.Name):
		case c.Name == "device-list-properties":
			if _ = json.Unmarshal(c.Arguments, &of); of.Typename != "e1000" {
				t.Errorf("asked for the properties of %s", of.Typename)
			}
			adding--
			asked[c.Name] = true
		case slices.ContainsFunc(shellrun.Questions(), func(q shellrun.Question) bool { return q.Command == c.Name }):
			asked[c.Name] = true
		default:
			t.Errorf("%s %s was sent, and nobody typed it", c.Name, c.Arguments)
		}
	}
	if adding != 0 {
		t.Errorf("asked %d times less for the properties of an e1000 than one was to be added", adding)
	}
	for _, must := range []string{"query-qmp-schema", "query-name", "query-status", "qom-list", "query-block", "query-named-block-nodes", "device-list-properties"} {
		if !asked[must] {
			t.Errorf("%s was never asked: the test has lost its subject", must)
		}
	}
}

// Whatever qmpsh does of its own accord goes through the door: exec, dry runs, describe,
// Tab in the user's shell, scripts, and in the shell the prompt, hints and Tab.
func TestEveryFeatureGoesThroughTheDoor(t *testing.T) {
	t.Parallel()
	w := &witness{schema: string(qapitest.RawQEMU(t))}
	path := filepath.Join(qmptest.Dir(t), "qmp.sock")
	serve(t, "unix", path, qmptest.Scenario{qmptest.Negotiate(), w.serve})

	at := func(args ...string) {
		runWith(t, strings.NewReader(""), nil, append(args[:1:1], append([]string{"-s", path}, args[1:]...)...)...)
	}
	at("exec", "device_del", "id=1")
	at("exec", "device_del", "idd=1")
	at("exec", "device_add", "driver=e1000", "mq=on")
	at("exec", "device_add", "driver=virtio-gpu-gl-pci", "mq=on")
	at("exec", "device_add", "driver=e1000", "nosuch=on")
	at("exec", "qom-set", "path=/x", "property=y", "value=1")
	for _, line := range []string{"device_add driver=e1000 mq=on", "device_add driver=virtio-vga-gl mq=on", "qom-set path=/x property=y value=1", "device_del idd=1"} {
		at("exec", "--dry-run", line)
	}
	for _, words := range [][]string{{}, {"device_add"}, {"e1000"}, {"virtio-gpu-gl-pci"}, {"virtio-*"}, {"-o", "json", "e1000"}} {
		at(append([]string{"describe"}, words...)...)
	}
	for _, words := range []string{"qu", "device_add|driver=", "device_add|driver=e1000|", "device_add|driver=e1000|mq=", "device_del|id=", "block_resize|device=",
		"block_resize|node-name=", "qom-get|path=/", "qom-get|path=/x|property=", "set_link|name=", "object-del|id=", "device-list-properties|typename=",
		"query-cpu-model-expansion|model.name=", "human-monitor-command|command-line="} {
		runWith(t, strings.NewReader(""), nil, append([]string{"__complete", "exec", "-s", path}, strings.Split(words, "|")...)...)
	}
	runWith(t, strings.NewReader("device_add driver=e1000 mq=on\n.describe e1000\n.json device_add driver=ne2k_pci mq=on\ndevice_del idd=1\n"), nil, "connect", path)

	s := openTTY(t, qmptest.Dir(t), nil, "connect", path)
	s.shows("(witness) ")
	for _, line := range []string{"device_add driver=", "device_add driver=e1000 ", "block_resize device=", "qom-list path=/", "device_del id=", ".describe dev", "query-cpu-model-expansion type=full model.name="} {
		s.types(line + "\t\t\x15") // Tab twice, then the line is emptied
	}
	s.enters(".describe virtio-gpu-gl-pci")
	s.shows("device types are not known here")
	s.enters("device_add driver=e1000 mq=on")
	s.shows("{}")
	s.types(".exit\r")
	s.leaves()

	w.finds(t, 4, "device_add", "device_del", "qom-set")
}
