package demo

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
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

func bitmapCommands() map[string]command {
	simple := func(change func(n *node, i int)) command {
		return func(d *Machine, _ *qmpserver.Conversation, a arguments) (any, error) {
			n, i, err := d.findBitmap(a)
			if err == nil {
				change(n, i)
			}
			return nil, err
		}
	}
	// A changed bitmap is a new one: a transaction that fails puts the old back.
	disable := func(disabled bool) func(n *node, i int) {
		return func(n *node, i int) {
			b := *n.bitmaps[i]
			b.disabled = disabled
			n.bitmaps[i] = &b
		}
	}
	return map[string]command{
		"block-dirty-bitmap-add":     addBitmap,
		"block-dirty-bitmap-remove":  simple(func(n *node, i int) { n.bitmaps = slices.Delete(n.bitmaps, i, i+1) }),
		"block-dirty-bitmap-clear":   simple(func(*node, int) {}),
		"block-dirty-bitmap-enable":  simple(disable(false)),
		"block-dirty-bitmap-disable": simple(disable(true)),
		"transaction":                transaction,
	}
}

func (d *Machine) findBitmap(a arguments) (*node, int, error) {
	n, err := d.findNode(a.string("node"))
	if err != nil {
		return nil, 0, err
	}
	name := a.string("name")
	i := slices.IndexFunc(n.bitmaps, func(b *bitmap) bool { return b.name == name })
	if i < 0 {
		return nil, 0, qmpserver.Errorf("Dirty bitmap '%s' not found", name)
	}
	return n, i, nil
}

func addBitmap(d *Machine, _ *qmpserver.Conversation, a arguments) (any, error) {
	b := &bitmap{name: a.string("name"), granularity: 65536, persistent: a.bool("persistent", false), disabled: a.bool("disabled", false)}
	if b.name == "" {
		return nil, qmpserver.Errorf("Bitmap name cannot be empty")
	}
	n, err := d.findNode(a.string("node"))
	if err != nil {
		return nil, err
	}
	if a.has("granularity") {
		if b.granularity = a.int("granularity"); b.granularity < 512 || b.granularity&(b.granularity-1) != 0 {
			return nil, qmpserver.Errorf("Granularity must be power of 2 and at least 512")
		}
	}
	if slices.ContainsFunc(n.bitmaps, func(have *bitmap) bool { return have.name == b.name }) {
		return nil, qmpserver.Errorf("Bitmap already exists: %s", b.name)
	}
	n.bitmaps = append(n.bitmaps, b)
	return nil, nil
}

// transaction does all of its actions or none.
func transaction(d *Machine, s *qmpserver.Conversation, a arguments) (any, error) {
	actions, err := d.actions(a)
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
type action func(jobs *[]*job) error

// actions finds out what the actions do before the first is done.
func (d *Machine) actions(a arguments) ([]action, error) {
	var list []struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(a["actions"], &list) // of this form, says the schema
	actions := make([]action, len(list))
	for i, one := range list {
		if actions[i] = d.action(one.Type, decode(one.Data)); actions[i] == nil {
			return nil, qmpserver.Errorf("The demo does not simulate the action %s", one.Type)
		}
	}
	return actions, nil
}

// action returns what an action does, nil if it is not simulated.
func (d *Machine) action(name string, a arguments) action {
	switch act, simulated := d.commands[name]; {
	case name == "abort":
		return func(*[]*job) error { return qmpserver.Errorf("Transaction aborted using Abort action") }
	case name == "blockdev-backup":
		return func(jobs *[]*job) error {
			j, err := d.newCopyJob("backup", a)
			if err == nil {
				*jobs = append(*jobs, j)
			}
			return err
		}
	case simulated && strings.HasPrefix(name, "block-dirty-bitmap-"):
		return func(*[]*job) error {
			_, err := act(d, nil, a)
			return err
		}
	}
	return nil
}
