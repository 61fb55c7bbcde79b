package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// place is a place where a person presses Tab.
type place struct {
	text string   // typed, with the cursor at its end
	line string   // what it becomes; a hint may follow
	list []string // what is shown above the line, in this order
}

// tab presses Tab at a place, checks what it does, and empties the line.
func (p *pane) tab(prompt string, at place) {
	p.t.Helper()
	p.types(at.text)
	p.keys("Tab")
	poll(p.t, func() bool {
		line, above := p.typed(prompt)
		return strings.HasPrefix(line+" ", at.line) && inOrder(above, at.list...)
	}, func() string {
		return fmt.Sprintf("Tab behind %q: want the line %q and the list %q, got:\n%s", at.text, at.line, at.list, p.text())
	})
	if prompt == "TRANS>" { // which Ctrl-C would end
		p.keys("C-a", "C-k")
	} else {
		p.keys("C-c")
	}
	poll(p.t, func() bool {
		line, above := p.typed(prompt)
		return line == "" && (at.list == nil || !inOrder(above, at.list...))
	}, func() string { return "the line and the list do not go:\n" + p.text() })
}

// typed is the line being typed with its hint, and what stands above it since the
// last Ctrl-C.
func (p *pane) typed(prompt string) (line, above string) {
	p.t.Helper()
	all := "\n" + p.text()
	at := strings.LastIndex(all, "\n"+prompt)
	if at < 0 {
		return "no prompt", ""
	}
	above = all[:at]
	return strings.TrimPrefix(all[at+1+len(prompt):], " "), above[strings.LastIndex(above, "^C")+1:]
}

// awaitsPrompt waits for an empty line: what is typed while a command runs does not go to the editor.
func (p *pane) awaitsPrompt(prompt string) {
	p.t.Helper()
	poll(p.t, func() bool { line, _ := p.typed(prompt); return line == "" }, func() string { return "no empty line:\n" + p.text() })
}

// awaitsSchema waits until Tab works: the schema is read in the background, and
// nothing is offered before.
func (p *pane) awaitsSchema(prompt string) {
	p.t.Helper()
	p.types("query-nam")
	poll(p.t, func() bool {
		p.keys("Tab")
		line, _ := p.typed(prompt)
		return strings.HasPrefix(line, "query-name")
	}, func() string { return "the schema never comes:\n" + p.text() })
	p.keys("C-c")
	p.awaitsPrompt(prompt)
}

// Tab at each kind of place, with a real QEMU.
func TestLiveShellTab(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		path, _ := QMP(t, "-name", "vm1", "-blockdev", "null-co,node-name=disk7,size=1048576",
			"-blockdev", "null-co,node-name=disk8,size=1048576", "-device", "pcie-root-port,id=port1,chassis=1",
			"-device", "virtio-rng-pci,id=rng0", "-object", "memory-backend-ram,id=mem1,size=1M", "-netdev", "user,id=nd0")
		p := openPane(t, s, "connect", path)
		const prompt = "(vm1 prelaunch)"
		p.ends(prompt)
		if err := os.WriteFile(filepath.Join(p.dir, "result.json"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		p.awaitsSchema(prompt)
		for _, at := range []place{
			{"query-statu", "query-status", nil},
			{"query-block", "query-block", []string{"query-block", "query-block-exports", "query-blockstats"}},
			{"block-dirty-bitmap-add no", "block-dirty-bitmap-add node=", nil},
			{"block-dirty-bitmap-add ", "block-dirty-bitmap-add ", []string{"name=", "required", "node=", "disabled=", "bool"}},
			{"blockdev-add driver=qco", "blockdev-add driver=qcow", nil},                        // an enum's values
			{"blockdev-add driver=raw file.dri", "blockdev-add driver=raw file.driver=", nil},   // a nested key
			{"blockdev-add driver=raw fi", "blockdev-add driver=raw file", nil},                 //
			{"blockdev-add driver=qcow2 lazy", "blockdev-add driver=qcow2 lazy-refcounts", nil}, // of a branch
			{"nbd-server-start addr.type=inet addr.data.ho", "nbd-server-start addr.type=inet addr.data.host=", nil},
			{"set_link name=nd0 up=of", "set_link name=nd0 up=off", nil},
			{"device_del id=rn", "device_del id=rng0", nil},
			{"device_del id=", "device_del id=", []string{"port1", "rng0", "virtio-rng-pci"}},
			{"block-dirty-bitmap-add node=dis", "block-dirty-bitmap-add node=disk", nil},
			{"blockdev-del node-name=", "blockdev-del node-name=disk", nil},
			{"set_link name=n", "set_link name=nd0", nil},
			{"object-del id=me", "object-del id=mem1", nil},
			{"qom-get path=/objects/me", "qom-get path=/objects/mem1/", nil},
			{"qom-get path=/objects/mem1 property=siz", "qom-get path=/objects/mem1 property=size", nil},
			{"device_add driver=virtio-rng-pc", "device_add driver=virtio-rng-pci", nil},
			{"device_add driver=virtio-rng-pci vect", "device_add driver=virtio-rng-pci vectors=", nil},
			{".descr", ".describe", nil},
			{".describe BLOCK_JOB_COMP", ".describe BLOCK_JOB_COMPLETED", nil},
			{".json query-statu", ".json query-status", nil},
			{"query-block > res", "query-block > result.json", nil},
			{"set_password password=@file:res", "set_password password=@file:result.json", nil},
			{"nosuch a", "nosuch a", nil},
		} {
			p.tab(prompt, at)
		}
		p.enters("transaction(")
		p.ends(prompt+" transaction(", "TRANS>")
		p.tab("TRANS>", place{"block-dirty-bitmap-ad", "block-dirty-bitmap-add", nil})
		p.tab("TRANS>", place{"block-dirty-bitmap-add nam", "block-dirty-bitmap-add name=", nil})
		p.tab("TRANS>", place{"block-dirty-bitmap-add node=dis", "block-dirty-bitmap-add node=disk", nil})
		p.keys("C-c")
		p.ends(prompt)
		// A line made with Tab is sent as it looks.
		p.types("object-del id=me")
		p.keys("Tab")
		p.shows("object-del id=mem1")
		p.keys("Enter")
		p.shows("object-del id=mem1\n{}\n" + prompt)
		p.keys("C-d")
		p.leaves(0)
	})
}

