package vm

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

// Knowledge is what is known of one binary. It is read from its file piece by piece,
// as it is needed; a piece that is damaged is as good as none. Any goroutine may use
// it. Close it.
type Knowledge struct {
	pack  *pack
	about about
	file  io.Closer // nil for knowledge in memory

	schema  func() *qapi.Schema
	devices func() *deviceTable
}

// about is the record of that name.
type about struct {
	Identity string      `json:"identity"`
	Path     string      `json:"path"`
	Learned  time.Time   `json:"learned"`
	Version  qmp.Version `json:"version"`
	Devices  bool        `json:"devices"` // whether there is a record of the device types
	Copied   bool        `json:"copied"`  // a copy told this: there is no more to learn
	Cut      bool        `json:"cut"`     // whether there is a record of each command's schema
}

// Names of records.
const (
	recordAbout   = "about"
	recordSchema  = "schema"
	recordDevices = "devices"
	ofCommand     = "command/"
	ofDevice      = "device/"
)

// pack writes facts about b down. Cutting the schema up takes longer than all else, and
// may be put off.
func (f *Facts) pack(b *Binary, cut bool) ([]byte, error) {
	records := map[string][]byte{recordSchema: f.Schema}
	if cut {
		commands, err := commandSchemas(f.Schema)
		if err != nil {
			return nil, err
		}
		for name, part := range commands {
			records[ofCommand+name] = part
		}
	}
	for name, properties := range f.Properties {
		records[ofDevice+name] = properties
	}
	for name, value := range map[string]any{
		recordDevices: f.Types,
		recordAbout: about{
			Identity: b.identity, Path: b.Path, Learned: time.Now().UTC().Truncate(time.Second),
			Version: f.Version, Devices: f.Whole, Copied: f.copied, Cut: cut,
		},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		records[name] = text
	}
	return appendPack(nil, records), nil
}

// openKnowledge reads what a pack says of itself.
func openKnowledge(from io.ReaderAt, size int64, file io.Closer) (*Knowledge, error) {
	p, err := openPack(from, size)
	if err != nil {
		return nil, err
	}
	k := &Knowledge{pack: p, file: file}
	raw, err := p.read(recordAbout)
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(raw, &k.about) != nil {
		return nil, errDamaged
	}
	k.schema = sync.OnceValue(func() *qapi.Schema { return k.parse(recordSchema) })
	k.devices = sync.OnceValue(k.readDevices)
	return k, nil
}

// Close lets go of the file.
func (k *Knowledge) Close() error {
	if k.file == nil {
		return nil
	}
	return k.file.Close()
}

// Version is that of the binary's greeting. A server that greets otherwise runs
// something else.
func (k *Knowledge) Version() qmp.Version { return k.about.Version }

// Whole says whether the device types are known too, and not only the schema.
func (k *Knowledge) Whole() bool { return k.about.Devices }

// Schema returns the whole schema, nil if it is damaged.
func (k *Knowledge) Schema() *qapi.Schema { return k.schema() }

// SchemaOf returns a schema that has this one command, and others or not; nil if the
// binary has no such command. Unless the knowledge is unfinished it costs as much as the
// command is large.
func (k *Knowledge) SchemaOf(command string) *qapi.Schema {
	if k.about.Cut {
		return k.parse(ofCommand + command)
	}
	s := k.Schema()
	if s == nil || s.Command(command) == nil {
		return nil
	}
	return s
}

// Finished says whether the knowledge is in the form that loads fast; see Store.Finish.
func (k *Knowledge) Finished() bool { return k.about.Cut }

func (k *Knowledge) parse(record string) *qapi.Schema {
	raw, err := k.pack.read(record)
	if raw == nil || err != nil {
		return nil
	}
	s, err := qapi.Parse(raw)
	if err != nil {
		return nil
	}
	return s
}

// Agrees says whether raw, the answer of a server to query-qmp-schema, is the schema
// that is known here.
func (k *Knowledge) Agrees(raw []byte) bool {
	known, err := k.pack.read(recordSchema)
	if known == nil || err != nil {
		return false
	}
	if bytes.Equal(raw, known) {
		return true
	}
	raw, err = compact(raw) // it may be a monitor with pretty=on
	if err == nil {
		known, err = compact(known)
	}
	return err == nil && bytes.Equal(raw, known)
}

// deviceTable finds device types by their names and aliases.
type deviceTable struct {
	list   []DeviceType // sorted by name
	byName map[string]int
}

func (k *Knowledge) readDevices() *deviceTable {
	t := &deviceTable{byName: map[string]int{}}
	raw, err := k.pack.read(recordDevices)
	if err != nil || json.Unmarshal(raw, &t.list) != nil {
		t.list = nil
	}
	for i, d := range t.list {
		for _, alias := range d.Aliases {
			t.byName[alias] = i
		}
	}
	for i, d := range t.list {
		t.byName[d.Name] = i
	}
	return t
}

// Devices returns all device types, sorted by name.
func (k *Knowledge) Devices() []DeviceType { return slices.Clip(k.devices().list) }

// Device finds a device type by its name or an alias. That there is none may mean that
// the server has loaded a module which is not in its folder now.
func (k *Knowledge) Device(name string) (d DeviceType, known bool) {
	t := k.devices()
	i, known := t.byName[name]
	if known {
		d = t.list[i]
	}
	return d, known
}

// Properties returns the properties of a device type, by its name or an alias, as
// device-list-properties returns them; nil where they are not known.
func (k *Knowledge) Properties(name string) json.RawMessage {
	if !k.pack.has(ofDevice + name) {
		d, _ := k.Device(name)
		name = d.Name
	}
	raw, err := k.pack.read(ofDevice + name)
	if err != nil {
		return nil
	}
	return raw
}
