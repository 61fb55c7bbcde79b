package cmdline

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// live is a session with a real QEMU, and what it says of its commands.
type live struct {
	*qmp.Client
	schema *qapi.Schema
}

func liveQEMU(t *testing.T, args ...string) live {
	t.Helper()
	path, _ := qmptest.QMP(t, args...)
	address, err := qmp.ParseAddress("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	c := qmp.NewClient(qmp.Options{})
	if err := c.Connect(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Disconnect(context.Background()) })
	raw, err := c.Execute(t.Context(), "query-qmp-schema", nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := qapi.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return live{c, s}
}

// properties asks the server, as the shell does.
func (l live) properties(o Owner) (list []Property) {
	command, args := "device-list-properties", map[string]string{"typename": o.Driver}
	if o.Path != "" {
		command, args = "qom-list", map[string]string{"path": o.Path}
	}
	raw, _ := json.Marshal(args)
	answer, err := l.Execute(context.Background(), command, raw)
	if err != nil || json.Unmarshal(answer, &list) != nil {
		return nil
	}
	return list
}

func (l live) send(t *testing.T, line string) (qmp.Command, json.RawMessage, error) {
	t.Helper()
	st, err := Parse(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	command, err := st.Bind(Binding{Schema: l.schema, Validate: true, Properties: l.properties})
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	answer, err := l.Execute(t.Context(), command.Name, command.Arguments)
	return command, answer, err
}

// TestLiveQEMUTakesWhatIsBound: each line is bound with the schema and the properties of a real QEMU, which takes it.
func TestLiveQEMUTakesWhatIsBound(t *testing.T) {
	folder := qmptest.Dir(t)
	image := filepath.Join(folder, "a b.img")
	if err := os.WriteFile(image, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	l := liveQEMU(t, "-blockdev", "null-co,node-name=n,size=1048576", "-netdev", "hubport,id=n1,hubid=0",
		"-device", "pcie-root-port,id=slot0", "-netdev", "hubport,id=n0,hubid=1", "-device", "e1000,netdev=n0,id=card")
	for _, line := range []string{
		`block-dirty-bitmap-add node=n name=1`,
		`block-dirty-bitmap-add node=n name=2 granularity=64K disabled=on`,
		`object-add qom-type=memory-backend-ram id=m1 size=1M`,
		`object-add qom-type=iothread id=io poll-max-ns=0x10`,
		`device_add driver=virtio-net-pci id=net7 netdev=n1 mq=on mac=52:54:00:12:34:56 vectors=4 bus=slot0`,
		`blockdev-add driver=raw node-name=n2 size=4K file.driver=file file.filename="` + image + `"`,
		`blockdev-add driver=raw node-name=n3 file={'driver': 'file', 'filename': "` + image + `"} read-only=yes`,
		`nbd-server-start addr.type=inet addr.data.host=127.0.0.1 addr.data.port=0`,
		"transaction(\nblock-dirty-bitmap-add node=n name=3\nblock-dirty-bitmap-clear node=n name=3\nblock-dirty-bitmap-merge node=n target=3 bitmaps.0=1 bitmaps.1.node=n bitmaps.1.name=2\n)",
		`block-export-add type=nbd id=e node-name=n writable=on name=7 bitmaps.0=1 bitmaps.1.node=n bitmaps.1.name=2`,
		`qom-set path=/machine property=mem-merge value=off`,
		`qom-set path=/objects/io property=poll-max-ns value=2K`,
		`qom-set path=/machine property=kernel value=1`,
		`set_link name=n0 up=off`,
		`migrate-set-parameters max-bandwidth=1G tls-creds=null multifd-compression=none`,
		`migrate-set-capabilities capabilities.0.capability=xbzrle capabilities.0.state=on`,
		`send-key keys.0.type=qcode keys.0.data=a keys.1.type=number keys.1.data=0x1c hold-time=10`,
		`human-monitor-command command-line="info status"`,
		`query-stats target=vm providers.0.provider=kvm`,
	} {
		if command, _, err := l.send(t, line); err != nil {
			t.Errorf("%s\nsends %s\n%v", line, command.Arguments, err)
		}
	}
	for line, want := range map[string]string{
		`qom-get path=/machine property=mem-merge`:                   `false`,
		`qom-get path=/objects/io property=poll-max-ns`:              `2048`,
		`qom-get path=/machine property=kernel`:                      `"1"`,
		`qom-get path=/machine/peripheral/net7 property=mq`:          `true`,
		`qom-get path=/machine/peripheral/net7 property=vectors`:     `4`,
		`qom-get path=/objects/m1 property=size`:                     `1048576`,
		`qom-get path=/machine/peripheral/net7 property=mac`:         `"52:54:00:12:34:56"`,
		`qom-get path=/machine/peripheral/net7 property:="failover"`: `false`,
	} {
		if _, got, err := l.send(t, line); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v, want %s", line, got, err, want)
		}
	}
}
