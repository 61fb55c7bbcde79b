package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// hmpCommand is one line of the demo's human monitor.
type hmpCommand struct {
	names string // with aliases: "cont|c"
	args  string
	help  string
	run   func(d *Machine, s *qmpserver.Conversation, arg string) string
}

func hmpCommands() []hmpCommand {
	quiet := func(act func(*Machine)) func(*Machine, *qmpserver.Conversation, string) string {
		return func(d *Machine, _ *qmpserver.Conversation, _ string) string { act(d); return "" }
	}
	return []hmpCommand{
		{names: "cont|c", help: "resume emulation", run: quiet((*Machine).contLocked)},
		{names: "help|?", args: "[cmd]", help: "show the help", run: hmpHelp},
		{names: "info", args: "[subcommand]", help: "show various information about the system state", run: hmpInfo},
		{names: "quit|q", help: "quit the emulator", run: func(d *Machine, s *qmpserver.Conversation, _ string) string { d.quitLocked(s); return "" }},
		{names: "stop|s", help: "stop emulation", run: quiet((*Machine).stopLocked)},
		{names: "system_powerdown", help: "send system power down event", run: quiet((*Machine).powerdownLocked)},
		{names: "system_reset", help: "reset the system", run: quiet((*Machine).resetLocked)},
	}
}

func hmpInfos() []hmpCommand {
	text := func(s string) func(*Machine, *qmpserver.Conversation, string) string {
		return func(*Machine, *qmpserver.Conversation, string) string { return s }
	}
	return []hmpCommand{
		{names: "block", help: "show info of the block devices", run: func(d *Machine, _ *qmpserver.Conversation, _ string) string { return d.hmpBlock() }},
		{names: "block-jobs", help: "show progress of ongoing block device operations", run: hmpBlockJobs},
		{names: "chardev", help: "show the character devices", run: text("compat_monitor0: filename=demo:\r\nserial0: filename=ringbuf\r\n")},
		{names: "cpus", help: "show infos for each CPU", run: text("* CPU #0: thread_id=4242\r\n  CPU #1: thread_id=4243\r\n")},
		{names: "kvm", help: "show KVM information", run: text("kvm support: enabled\r\n")},
		{names: "name", help: "show the current VM name", run: text(machineName + "\r\n")},
		{names: "network", help: "show the network state", run: text("nic0: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:de:40:01\r\n" +
			" \\ net0: index=0,type=user,net=10.0.2.0,restrict=off\r\n")},
		{names: "status", help: "show the current VM status", run: func(d *Machine, _ *qmpserver.Conversation, _ string) string { return d.hmpStatus() }},
		{names: "uuid", help: "show the current VM UUID", run: text(machineUUID + "\r\n")},
		{names: "version", help: "show the version of QEMU", run: text("7.2.22 " + Package + "\r\n")},
	}
}

// humanMonitorCommand runs one line of HMP; its text is the result, mistakes included.
func humanMonitorCommand(d *Machine, s *qmpserver.Conversation, a arguments) (any, error) {
	if a.has("cpu-index") && (a.int("cpu-index") < 0 || a.int("cpu-index") > 1) {
		return nil, qmpserver.Errorf("Parameter 'cpu-index' expects a CPU number")
	}
	return hmpRun(d, s, hmpCommands(), a.string("command-line"), ""), nil
}

// hmpRun runs line with one of set; prefix is what stood before it on the whole line.
func hmpRun(d *Machine, s *qmpserver.Conversation, set []hmpCommand, line, prefix string) string {
	name, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
	arg = strings.TrimSpace(arg)
	if name == "" {
		return ""
	}
	cmd := hmpFind(set, name)
	switch {
	case cmd == nil:
		return fmt.Sprintf("unknown command: '%s%s'\r\n", prefix, name)
	case arg != "" && cmd.args == "":
		first, _, _ := strings.Cut(cmd.names, "|")
		return fmt.Sprintf("%s: extraneous characters at the end of line\r\nTry \"help %s%s\" for more information\r\n",
			cmd.names, prefix, first)
	}
	return cmd.run(d, s, arg)
}

func hmpFind(set []hmpCommand, name string) *hmpCommand {
	for i := range set {
		if slices.Contains(strings.Split(set[i].names, "|"), name) {
			return &set[i]
		}
	}
	return nil
}

func hmpInfo(d *Machine, s *qmpserver.Conversation, arg string) string {
	if arg == "" {
		return hmpHelpLines(hmpInfos(), "info ")
	}
	return hmpRun(d, s, hmpInfos(), arg, "info ")
}

func hmpHelp(_ *Machine, _ *qmpserver.Conversation, arg string) string {
	name, sub, _ := strings.Cut(arg, " ")
	switch cmd := hmpFind(hmpCommands(), name); {
	case name == "":
		return hmpHelpLines(hmpCommands(), "") +
			"This is the monitor of a simulated machine: it knows only these commands.\r\n"
	case cmd == nil:
		return fmt.Sprintf("unknown command: '%s'\r\n", name)
	case name != "info":
		return hmpHelpLines([]hmpCommand{*cmd}, "")
	case sub == "":
		return hmpHelpLines(hmpInfos(), "info ")
	}
	if cmd := hmpFind(hmpInfos(), strings.TrimSpace(sub)); cmd != nil {
		return hmpHelpLines([]hmpCommand{*cmd}, "info ")
	}
	return fmt.Sprintf("unknown command: '%s'\r\n", arg)
}

func hmpHelpLines(set []hmpCommand, prefix string) string {
	var b strings.Builder
	for _, cmd := range set {
		fmt.Fprintf(&b, "%s%s %s -- %s\r\n", prefix, cmd.names, cmd.args, cmd.help)
	}
	return b.String()
}

func (d *Machine) hmpStatus() string {
	switch d.status {
	case "running":
		return "VM status: running\r\n"
	default:
		return fmt.Sprintf("VM status: paused%s\r\n", map[string]string{"prelaunch": " (prelaunch)"}[d.status])
	}
}

func hmpBlockJobs(d *Machine, _ *qmpserver.Conversation, _ string) string {
	if len(d.jobs) == 0 {
		return "No active jobs\r\n"
	}
	var b strings.Builder
	for _, j := range slices.Backward(d.jobs) {
		fmt.Fprintf(&b, "Type %s, device %s: Completed %d of %d bytes, speed limit %d bytes/s\r\n",
			j.kind, j.id, j.offset, j.len, j.speed)
	}
	return b.String()
}
