package completion

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// peer connects to a real server.
func peer(t *testing.T, path string) (*qmp.Client, Env, *Cache) {
	t.Helper()
	address, err := qmp.ParseAddress("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	client := qmp.NewClient(qmp.Options{})
	if err := client.Connect(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Disconnect(context.Background()); err != nil {
			t.Error(err)
		}
	})
	raw, err := client.Execute(t.Context(), "query-qmp-schema", nil)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := qapi.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	cache := NewCache(client.Execute, CacheOptions{Limit: 20 * time.Second})
	t.Cleanup(cache.Close)
	return client, Env{Schema: schema, Live: cache.Within(t.Context())}, cache
}

func run(t *testing.T, client *qmp.Client, command, args string) {
	t.Helper()
	if _, err := client.Execute(t.Context(), command, json.RawMessage(args)); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
}

// offers checks that candidates stand among those for the place at the end of text.
func offers(t *testing.T, e Env, text string, want ...string) {
	t.Helper()
	got := texts(Complete(text, len(text), e).Candidates)
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s: %s is not in %.300v", text, w, got)
		}
	}
}

func TestLive_WhatQEMUHas(t *testing.T) {
	path, _ := qmptest.QMP(t, "-nic", "user,id=un0,model=e1000", "-netdev", "user,id=un1", "-chardev", "null,id=c0",
		"-blockdev", "driver=null-co,node-name=n0,size=1048576,read-zeroes=on", "-drive", "if=none,id=drive0,driver=null-co,read-zeroes=on",
		"-object", "memory-backend-ram,id=mem0,size=1M", "-device", "virtio-blk-pci,id=disk0,drive=n0", "-device", "virtio-rng-pci")
	client, e, cache := peer(t, path)
	run(t, client, "block-dirty-bitmap-add", `{"node": "n0", "name": "b0"}`)
	run(t, client, "blockdev-add", `{"driver": "null-co", "node-name": "target"}`)
	run(t, client, "blockdev-mirror", `{"device": "drive0", "job-id": "job0", "target": "target", "sync": "full", "speed": 1}`)

	offers(t, e, "device_del id=", "disk0", "/machine/peripheral-anon/device[0]")
	offers(t, e, "blockdev-del node-name=", "n0")
	offers(t, e, "block_resize device=", "n0", "drive0")
	offers(t, e, "job-cancel id=", "job0")
	offers(t, e, "block-job-cancel device=", "job0")
	offers(t, e, "block-dirty-bitmap-remove node=n0 name=", "b0")
	offers(t, e, "transaction(\nblock-dirty-bitmap-clear node=n0 name=", "b0")
	offers(t, e, "chardev-remove id=", "c0")
	offers(t, e, "netdev_del id=", "un0", "un1")
	offers(t, e, "object-del id=", "mem0")
	offers(t, e, "qom-list path=/", "/machine/", "/objects/", "/chardevs/")
	offers(t, e, "qom-list path=/machine/peripheral/", "/machine/peripheral/disk0/")
	offers(t, e, "qom-get path=/machine/peripheral/disk0/ property=", "realized", "write-cache", "drive")
	offers(t, e, "qom-set path=/machine/peripheral/disk0 property=packed value=", "on", "off")
	offers(t, e, "device_add driver=virtio-net-pci netdev=", "un0", "un1")
	offers(t, e, "device_add driver=virtio-blk-pci iothread=", "mem0")

	if cards := texts(Complete("set_link name=", len("set_link name="), e).Candidates); len(cards) < 3 {
		t.Errorf("set_link: %v, want a card beside un0 and un1", cards)
	}
	if backends := texts(Complete("netdev_del id=", len("netdev_del id="), e).Candidates); len(backends) != 2 {
		t.Errorf("netdev_del: %v, want un0 and un1", backends)
	}

	run(t, client, "chardev-remove", `{"id": "c0"}`)
	cache.Executed("chardev-remove")
	if got := texts(Complete("chardev-remove id=c", len("chardev-remove id=c"), e).Candidates); slices.Contains(got, "c0") {
		t.Errorf("c0 is still offered: %v", got)
	}
}

// Every path that is offered is one: QEMU takes the slash at its end.
func TestLive_QEMUTakesThePathsAsOffered(t *testing.T) {
	path, _ := qmptest.QMP(t)
	client, e, _ := peer(t, path)
	at, seen := "/", 0
	for range 4 {
		text := "qom-list path=" + at
		r := Complete(text, len(text), e)
		if len(r.Candidates) == 0 {
			break
		}
		for _, c := range r.Candidates {
			plain, _, _ := cmdline.Unquote(c.Text)
			raw, err := json.Marshal(map[string]string{"path": plain})
			if err != nil {
				t.Fatal(err)
			}
			run(t, client, "qom-list", string(raw))
			seen++
		}
		at = r.Candidates[0].Text
		for _, c := range r.Candidates {
			if strings.HasSuffix(c.Text, "/machine/") {
				at = c.Text
			}
		}
	}
	if seen < 5 {
		t.Errorf("only %d paths", seen)
	}
}

func TestLive_WhatTheStorageDaemonHas(t *testing.T) {
	path, _ := qmptest.StorageDaemon(t)
	client, e, _ := peer(t, path)
	run(t, client, "blockdev-add", `{"driver": "null-co", "node-name": "n0"}`)
	run(t, client, "object-add", `{"qom-type": "iothread", "id": "io0"}`)
	offers(t, e, "blockdev-del node-name=", "n0")
	offers(t, e, "object-del id=", "io0")
	offers(t, e, "block-export-add type=nbd id=x node-name=", "n0")
	for _, text := range []string{"netdev_del id=", "device_del id="} {
		if got := Complete(text, len(text), e).Candidates; len(got) > 0 {
			t.Errorf("%s: %v", text, got)
		}
	}
}
