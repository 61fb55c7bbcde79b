package qmpserver

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// capabilities is the only command before negotiation is done.
const capabilities = "qmp_capabilities"

// negotiate answers a command that comes before negotiation is done (QMP specification, section 4, "Capabilities
// negotiation").
func (c *Conversation) negotiate(cmd qmp.Command) (done bool, err *Error) {
	if cmd.Name != capabilities {
		return false, &Error{Class: CommandNotFound, Desc: "Expecting capabilities negotiation with 'qmp_capabilities'"}
	}
	var args struct {
		Enable []string `json:"enable"`
	}
	if cmd.Arguments != nil {
		d := json.NewDecoder(bytes.NewReader(cmd.Arguments))
		d.DisallowUnknownFields()
		if d.Decode(&args) != nil {
			return false, Errorf("qmp_capabilities takes nothing but 'enable', an array of strings")
		}
	}
	oob := false
	for _, name := range args.Enable {
		switch {
		case name != "oob":
			return false, Errorf("Parameter 'enable' does not accept value '%s'", name)
		case !c.server.OOB:
			return false, Errorf("Capability oob not available")
		}
		oob = true
	}
	c.oob.Store(oob)
	return true, nil
}

func isSync(name string) bool { return name == "guest-sync" || name == "guest-sync-delimited" }

// SyncReply builds a guest agent's answer to guest-sync or guest-sync-delimited, which sends 0xFF ahead of its reply
// (QEMU guest agent protocol reference).
func SyncReply(cmd qmp.Command) json.RawMessage {
	var args struct {
		ID json.RawMessage `json:"id"`
	}
	if cmd.Arguments != nil && json.Unmarshal(cmd.Arguments, &args) != nil || args.ID == nil {
		return MakeReply(cmd.ID, nil, Errorf("Parameter 'id' is missing"))
	}
	if _, err := strconv.ParseInt(string(args.ID), 10, 64); err != nil {
		return MakeReply(cmd.ID, nil, Errorf("Invalid parameter type for 'id', expected: integer"))
	}
	raw := MakeReply(cmd.ID, args.ID, nil)
	if cmd.Name == "guest-sync-delimited" {
		raw = append([]byte{0xFF}, raw...)
	}
	return raw
}
