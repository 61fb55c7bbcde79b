package run

import (
	"context"
	"encoding/json"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/vm"
)

// What no schema tells: device types and the properties of devices and objects. A
// running server is not asked for the former; a copy of its binary is.

// Devices returns what is known of the server's device types, nil if that is nothing.
// settled is false while that may still change: see Learn.
func (s *Schemas) Devices() (k *vm.Knowledge, settled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k = s.keptLocked(); k != nil && !k.Whole() {
		k = nil
	}
	return k, k != nil || !s.learning
}

// Learn asks a copy of the server's binary for what is not kept of its device types. It
// takes half a second, once for each binary.
func (s *Schemas) Learn(ctx context.Context) {
	_, settled := s.Devices()
	if settled {
		return
	}
	s.mu.Lock()
	round := s.round
	s.mu.Unlock()
	k := s.kept.Learn(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if round != s.round {
		return
	}
	s.learning = false
	if k != nil && (s.told == nil || k.Agrees(s.told)) {
		s.knowledge = k
	}
}

// DeviceType returns the type of a driver, which may be named by an alias: by what is known
// of the binary, else as cmdline.DeviceType does.
func (s *Schemas) DeviceType(driver string, schema *qapi.Schema) string {
	if k, _ := s.Devices(); k != nil {
		if d, known := k.Device(driver); known {
			return d.Name
		}
	}
	return cmdline.DeviceType(driver, schema)
}

// properties tells the properties of the owner of values that are being typed. For a
// device the server may be asked if the command is about to be sent.
func (s *Schemas) properties(ctx context.Context, sending bool) func(cmdline.Owner) []cmdline.Property {
	return func(o cmdline.Owner) []cmdline.Property {
		var raw json.RawMessage
		var err error
		if o.Driver != "" {
			raw, err = s.ofDevice(ctx, o.Driver, sending)
		} else {
			raw, err = s.ofObject(ctx, o.Path)
		}
		var list []cmdline.Property
		if err != nil || json.Unmarshal(raw, &list) != nil {
			return nil // the server will say what is wrong with the driver or the path
		}
		return list
	}
}

func (s *Schemas) ofDevice(ctx context.Context, typename string, sending bool) (json.RawMessage, error) {
	if k, _ := s.Devices(); k != nil {
		if raw := k.Properties(typename); raw != nil {
			return raw, nil
		}
		if d, known := k.Device(typename); known && d.Fatal {
			return nil, &NotAskedError{adding, "the question has ended a copy of it"}
		}
	}
	if !sending {
		return nil, &NotAskedError{adding, "nothing is about to be added"}
	}
	return s.door.BeforeAdding(ctx, typename)
}

func (s *Schemas) ofObject(ctx context.Context, path string) (json.RawMessage, error) {
	args, err := json.Marshal(map[string]string{"path": path})
	if err != nil {
		return nil, err
	}
	return s.Ask(ctx, "qom-list", args)
}
