package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// Door is the one way by which qmpsh asks a server something of its own accord: what
// the user typed does not come through here. It lets through what Questions lists, and
// nothing else.
type Door struct {
	execute func(ctx context.Context, command string, args json.RawMessage) (json.RawMessage, error)
}

// NewDoor makes the door to client's server.
func NewDoor(client *qmp.Client) Door { return Door{client.Execute} }

// Question is something that qmpsh asks of its own accord.
type Question struct {
	Command   string
	Arguments string // exactly these, as compact JSON; or the name of the only one; empty for none
	When      string
	Harmless  string // why it is
	Cost      string // to the server
}

// adding is the one question that may make a device: see BeforeAdding.
const adding = "device-list-properties"

// Questions lists what qmpsh asks of its own accord. docs/safety.md shows the same list.
// A command is harmless when QEMU's handler of it only reads what is there: it loads no
// module, makes no object, calls no code of a device.
func Questions() []Question {
	const (
		tab   = "Tab, where such a name may stand; at most every 10 s"
		lists = "goes over a list in memory"
		small = "under 0.1 ms"
	)
	return []Question{
		{"query-qmp-schema", "", "a command whose values leave a doubt, Tab, `describe`: once a connection, and not while a kept copy will do",
			"returns a constant of the program", "12 to 20 ms"},
		{"query-name", "", "the shell's prompt, once a connection; a second time where the answer takes over 2 s", "returns an option", small},
		{"query-status", "", "the shell's prompt, after connecting and after events that change the state", "returns the state", small},
		{"qom-list", "path", "Tab in paths and properties; `qom-set`, for the type of its value", "lists the names of properties and reads none", small},
		{"query-named-block-nodes", `{"flat":true}`, tab, "describes the open images; it asks for their files' sizes, as every manager does, and waits where their storage does", "0.1 ms a node"},
		{"query-named-block-nodes", "", "the same before QEMU 5.0, which knows no `flat`", "as above", "0.1 ms a node"},
		{"query-block", "", tab, "describes the drives and their images, as above", "0.1 ms a drive"},
		{"query-block-exports", "", tab, lists, small},
		{"query-jobs", "", tab, lists, small},
		{"query-chardev", "", tab, lists, small},
		{"human-monitor-command", `{"command-line":"info network"}`, tab, "prints the list of network clients, which no command of QMP tells; no other line of HMP", small},
		{"guest-info", "", "a guest agent: Tab, the shell's banner, a command that it lacks; once a connection", "lists the agent's commands", small},
		{adding, "typename", "`device_add` that is about to be sent, of a type of which nothing is known yet",
			"makes a device of the type, which the command behind it does anyway; not of types known to end QEMU, and never to look", "0.5 ms"},
	}
}

// NotAskedError says that a question was not asked, since it might harm the server.
type NotAskedError struct {
	Command string
	Why     string
}

func (e *NotAskedError) Error() string {
	return fmt.Sprintf("%s is not asked of a running server: %s", e.Command, e.Why)
}

// Ask asks the server. What Questions does not list gets a *NotAskedError; other errors
// are those of qmp.Client.Do.
func (d Door) Ask(ctx context.Context, command string, args json.RawMessage) (json.RawMessage, error) {
	listed := slices.ContainsFunc(Questions(), func(q Question) bool {
		return q.Command == command && command != adding && q.allows(args)
	})
	if !listed {
		return nil, &NotAskedError{command, "it may load modules or make objects"}
	}
	return d.pass(ctx, command, args)
}

// BeforeAdding returns the properties of a device type, as device-list-properties tells
// them, when a device_add of it is about to be sent. QEMU makes a device to answer, which
// ends some builds of it for some types: those are not asked about.
func (d Door) BeforeAdding(ctx context.Context, typename string) (json.RawMessage, error) {
	if endsQEMU(typename) {
		return nil, &NotAskedError{adding, "making a " + typename + " ends some builds of QEMU"}
	}
	args, err := json.Marshal(map[string]string{"typename": typename})
	if err != nil {
		return nil, err
	}
	return d.pass(ctx, adding, args)
}

func (d Door) pass(ctx context.Context, command string, args json.RawMessage) (json.RawMessage, error) {
	if d.execute == nil {
		return nil, &NoSchemaError{}
	}
	return d.execute(ctx, command, args)
}

// allows says whether the question may be asked with these arguments.
func (q Question) allows(args json.RawMessage) bool {
	if q.Arguments == "" || len(args) == 0 {
		return q.Arguments == "" && len(args) == 0
	}
	if q.Arguments[0] == '{' {
		var text bytes.Buffer
		return json.Compact(&text, args) == nil && text.String() == q.Arguments
	}
	var members map[string]json.RawMessage
	return json.Unmarshal(args, &members) == nil && len(members) == 1 && members[q.Arguments] != nil
}

// endsQEMU says whether making a device of the type is known to end some builds of QEMU:
// a virtio device on a bus is made around another one, and QEMU aborts when that was built
// as a module that is not installed (seen with virtio-gpu-gl-pci and virtio-vga-gl of QEMU
// 7.2 in Debian). Graphics cards are what is built so.
func endsQEMU(typename string) bool {
	virtio := strings.HasPrefix(typename, "virtio-") || strings.HasPrefix(typename, "vhost-user-")
	return virtio && (strings.Contains(typename, "gpu") || strings.Contains(typename, "vga"))
}
