package qmptest_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// The guest's agent answers over virtio-serial (Q12), and the guest heeds the power button.
func TestLive_Q12_AgentOfARealGuest(t *testing.T) {
	t.Parallel()
	g := qmptest.BootGuest(t)
	connect := func(o qmp.Options, path string) *qmp.Client {
		t.Helper()
		c := qmp.NewClient(o)
		if err := c.Connect(t.Context(), qmp.Address{Kind: qmp.Unix, Path: path}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Disconnect(context.Background()) })
		return c
	}
	agent := connect(qmp.Options{Agent: true}, g.Agent)
	raw, err := agent.Execute(t.Context(), "guest-get-osinfo", nil)
	var info struct {
		Machine       string `json:"machine"`
		KernelRelease string `json:"kernel-release"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &info)
	}
	if err != nil || info.Machine != "x86_64" || !strings.Contains(info.KernelRelease, "cloud") {
		t.Errorf("guest-get-osinfo: %s, %v", raw, err)
	}
	monitor := connect(qmp.Options{}, g.QMP)
	if _, err := monitor.Execute(t.Context(), "system_powerdown", nil); err != nil {
		t.Fatal(err)
	}
	<-g.Ended()
}
