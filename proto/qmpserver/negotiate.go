package qmpserver

import "github.com/qmpsh/qmpsh/proto/qmp"

// capabilities is the only command before negotiation is done.
const capabilities = "qmp_capabilities"

// negotiate answers a command that comes before negotiation is done (QMP
// specification, section 4, "Capabilities negotiation").
func (se *Session) negotiate(c qmp.Command) (done bool, err *Error) {
	if c.Name != capabilities {
		return false, &Error{CommandNotFound, "Expecting capabilities negotiation with 'qmp_capabilities'"}
	}
	a, err := parseArguments(c.Arguments, []param{{name: "enable", kind: kindStrings}})
	if err != nil {
		return false, err
	}
	oob := false
	for _, name := range a.strings("enable") {
		switch {
		case name != "oob":
			return false, Errorf("Parameter 'null' does not accept value '%s'", name) // sic
		case !se.server.OOB:
			return false, Errorf("Capability oob not available")
		}
		oob = true
	}
	se.oob.Store(oob)
	return true, nil
}

func isSync(name string) bool { return name == "guest-sync" || name == "guest-sync-delimited" }

// agentSync answers guest-sync and guest-sync-delimited, which sends 0xFF ahead
// of its reply (QEMU guest agent protocol reference).
func agentSync(r request) *qmp.Message {
	a, err := parseArguments(r.command.Arguments, []param{{name: "id", kind: kindInt, required: true}})
	if err != nil {
		return &qmp.Message{Raw: r.reply(nil, err)}
	}
	raw := r.reply(a.raw("id"), nil)
	if r.command.Name == "guest-sync-delimited" {
		raw = append([]byte{0xFF}, raw...)
	}
	return &qmp.Message{Raw: raw}
}
