package run

import (
	"encoding/json"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// EndsQEMU says whether a command ends the server's process itself, in whatever form it
// was typed: QMP's quit, and that of the human monitor, whose short name is q.
func EndsQEMU(cmd qmp.Command) bool {
	switch cmd.Name {
	case "quit":
		return true
	case "human-monitor-command":
		var args struct {
			Line string `json:"command-line"`
		}
		if json.Unmarshal(cmd.Arguments, &args) != nil {
			return false // QEMU will not understand it either
		}
		// The name ends where QEMU's monitor_parse_command sees its end.
		line := strings.TrimLeft(args.Line, " \t\n\v\f\r")
		name := line[:len(line)-len(strings.TrimLeftFunc(line, func(r rune) bool { return !strings.ContainsRune(" \t\n\v\f\r/", r) }))]
		return name == "quit" || name == "q"
	}
	return false
}
