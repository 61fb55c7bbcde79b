package qmp

import (
	"bytes"
	"container/list"
	"encoding/json"
	"strconv"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// call is one Do, from its submission to its end. The session's lock guards what has
// no other word; reply and err may be read once done is closed.
type call struct {
	cmd Command // constant but for an id of ours
	msg Message // the same: what goes over the wire
	key string  // the same: the key of its id, "" without one
	oob bool    // constant

	ownID  bool // constant: the client chooses the id, once the call has its place
	number int  // that id, while its answer may come; else 0

	waiting   *list.Element // its place among those who wait for their turn
	sent      bool          // the engine took it; false while an agent is synchronised for it
	abandoned bool          // the caller has gone; the answer is still due
	finished  bool          // done is closed

	done  chan struct{}
	reply Reply
	err   error
}

// newCall gives the command its wire form, still without an id if the client is to choose it. A *CommandError says why there
// is none.
func (c *Client) newCall(cmd Command) (*call, error) {
	k := &call{oob: cmd.OOB, done: make(chan struct{})}
	if cmd.Raw != nil {
		// The caller may have made the Command without ParseCommand.
		if own, oob := scanRaw(cmd.Raw); own != nil {
			cmd.ID, cmd.NoID, k.oob = own, false, oob
		} else {
			k.oob = oob
		}
	}
	if cmd.NoID {
		cmd.ID = nil
	}
	k.ownID = cmd.ID == nil && !cmd.NoID && !c.opts.Agent
	size := len(`{"exec-oob": "", "arguments": , "id": 1234567890}`)
	size += len(cmd.Name) + len(cmd.Arguments) + len(cmd.Raw) + len(cmd.ID)
	wire, err := cmd.Append(make([]byte, 0, size))
	if err != nil {
		return nil, err
	}
	k.cmd, k.key = cmd, idKey(cmd.ID)
	k.msg.Raw, k.msg.ID = wire, cmd.ID
	return k, nil
}

// setNumber makes n the call's id. Ours needs none of the checks that Append makes of an id.
func (k *call) setNumber(n int) {
	wire := bytes.TrimRight(k.msg.Raw[:len(k.msg.Raw)-1], " \t") // the object without its end
	if wire[len(wire)-1] != '{' {
		wire = append(wire, ", "...)
	}
	wire = append(wire, `"id": `...)
	start := len(wire)
	wire = strconv.AppendInt(wire, int64(n), 10)
	id := wire[start:len(wire):len(wire)]
	k.number, k.key = n, strconv.Itoa(n)
	k.cmd.ID, k.msg.ID = id, id
	k.msg.Raw = append(wire, '}')
}

// scanRaw finds what matters for routing in a command that is sent as it is.
func scanRaw(raw []byte) (id json.RawMessage, oob bool) {
	s := jsonscan.New(raw)
	for name, value, ok := s.Member(); ok; name, value, ok = s.Member() {
		switch string(jsonscan.AppendText(nil, name)) {
		case "id":
			id = value
		case "exec-oob":
			oob = true
		}
	}
	return id, oob
}

// settleLocked finishes the call with its answer.
func (k *call) settleLocked(m *Message) {
	switch {
	case m.Error != nil:
		k.finishLocked(m.executeError(k.cmd))
	case m.Return == nil:
		k.finishLocked(badReply(m))
	default:
		k.reply = Reply{Return: m.Return, Raw: m.Raw}
		k.finishLocked(nil)
	}
}

func badReply(m *Message) error {
	return &BadReplyError{Origin: proto.Here(), Problem: "neither return nor error in a reply", Raw: m.Raw}
}

func (k *call) finishLocked(err error) {
	k.err = err
	k.finished = true
	close(k.done)
}
