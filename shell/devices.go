package shell

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/completion"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/vm"
)

// WithDevices adds what is known of device types to what candidates come from. The server
// is not asked.
func WithDevices(env completion.Env, s *run.Schemas) completion.Env {
	env.Devices = devices{s}
	if k, _ := s.Devices(); k != nil {
		env.DeviceType = func(driver string) string { return s.DeviceType(driver, env.Schema) }
	}
	return env
}

// devices offers what is known of device types.
type devices struct{ schemas *run.Schemas }

func (d devices) Values(q completion.Query) (list []completion.Value, known bool) {
	k, settled := d.schemas.Devices()
	if k == nil {
		return nil, settled
	}
	switch q.Kind {
	case completion.DeviceTypes:
		return deviceTypes(k.Devices()), true
	case completion.Properties:
		var properties []cmdline.Property
		if json.Unmarshal(k.Properties(q.Of), &properties) != nil {
			return nil, true
		}
		for _, p := range properties {
			if strings.HasPrefix(p.Type, "child<") { // a part, which nobody sets
				continue
			}
			list = append(list, completion.Value{Text: p.Name, Label: p.Type, Type: p.ValueType()})
		}
	}
	return list, true
}

// deviceTypes offers the types that device_add takes, by their names and aliases.
func deviceTypes(all []vm.DeviceType) (list []completion.Value) {
	addable := func(d vm.DeviceType) bool { return d.Addable }
	some := slices.ContainsFunc(all, addable)
	for _, d := range all {
		if some && !d.Addable { // where a copy could not tell, any type may be
			continue
		}
		about := strings.TrimSpace(d.Bus + " " + d.About)
		list = append(list, completion.Value{Text: d.Name, Label: about})
		for _, alias := range d.Aliases {
			list = append(list, completion.Value{Text: alias, Label: "alias of " + d.Name})
		}
	}
	return list
}
