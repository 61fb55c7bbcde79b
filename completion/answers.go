package completion

import (
	"cmp"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// What the server answers, as far as it matters here.

// node is one of query-named-block-nodes.
type node struct {
	Name    string `json:"node-name"`
	Driver  string `json:"drv"`
	Bitmaps []struct {
		Name string
	} `json:"dirty-bitmaps"`
}

func (n node) value() Value { return Value{Text: n.Name, Label: n.Driver} }

// drive is one of query-block.
type drive struct {
	Device   string // empty for one that was added without a drive
	Inserted struct {
		Driver string `json:"drv"`
	}
}

func (d drive) value() Value { return Value{Text: d.Device, Label: cmp.Or(d.Inserted.Driver, "empty")} }

// job is one of query-jobs.
type job struct{ ID, Type, Status string }

func (j job) value() Value { return Value{Text: j.ID, Label: j.Type + ", " + j.Status} }

// chardev is one of query-chardev.
type chardev struct{ Label, Filename string }

func (c chardev) value() Value { return Value{Text: c.Label, Label: c.Filename} }

// export is one of query-block-exports.
type export struct {
	ID, Type string
	Node     string `json:"node-name"`
}

func (e export) value() Value { return Value{Text: e.ID, Label: e.Type + " of " + e.Node} }

// property is one of qom-list.
type property struct{ Name, Type, Description string }

func (p property) value() Value {
	return Value{Text: p.Name, Label: p.Type, Type: cmdline.Property(p).ValueType()}
}
