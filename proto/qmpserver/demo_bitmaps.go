package qmpserver

import (
	"fmt"
	"slices"
	"strings"
)

// bitmap is a dirty bitmap. The simulated guest writes nothing, so it stays empty.
type bitmap struct {
	name        string
	granularity int64
	persistent  bool
	disabled    bool
}

// bitmapInfo is QAPI's BlockDirtyInfo, in the order QEMU prints it.
type bitmapInfo struct {
	Name        string `json:"name"`
	Recording   bool   `json:"recording"`
	Persistent  bool   `json:"persistent"`
	Busy        bool   `json:"busy"`
	Granularity int64  `json:"granularity"`
	Count       int64  `json:"count"`
}

func (n *node) bitmapInfos() []bitmapInfo {
	var list []bitmapInfo
	for _, b := range slices.Backward(n.bitmaps) {
		list = append(list, bitmapInfo{
			Name: b.name, Recording: !b.disabled, Persistent: b.persistent, Granularity: b.granularity,
		})
	}
	return list
}

func bitmapParams() []param {
	return []param{{name: "node", required: true}, {name: "name", required: true}}
}

func bitmapAddParams() []param {
	return append(bitmapParams(), param{name: "granularity", kind: kindInt},
		param{name: "persistent", kind: kindBool}, param{name: "disabled", kind: kindBool})
}

func bitmapCommands() map[string]demoCommand {
	simple := func(change func(n *node, i int)) demoCommand {
		return demoCommand{params: bitmapParams(), run: func(d *Demo, _ *Session, a arguments) (any, *Error) {
			n, i, err := d.findBitmap(a)
			if err == nil {
				change(n, i)
			}
			return nil, err
		}}
	}
	// A changed bitmap is a new one: a transaction that fails puts the old back.
	disable := func(disabled bool) func(n *node, i int) {
		return func(n *node, i int) {
			b := *n.bitmaps[i]
			b.disabled = disabled
			n.bitmaps[i] = &b
		}
	}
	return map[string]demoCommand{
		"block-dirty-bitmap-add":     {params: bitmapAddParams(), run: addBitmap},
		"block-dirty-bitmap-remove":  simple(func(n *node, i int) { n.bitmaps = slices.Delete(n.bitmaps, i, i+1) }),
		"block-dirty-bitmap-clear":   simple(func(*node, int) {}),
		"block-dirty-bitmap-enable":  simple(disable(false)),
		"block-dirty-bitmap-disable": simple(disable(true)),
		"transaction": {
			params: []param{{name: "actions", kind: kindArray, required: true}, {name: "properties", kind: kindObject}},
			run:    transaction,
		},
	}
}

func (d *Demo) findBitmap(a arguments) (*node, int, *Error) {
	n, err := d.findNode(a.string("node"))
	if err != nil {
		return nil, 0, err
	}
	name := a.string("name")
	i := slices.IndexFunc(n.bitmaps, func(b *bitmap) bool { return b.name == name })
	if i < 0 {
		return nil, 0, Errorf("Dirty bitmap '%s' not found", name)
	}
	return n, i, nil
}

func addBitmap(d *Demo, _ *Session, a arguments) (any, *Error) {
	b := &bitmap{name: a.string("name"), granularity: 65536, persistent: a.bool("persistent", false), disabled: a.bool("disabled", false)}
	if b.name == "" {
		return nil, Errorf("Bitmap name cannot be empty")
	}
	n, err := d.findNode(a.string("node"))
	if err != nil {
		return nil, err
	}
	if a.has("granularity") {
		if b.granularity = a.int("granularity"); b.granularity < 512 || b.granularity&(b.granularity-1) != 0 {
			return nil, Errorf("Granularity must be power of 2 and at least 512")
		}
	}
	if slices.ContainsFunc(n.bitmaps, func(have *bitmap) bool { return have.name == b.name }) {
		return nil, Errorf("Bitmap already exists: %s", b.name)
	}
	n.bitmaps = append(n.bitmaps, b)
	return nil, nil
}

// transactionTypes are the actions of QEMU 7.2, in the order of its schema.
func transactionTypes() []string {
	return []string{
		"abort", "block-dirty-bitmap-add", "block-dirty-bitmap-remove", "block-dirty-bitmap-clear",
		"block-dirty-bitmap-enable", "block-dirty-bitmap-disable", "block-dirty-bitmap-merge", "blockdev-backup",
		"blockdev-snapshot", "blockdev-snapshot-internal-sync", "blockdev-snapshot-sync", "drive-backup",
	}
}

// transaction does all of its actions or none.
func transaction(d *Demo, s *Session, a arguments) (any, *Error) {
	actions, err := d.checkActions(a["actions"].elements())
	if err != nil {
		return nil, err
	}
	before := map[*node][]*bitmap{}
	for _, n := range d.nodes {
		before[n] = slices.Clone(n.bitmaps)
	}
	var jobs []*job
	for _, act := range actions {
		if err = act(&jobs); err != nil {
			break
		}
	}
	if err != nil {
		for n, bitmaps := range before {
			n.bitmaps = bitmaps
		}
		for _, j := range jobs {
			d.releaseJobLocked(j)
		}
		return nil, err
	}
	for _, j := range jobs {
		d.startJobLocked(j)
	}
	return nil, nil
}

// action does one checked action of a transaction, and adds the job it makes.
type action func(jobs *[]*job) *Error

// checkActions checks the arguments of all actions before the first is done.
func (d *Demo) checkActions(elements []member) ([]action, *Error) {
	actions := make([]action, len(elements))
	for i, e := range elements {
		path := fmt.Sprintf("actions[%d]", i)
		if e.kind != '{' {
			return nil, wrongType(path, "object")
		}
		a, err := checkArguments(e.value, path+".", []param{
			{name: "type", kind: kindEnum, values: transactionTypes(), required: true},
			{name: "data", kind: kindObject, required: true},
		})
		if err != nil {
			return nil, err
		}
		if actions[i], err = d.checkAction(a.string("type"), a.raw("data"), path+".data."); err != nil {
			return nil, err
		}
	}
	return actions, nil
}

func (d *Demo) checkAction(name string, data []byte, path string) (action, *Error) {
	switch cmd, simulated := d.commands[name]; {
	case name == "abort":
		_, err := checkArguments(data, path, nil)
		return func(*[]*job) *Error { return Errorf("Transaction aborted using Abort action") }, err
	case name == "blockdev-backup":
		a, err := checkArguments(data, path, cmd.params)
		return func(jobs *[]*job) *Error {
			j, err := d.newCopyJob("backup", a)
			if err == nil {
				*jobs = append(*jobs, j)
			}
			return err
		}, err
	case simulated && strings.HasPrefix(name, "block-dirty-bitmap-"):
		a, err := checkArguments(data, path, cmd.params)
		return func(*[]*job) *Error {
			_, err := cmd.run(d, nil, a)
			return err
		}, err
	}
	return nil, Errorf("The demo does not simulate the action %s", name)
}
