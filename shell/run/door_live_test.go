package run_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/shell/run"
)

// The one question that makes a device must not cost the VM, whatever the type is: it
// ends some builds of QEMU, among them Debian's with its virtio-gpu-gl devices.
func TestLiveTheQuestionBeforeAddingEndsNoVM(t *testing.T) {
	path, p := qmptest.QMP(t)
	addr, err := qmp.ParseAddress(path)
	if err != nil {
		t.Fatal(err)
	}
	c := qmp.NewClient(qmp.Options{})
	if err := c.Connect(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	defer c.Disconnect(context.Background())
	raw, err := c.Execute(t.Context(), "qom-list-types", json.RawMessage(`{"implements": "device", "abstract": false}`))
	if err != nil {
		t.Fatal(err)
	}
	var types []struct{ Name string }
	if err := json.Unmarshal(raw, &types); err != nil {
		t.Fatal(err)
	}
	door := run.NewDoor(c)
	told, virtio := 0, 0
	for _, d := range types {
		_, err := door.BeforeAdding(t.Context(), d.Name)
		select {
		case <-p.Ended():
			t.Fatalf("QEMU did not survive the question about %s", d.Name)
		default:
		}
		if err == nil {
			told++
			if strings.HasPrefix(d.Name, "virtio-") {
				virtio++
			}
		}
	}
	if told < len(types)/2 || virtio < 20 {
		t.Errorf("only %d of %d device types told their properties, %d of them virtio", told, len(types), virtio)
	}
}
