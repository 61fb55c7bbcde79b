package cmd_test

import (
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

const guestInfo = `{"version": "9.8.7", "supported_commands": [{"name": "guest-ping", "enabled": true, "success-response": true},
	{"name": "guest-info", "enabled": true, "success-response": true}, {"name": "guest-secret", "enabled": false, "success-response": true}]}`

// A session with a guest agent speaks of the guest, completes its commands and knows
// which one was meant.
func TestShellOfAGuestAgent(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		path := listen(t, qmptest.AgentSync(), qmptest.AnswerAll(map[string]string{"guest-info": guestInfo, "guest-ping": "{}"}))
		p := openPane(t, s, "connect", "--agent", path)
		p.shows("Connected to guest agent 9.8.7 at ", "such as guest-info")
		p.ends("(guest)")
		p.types("guest-p")
		p.keys("Tab")
		p.ends("(guest) guest-ping")
		p.keys("Enter")
		p.ends("{}", "(guest)")
		p.enters("guest-pong")
		p.shows("CommandNotFound", "did you mean guest-ping?", "\n(guest)")
		p.types("guest-se")
		p.keys("Tab") // it is disabled
		p.ends("(guest) guest-se")
		p.keys("C-u", "C-d")
		p.leaves(0)
	})
}

// So it is with a real one.
func TestLiveShellOfAGuestAgent(t *testing.T) {
	path, _ := qmptest.Agent(t)
	p := openPane(t, sizes()[0], "connect", "--agent", path)
	p.ends("(guest)")
	p.shows("Connected to guest agent ")
	p.types("guest-pi")
	p.keys("Tab", "Enter")
	p.ends("(guest) guest-ping", "{}", "(guest)")
	p.keys("C-d")
	p.leaves(0)
	execAt(t, path, "--agent").must(t, 1)
	run(t, "", "exec", "--agent", "-s", path, "guest-pong").must(t, 1).says(t, "hint: did you mean guest-ping?")
}

// The end of a session says that QEMU has shut down, if that is why, and not what the
// socket looked like then.
func TestShellSaysThatQEMUHasShutDown(t *testing.T) {
	path := listen(t, qmptest.Negotiate(), qmptest.Expect("query-name"), qmptest.Reply("{}"),
		qmptest.Expect("query-status"), qmptest.Reply(`{"status": "running"}`), qmptest.Expect("query-qmp-schema"),
		qmptest.ReplyError("GenericError", "no"), qmptest.Expect("a"),
		qmptest.Event("SHUTDOWN", `{"guest": false, "reason": "host-signal"}`), qmptest.Reply("{}"), qmptest.Reset())
	p := openPane(t, sizes()[0], "connect", "--no-validate", path)
	p.ends("(QEMU)")
	p.enters("a")
	p.shows("has gone: QEMU has shut down (host-signal).")
	p.keys("C-d")
	p.leaves(0)
}

// -H makes a shell for the human monitor.
func TestShellOfTheHumanMonitor(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		d := newDesk(t)
		d.set("human-monitor-command", `{"return": "hello\r\n\u001b[31mred", "id": %s}`)
		p := openPane(t, s, "connect", "-H", d.path)
		p.shows("Lines go to QEMU's human monitor")
		p.ends("(desk hmp)")
		p.enters("info { status")
		p.ends("(desk hmp) info { status", "hello", `\x1b[31mred`, "(desk hmp)")
		p.enters("q")
		p.ends("End QEMU? (y/N)")
		p.enters("n")
		p.ends("(desk hmp)")
		p.enters(".help")
		p.shows("as it is: info status", ".json LINE")
		p.keys("C-d")
		p.leaves(0)
		d.gets(t, `human-monitor-command{"command-line": "info { status"}`)
	})
}
