package cmdline

import (
	"strings"
)

// hmpCommand says whether a word is a command of the human monitor (HMP) that QMP has not under the same name. The list
// is what `help` prints in the monitor of QEMU 7.2, without the names that QMP has too and those of one letter.
func hmpCommand(name string) bool {
	switch name {
	case "announce_self", "block_job_cancel", "block_job_complete", "block_job_pause", "block_job_resume",
		"block_job_set_speed", "block_stream", "boot_set", "calc_dirty_rate", "cancel_vcpu_dirty_limit", "change",
		"commit", "cpu", "delvm", "drive_add", "drive_backup", "drive_del", "drive_mirror", "exit_preconfig",
		"gdbserver", "gpa2hpa", "gpa2hva", "gva2gpa", "hostfwd_add", "hostfwd_remove", "info", "loadvm", "log",
		"logfile", "mce", "migrate_continue", "migrate_incoming", "migrate_pause", "migrate_recover",
		"migrate_set_capability", "migrate_set_parameter", "migrate_start_postcopy", "mouse_button", "mouse_move",
		"mouse_set", "nbd_server_add", "nbd_server_remove", "nbd_server_start", "nbd_server_stop", "nmi", "object_add",
		"object_del", "pcie_aer_inject_error", "print", "qemu-io", "replay_break", "replay_delete_break", "replay_seek",
		"ringbuf_read", "ringbuf_write", "savevm", "sendkey", "set_vcpu_dirty_limit", "singlestep", "snapshot_blkdev",
		"snapshot_blkdev_internal", "snapshot_delete_blkdev_internal", "stopcapture", "sum", "sync-profile",
		"trace-event", "watchdog_action", "wavcapture", "x_colo_lost_heartbeat", "xp":
		return true
	}
	return false
}

// HMPLine returns the line by which QMP runs the statement's command in the human monitor, "" if that has no such command.
func (st Statement) HMPLine() string {
	if !hmpCommand(st.Name) || st.raw != nil {
		return ""
	}
	return hmpFault(st.Name, st.text[st.nameAt:st.end], st.nameAt).hint
}

// queryFor returns the command of QMP that answers what the human monitor's info command of that topic shows; "" if there
// is none.
func queryFor(topic string) string {
	switch topic {
	case "balloon", "block", "block-jobs", "blockstats", "chardev", "hotpluggable-cpus", "iothreads", "kvm", "memdev", "memory-devices",
		"mice", "migrate", "name", "pci", "sev", "spice", "status", "tpm", "uuid", "version", "vm-generation-id", "vnc":
		return "query-" + topic
	case "cpus":
		return "query-cpus-fast"
	case "memory_size_summary", "migrate_capabilities", "migrate_parameters", "vcpu_dirty_limit":
		return "query-" + strings.ReplaceAll(topic, "_", "-")
	}
	return ""
}

// hmpFault makes the fault for a line of the human monitor, of which name is the command.
func hmpFault(name, line string, at int) *fault {
	f := &fault{at: at, msg: quoteWord(name) + " is a command of the human monitor (HMP)"}
	if fields := strings.Fields(line); name == "info" && len(fields) == 2 && queryFor(fields[1]) != "" {
		f.hint = queryFor(fields[1]) + ", or "
	}
	quoted, ok := Quote(line)
	if !ok {
		quoted = quoteWord(line)
	}
	if !strings.HasPrefix(quoted, `"`) {
		quoted = `"` + quoted + `"`
	}
	f.hint += cut(Recallable("human-monitor-command command-line=" + quoted))
	return f
}

// positional returns the arguments that words without a key most likely mean, in their order: those that a command must
// have, as far as a word can give them.
func positional(command string) []string {
	switch command {
	case "set_link":
		return []string{"name", "up"}
	case "qom-get":
		return []string{"path", "property"}
	case "qom-set":
		return []string{"path", "property", "value"}
	case "set_password":
		return []string{"protocol", "password"}
	case "expire_password":
		return []string{"protocol", "time"}
	case "block-dirty-bitmap-add", "block-dirty-bitmap-clear", "block-dirty-bitmap-disable", "block-dirty-bitmap-enable", "block-dirty-bitmap-remove":
		return []string{"node", "name"}
	}
	if sole := soleArgument(command); sole != "" {
		return []string{sole}
	}
	return nil
}

// soleArgument returns the one argument that a command must have, or the first of those. "" if there is none that a word
// could give.
func soleArgument(command string) string {
	switch command {
	case "device_add", "blockdev-add":
		return "driver"
	case "object-add":
		return "qom-type"
	case "netdev_add":
		return "type"
	case "balloon":
		return "value"
	case "block_resize":
		return "size"
	case "blockdev-change-medium", "dumpdtb", "screendump", "xen-load-devices-state", "xen-save-devices-state":
		return "filename"
	case "block-commit", "block-job-cancel", "block-job-complete", "block-job-pause", "block-job-resume", "block-stream",
		"blockdev-snapshot-delete-internal-sync", "eject", "nbd-server-add":
		return "device"
	case "block-export-del", "block-job-dismiss", "block-job-finalize", "block-latency-histogram-set", "blockdev-remove-medium", "chardev-remove",
		"chardev-send-break", "device_del", "job-cancel", "job-complete", "job-dismiss", "job-finalize", "job-pause", "job-resume", "netdev_del", "object-del":
		return "id"
	case "blockdev-del":
		return "node-name"
	case "blockdev-snapshot-sync":
		return "snapshot-file"
	case "calc-dirty-rate":
		return "calc-time"
	case "change-vnc-password":
		return "password"
	case "closefd", "getfd":
		return "fdname"
	case "device-list-properties", "qom-list-properties":
		return "typename"
	case "display-reload", "display-update", "set-numa-node":
		return "type"
	case "human-monitor-command":
		return "command-line"
	case "migrate", "migrate-incoming", "migrate-recover":
		return "uri"
	case "migrate-continue":
		return "state"
	case "nbd-server-remove", "query-rocker", "query-rocker-of-dpa-flows", "query-rocker-of-dpa-groups", "query-rocker-ports", "trace-event-get-state":
		return "name"
	case "qom-list", "x-query-virtio-status":
		return "path"
	case "query-sev-attestation-report":
		return "mnonce"
	case "query-stats":
		return "target"
	case "remove-fd":
		return "fdset-id"
	case "replay-break", "replay-seek":
		return "icount"
	case "set-vcpu-dirty-limit":
		return "dirty-rate"
	case "watchdog-set-action":
		return "action"
	case "x-blockdev-change":
		return "parent"
	case "xen-set-global-dirty-log":
		return "enable"
	}
	return ""
}