// The arguments still missing stand behind the line, dim, the required ones first,
// and are no part of it.
func TestShellHints(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		p := openPane(t, s, "connect", "demo:")
		p.ends("(demo)")
		line := func() string { line, _ := p.typed("(demo)"); return line }
		poll(t, func() bool { p.types(" "); p.keys("C-u"); p.types("device_del "); return line() == "device_del id=" },
			func() string { return "no hint:\n" + p.text() })
		var dim string // what was typed last may not be there yet: the hint was seen behind what was typed before
		poll(t, func() bool {
			dim = p.tmux("capture-pane", "-p", "-e", "-J")
			return strings.Contains(dim, "device_del \x1b[2mid=")
		}, func() string { return fmt.Sprintf("it is not dim: %q", dim) })
		p.keys("BSpace")
		p.types(" ")
		p.types("id=x")
		p.ends("(demo) device_del id=x")
		p.keys("C-u")
		p.types("block-dirty-bitmap-add ")
		poll(t, func() bool { return strings.HasPrefix(line(), "block-dirty-bitmap-add no") }, func() string { return "no hint:\n" + p.text() })
		if got := strings.TrimPrefix(line(), "block-dirty-bitmap-add "); s.Cols == 80 && !strings.HasPrefix(got, "node= name= [") {
			t.Errorf("hint %q", got)
		}
		for row := range strings.Lines(p.tmux("capture-pane", "-p")) {
			if strings.HasPrefix(row, "=") || strings.HasPrefix(row, "name") {
				t.Errorf("the hint goes on in the next row:\n%s", p.text())
			}
		}
		p.keys("C-c")
		p.ends("(demo) block-dirty-bitmap-add ^C", "(demo)")
		p.types("query-name ")
		p.keys("Enter")
		p.shows("(demo) query-name\n{", `"demo"`, "\n(demo)")
		p.types("block-dirty-bitmap-remove ")
		if s.Cols == 80 {
			p.shows("block-dirty-bitmap-remove node= name=")
		} else { // no room for a whole argument
			p.shows("block-dirty-bitmap-remove …")
		}
		p.keys("Enter") // the hint goes with the line
		p.shows("(demo) block-dirty-bitmap-remove\n", "lacks the arguments", "\n(demo)")
		p.keys("C-d")
		p.leaves(0)
	})
}

// With 100 events a second Tab and hint work, and the line survives.
func TestShellTabInAStorm(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		d := newDesk(t)
		d.set("query-qmp-schema", `{"return": `+string(qapitest.RawQEMU(t))+`, "id": %s}`)
		d.set("query-named-block-nodes", `{"return": [{"node-name": "disk7", "drv": "raw"}], "id": %s}`)
		p := openPane(t, s, "connect", d.path)
		p.ends("(desk)")
		p.enters(`{"execute": "tick"}`)
		p.shows("TICK")
		p.awaitsSchema("(desk)")
		for _, at := range []place{
			{"query-statu", "query-status", nil},
			{"block-dirty-bitmap-add ", "block-dirty-bitmap-add node= name=", []string{"name=", "node=", "persistent="}},
			{"block-dirty-bitmap-add node=dis", "block-dirty-bitmap-add node=disk7", nil},
			{"blockdev-add driver=qco", "blockdev-add driver=qcow", nil},
			{".descr", ".describe", nil},
		} {
			if s.Cols < 80 {
				at.line = at.line[:min(len(at.line), len(at.text)+2)]
			}
			p.tab("(desk)", at)
		}
		for _, step := range []struct{ types, makes string }{
			{"block-dirty-bitmap-add no", "block-dirty-bitmap-add node="}, {"dis", "block-dirty-bitmap-add node=disk7"},
		} {
			p.types(step.types)
			p.keys("Tab")
			poll(t, func() bool { line, _ := p.typed("(desk)"); return strings.HasPrefix(line, step.makes) }, p.text)
		}
		p.types("name=1")
		p.keys("Enter")
		d.gets(t, "tick", `block-dirty-bitmap-add{"node": "disk7", "name": "1"}`)
		p.awaitsPrompt("(desk)")
		p.keys("C-d")
		p.leaves(0)
	})
}

// A Tab that comes before the schema is answered when the schema is there.
func TestShellTabBeforeTheSchema(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}), make(chan struct{})
	path := listen(t, Negotiate(), Expect("query-name"), Reply(`{"name": "slow"}`), Expect("query-status"), Reply(`{"status": "running"}`),
		Expect("query-qmp-schema"), tell(asked), Await(answer), Reply(string(qapitest.RawQEMU(t))), ExpectEnd())
	p := openPane(t, sizes()[0], "connect", path)
	p.ends("(slow)")
	<-asked
	p.types("query-statu")
	p.keys("Tab")
	p.types("!") // shows that the Tab is over
	p.ends("(slow) query-statu!")
	p.keys("BSpace", "Tab")
	p.types("!")
	p.ends("(slow) query-statu!")
	p.keys("BSpace", "Tab")
	p.ends("(slow) query-statu")
	close(answer)
	p.ends("(slow) query-status")
	p.keys("C-u", "C-d")
	p.leaves(0)
}
