package completion

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/shell/text"
)

// lookUp asks the server for what q means, sorted by text. Ids that could not be typed at a terminal are left out.
func lookUp(ctx context.Context, ask Ask, q Query) ([]Value, error) {
	s := server{ctx, ask}
	list, err := s.values(q)
	list = slices.DeleteFunc(list, func(v Value) bool { return v.Text == "" || !text.IsVisible(v.Text) })
	slices.SortFunc(list, func(a, b Value) int { return cmp.Compare(a.Text, b.Text) })
	return slices.CompactFunc(list, func(a, b Value) bool { return a.Text == b.Text }), err
}

// server is what look-ups ask.
type server struct {
	ctx context.Context
	ask Ask
}

func (s server) values(q Query) ([]Value, error) {
	switch q.Kind {
	case Devices:
		return s.devices()
	case Nodes:
		nodes, err := s.nodes()
		return values(nodes, node.value), err
	case Backends:
		list, err := fetch[drive](s, "query-block", nil)
		return values(list, drive.value), err
	case Jobs:
		list, err := fetch[job](s, "query-jobs", nil)
		return values(list, job.value), err
	case Bitmaps:
		return s.bitmaps(q.Of)
	case Chardevs:
		list, err := fetch[chardev](s, "query-chardev", nil)
		return values(list, chardev.value), err
	case Netdevs, Nics:
		return s.network(q.Kind == Nics)
	case Exports:
		list, err := fetch[export](s, "query-block-exports", nil)
		return values(list, export.value), err
	case Objects:
		return s.children("/objects")
	case Children:
		return s.children(q.Of)
	case ObjectProperties:
		list, err := s.qomList(q.Of)
		list = slices.DeleteFunc(list, func(p property) bool { return strings.HasPrefix(p.Type, "child<") })
		return values(list, property.value), err
	}
	return nil, nil
}

// values turns what the server lists into values.
func values[T any](list []T, value func(T) Value) []Value {
	found := make([]Value, len(list))
	for i, t := range list {
		found[i] = value(t)
	}
	return found
}

// fetch executes a command that returns a list.
func fetch[T any](s server, command string, args map[string]any) ([]T, error) {
	var raw json.RawMessage
	if args != nil {
		var err error
		if raw, err = json.Marshal(args); err != nil {
			return nil, err
		}
	}
	result, err := s.ask(s.ctx, command, raw)
	if err != nil {
		return nil, err
	}
	var list []T
	err = json.Unmarshal(result, &list)
	return list, err
}

func (s server) qomList(path string) ([]property, error) {
	return fetch[property](s, "qom-list", map[string]any{"path": path})
}

// children returns the names of the objects below the one at path, with their types.
func (s server) children(path string) ([]Value, error) {
	list, err := s.qomList(path)
	var found []Value
	for _, p := range list {
		if kind, ok := strings.CutPrefix(p.Type, "child<"); ok {
			found = append(found, Value{Text: p.Name, Label: strings.TrimSuffix(kind, ">")})
		}
	}
	return found, err
}

// devices returns the devices that users have added: by their ids, and those without one by their paths, which
// device_del takes too.
func (s server) devices() ([]Value, error) {
	found, err := s.children("/machine/peripheral")
	if err != nil {
		return nil, err
	}
	const anon = "/machine/peripheral-anon"
	unnamed, err := s.children(anon)
	for _, v := range unnamed {
		found = append(found, Value{Text: anon + "/" + v.Text, Label: v.Label})
	}
	return found, err
}

func (s server) nodes() ([]node, error) {
	// Without flat, every node comes with its whole backing chain.
	list, err := fetch[node](s, "query-named-block-nodes", map[string]any{"flat": true})
	if err != nil && s.ctx.Err() == nil { // before QEMU 5.0
		list, err = fetch[node](s, "query-named-block-nodes", nil)
	}
	return list, err
}

// bitmaps returns the dirty bitmaps of a node, or of all nodes if there is none of that name: it may be a drive's.
func (s server) bitmaps(of string) ([]Value, error) {
	nodes, err := s.nodes()
	if !slices.ContainsFunc(nodes, func(n node) bool { return n.Name == of }) {
		of = ""
	}
	var found []Value
	for _, n := range nodes {
		if of != "" && n.Name != of {
			continue
		}
		for _, b := range n.Bitmaps {
			found = append(found, Value{Text: b.Name, Label: "of " + n.Name})
		}
	}
	return found, err
}

// network returns network backends, and cards too if nics is set. No command of QMP tells the backends (7.2 to 10), only
// the human monitor does: a line for each client, of which the name and the type matter, as in
//
//	net0: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:12:34:56
//	 \ n0: index=0,type=user,net=10.0.2.0,restrict=off
func (s server) network(nics bool) ([]Value, error) {
	result, err := s.ask(s.ctx, "human-monitor-command", json.RawMessage(`{"command-line": "info network"}`))
	if err != nil {
		return nil, err
	}
	var text string
	if err := json.Unmarshal(result, &text); err != nil {
		return nil, err
	}
	var found []Value
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(strings.TrimLeft(line, ` \`), ": ")
		if !ok || !strings.HasPrefix(rest, "index=") {
			continue
		}
		_, kind, _ := strings.Cut(rest, "type=")
		if i := strings.IndexAny(kind, ", \r\n"); i >= 0 {
			kind = kind[:i]
		}
		if kind != "nic" || nics {
			found = append(found, Value{Text: name, Label: kind})
		}
	}
	return found, nil
}
