package cmd_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// A hundred events a second leave a line alone that is being typed, also where
// it wraps, and each event is shown once and whole.
func TestShellTypingInAStorm(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		d := newDesk(t)
		p := openPane(t, s, "connect", d.path)
		p.ends("(desk)")
		p.enters("tick")
		p.shows(`TICK {"n": 1}`) // until the next prompt the terminal itself echoes what is typed, where the cursor is
		const line = `device_add driver=virtio-net-pci id=net1 netdev="n 1" mac=52:54:00:12:34:56`
		for at := 0; at < len(line); at += 5 {
			p.types(line[at:min(at+5, len(line))])
			p.shows(fmt.Sprintf(`TICK {"n": %d}`, at+1)) // a person does not type all at once
		}
		p.ends("(desk) " + line)
		p.keys("Home", "Right", "Left", "DC")
		p.types("d")
		p.keys("Enter")
		p.shows(line+"\n", `"did": "device_add"`)
		p.awaitsPrompt("(desk)")
		p.keys("C-d")
		p.leaves(0)
		d.gets(t, "tick", `device_add{"driver": "virtio-net-pci", "id": "net1", "netdev": "n 1", "mac": "52:54:00:12:34:56"}`)
		events := regexp.MustCompile(`(?m)^22:13:20.000 TICK \{"n": (\d+)\}$`).FindAllStringSubmatch(p.text(), -1)
		for i, event := range events {
			if event[1] != fmt.Sprint(i+1) {
				t.Fatalf("event %s stands in the place of %d: %.1500s", event[1], i+1, p.text())
			}
		}
		if n := strings.Count(p.text(), "TICK"); n != len(events) || n < len(line)-5 {
			t.Errorf("TICK is there %d times, %d of them as it should be", n, len(events))
		}
	})
}

