package completion

import "strings"

// kinds is a set of kinds.
type kinds uint32

func setOf(list ...LiveKind) (set kinds) {
	for _, k := range list {
		set |= 1 << k
	}
	return set
}

func (s kinds) has(k LiveKind) bool { return s&(1<<k) != 0 }

// changedBy returns the kinds of values that an event may have changed. Events that follow from a command need no place
// here: Executed takes care of them.
func changedBy(event string) kinds {
	switch event {
	case "DEVICE_DELETED", "UNPLUG_PRIMARY", "FAILOVER_NEGOTIATED":
		return setOf(Devices, Children, ObjectProperties, Nics, Netdevs, Backends, Nodes)
	case "DEVICE_TRAY_MOVED":
		return setOf(Backends, Nodes)
	case "BLOCK_EXPORT_DELETED":
		return setOf(Exports)
	case "NETDEV_STREAM_DISCONNECTED", "NETDEV_STREAM_CONNECTED", "NIC_RX_FILTER_CHANGED":
		return setOf(Nics)
	case "MIGRATION":
		return setOf(Bitmaps, Nodes, Backends)
	}
	if event == "JOB_STATUS_CHANGE" || strings.HasPrefix(event, "BLOCK_JOB_") {
		return setOf(Jobs, Nodes, Backends, Bitmaps)
	}
	return 0
}

// onlyLooks says whether a command changes nothing that is kept here.
func onlyLooks(command string) bool {
	switch command {
	case "qom-list", "qom-get", "qom-list-types", "qom-list-properties", "device-list-properties", "qmp_capabilities":
		return true
	}
	return strings.HasPrefix(command, "query-") || strings.HasPrefix(command, "x-query-")
}