func TestShellCtrlCAtThePrompt(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		d := newDesk(t)
		p := openPane(t, s, "connect", d.path)
		p.ends("(desk)")
		p.types("half a")
		p.ends("(desk) half a")
		p.keys("C-c")
		p.ends("(desk) half a^C", "(desk)")
		for _, open := range []string{"transaction(", "{", `a \`} {
			p.enters(open)
			poll(t, func() bool { return strings.HasSuffix(p.text(), "...") || strings.HasSuffix(p.text(), "TRANS>") }, p.text)
			p.types("abort")
			p.keys("C-c")
			p.ends("(desk)")
		}
		p.keys("C-c")
		p.ends("(desk) ^C", "(desk)")
		p.enters("last")
		p.shows(`"did": "last"`, "(desk)")
		p.keys("C-d")
		p.leaves(0)
		d.gets(t, "last")
	})
}

func TestShellCtrlCStopsTheWait(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		d := newDesk(t)
		p := openPane(t, s, "connect", d.path)
		p.ends("(desk)")
		p.enters("hang x=1")
		p.ends("still waiting for the answer to hang; Ctrl-C stops the wait")
		p.keys("C-c")
		const stopped = "stopped waiting for the answer to hang, which will be dropped; the server may still do it"
		p.ends("^C", stopped, "(desk)")
		p.enters("a")
		p.shows(`"did": "a"`, "(desk)")
		// What is left of a pasted block is not what the user wants any more.
		p.pastes("b\nhang\nnever\nagain")
		p.keys("Enter")
		d.gets(t, `hang{"x": 1}`, "a", "b", "hang")
		p.keys("C-c")
		p.ends("^C", stopped, "That was line 2 of 4; lines 3 to 4 were not run.", "(desk)")
		p.enters("quit", "y")
		p.shows("(y/N) y", `"did": "quit"`)
		p.keys("C-c") // it does not end
		p.ends("(desk)")
		p.keys("C-d")
		p.leaves(0)
		d.gets(t, `hang{"x": 1}`, "a", "b", "hang", "quit")
	})
}

// Keys that are pressed while a command runs are for the lines to come.
func TestShellTypingAhead(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		d := newDesk(t)
		p := openPane(t, s, "connect", d.path)
		p.ends("(desk)")
		p.enters("hold")
		d.gets(t, "hold")
		p.enters("first x=1", "second")
		p.types("third x")
		p.ends("third x") // the terminal's own echo
		close(d.release)
		p.shows(`"did": "hold"`, "(desk) first x=1\n", `"did": "first"`, "(desk) second\n", `"did": "second"`)
		p.ends("(desk) third x")
		p.enters("=3")
		p.shows(`"did": "third"`, "(desk)")
		p.keys("C-d")
		p.leaves(0)
		d.gets(t, "hold", `first{"x": 1}`, "second", `third{"x": 3}`)
	})
}

// A server that goes leaves the line, its reason and a way back.
func TestShellLosesTheServer(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		path, vm := qmptest.QMP(t, "-name", "vm1")
		p := openPane(t, s, "connect", path)
		p.ends("(vm1 prelaunch)")
		p.types("query-na")
		p.ends("(vm1 prelaunch) query-na")
		vm.Kill()
		p.ends("(vm1 disconnected) query-na")
		// "it closed the connection", or a reset if the kill left something unread
		p.shows("unix:"+path+" has gone: ", ". `.reconnect` connects again, Ctrl-D leaves.\n", "query-na")
		p.enters("me")
		p.ends("(vm1 disconnected) query-name", "not connected, nothing was sent: `.reconnect` connects again, Ctrl-D leaves.", "(vm1 disconnected)")
		p.enters(".reconnect")
		p.shows("ConnectError: failed to establish connection: dial unix "+path, "(ECONNREFUSED)", "hint: nobody listens on this socket", "(vm1 disconnected)")
		p.types(".recon")
		again := qmptest.QEMU(t, "-name", "vm2", "-qmp", "unix:"+path+",server=on,wait=off")
		qmptest.AwaitUnix(t, again, path)
		p.enters("nect")
		p.shows("\n(vm1 disconnected) .reconnect\n", "Connected to QEMU 7.", "\n(vm2 prelaunch)") // a busy one tells its name later
		p.enters(".reconnect")                                                                    // also while there is a session
		p.shows("\n(vm2 prelaunch) .reconnect\nConnected to", "\n(vm2 prelaunch)")
		p.enters("cont")
		p.shows("RESUME", "\n(vm2)")
		again.Kill()
		p.ends("(vm2 disconnected)")
		p.keys("C-d")
		p.leaves(0)
	})
}

func TestShellLosesTheServerDuringACommand(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		d := newDesk(t)
		p := openPane(t, s, "connect", d.path)
		p.ends("(desk)")
		p.enters("babble")
		p.shows("(desk) babble\n", "InterruptedError: the session ended before the reply")
		p.ends("(desk disconnected)")
		p.shows(d.path+" has gone: FrameError: ", "a message must be a JSON object, but 'I' came. `.reconnect` connects again")
		p.enters(".reconnect")
		p.ends("(desk)")
		p.keys("C-d")
		p.leaves(0)
	})
}

// A server that is busy holds up the greeting for a moment only, and Ctrl-C ends
// even that.
func TestShellMeetsASilentServer(t *testing.T) {
	t.Parallel()
	for _, impatient := range []bool{false, true} {
		t.Run(fmt.Sprint("impatient=", impatient), func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{})
			path := listen(t, qmptest.Negotiate(), qmptest.Expect("query-name"), tell(asked), qmptest.Silence())
			p := openPane(t, size{Cols: 80, Rows: 24}, "connect", path)
			if impatient {
				<-asked
				p.keys("C-c")
				p.shows("^C\nConnected")
			}
			p.shows("Connected to QEMU 7.", "It has not answered a first question", "Ctrl-D to leave.")
			p.ends("(QEMU)")
			p.keys("C-d")
			p.leaves(0)
		})
	}
}

func TestShellCtrlCWhileItConnects(t *testing.T) {
	t.Parallel()
	called := make(chan struct{})
	path := listen(t, tell(called), qmptest.Silence())
	p := openPane(t, size{Cols: 80, Rows: 24}, "connect", "--timeout", "1h", path)
	<-called
	p.keys("C-c")
	p.leaves(130)
	p.shows("qmpsh: interrupted")
}

func TestShellWaitsForQEMUToConnect(t *testing.T) {
	t.Parallel()
	path := filepath.Join(qmptest.Dir(t), "listen.sock")
	p := openPane(t, size{Cols: 80, Rows: 24}, "connect", "--listen", path)
	p.shows("listening on unix:" + path)
	qmptest.QEMU(t, "-name", "vm1", "-qmp", "unix:"+path+",server=off")
	p.ends("(vm1 prelaunch)")
	p.enters(".reconnect")
	p.shows("(vm1 prelaunch) .reconnect\n", "listening on unix:"+path)
	p.keys("C-c")
	p.ends("^C", "stopped connecting. `.reconnect` connects again, Ctrl-D leaves.", "(vm1 disconnected)")
	p.keys("C-d")
	p.leaves(0)
}

// The echo of the traffic leaves the line alone, too.
func TestShellVerboseInAStorm(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := openPane(t, size{Cols: 80, Rows: 24}, "connect", "-v", d.path)
	p.ends("(desk)")
	p.enters("tick")
	p.shows(`TICK {"n": 3}`, "\n(desk)")
	p.types("half")
	p.ends("(desk) half")
	p.shows(`<- {"timestamp"`, `"data": {"n": 30}}`)
	p.ends("(desk) half")
	p.enters(" x=1")
	p.shows(`-> {"execute": "half", "arguments": {"x": 1}`, `"did": "half"`)
	p.keys("C-d")
	p.leaves(0)
	if glued := regexp.MustCompile(`(?m)^.+(<-|->) \{.*$`).FindString(p.text()); glued != "" {
		t.Errorf("glued to something else: %s", glued)
	}
}
