package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

const (
	// maxDeaths is how many copies may die of a question. QEMU 7.2 of Debian loses two;
	// a binary whose modules are broken loses all.
	maxDeaths = 12
	maxTypes  = 8192
)

// Facts is what a binary has told.
type Facts struct {
	Version qmp.Version
	Schema  []byte       // the array that query-qmp-schema returns
	Whole   bool         // Types are all that there are, and not only unknown
	Types   []DeviceType // sorted by name
	// Properties of device types by their names, as device-list-properties returns them. A
	// type without any could not be asked about.
	Properties map[string][]byte

	copied bool // a copy has told it
}

// Knowledge makes what was told ready to be looked up, in memory. The error says what is
// wrong with the schema.
func (f *Facts) Knowledge() (*Knowledge, error) {
	content, err := f.pack(&Binary{}, true)
	if err != nil {
		return nil, err
	}
	return inMemory(content)
}

// Learn asks throw-away copies of the binary for all that it can tell: its schema and,
// of an emulator, the device types and their properties. A question that ends a copy
// is not asked again; the next copy goes on behind it. It takes half a second with
// QEMU 7.2, and 20 s at most.
func Learn(ctx context.Context, b *Binary) (*Knowledge, error) {
	f, err := learn(ctx, b)
	if err != nil {
		return nil, err
	}
	content, err := f.pack(b, true)
	if err != nil {
		return nil, err
	}
	return inMemory(content)
}

// inMemory is knowledge without a file.
func inMemory(content []byte) (*Knowledge, error) {
	return openKnowledge(bytes.NewReader(content), int64(len(content)), nil)
}

func learn(ctx context.Context, b *Binary) (*Facts, error) {
	ctx, cancel := context.WithTimeout(ctx, b.limits.all)
	defer cancel()
	l := &learner{binary: b, facts: &Facts{Properties: map[string][]byte{}, copied: true}}
	defer func() { l.bury() }()
	raw, err := l.ask(ctx, "query-qmp-schema", "{}")
	if err != nil {
		return nil, fmt.Errorf("a copy of %s does not tell its schema: %w", b.Path, err)
	}
	l.facts.Version = l.patient.client.Greeting().Version
	l.facts.Schema = raw
	if b.Program == Emulator {
		if err := l.devices(ctx); err != nil {
			return nil, err
		}
	}
	return l.facts, nil
}

// learner asks one copy after the other.
type learner struct {
	binary  *Binary
	facts   *Facts
	patient *patient // nil when the next question needs a new one
	deaths  int
}

func (l *learner) bury() {
	if l.patient != nil {
		l.patient.end()
		l.patient = nil
	}
}

// ask asks the copy at hand, or a new one. An answer may be a refusal, which is an
// *qmp.ExecuteError; after any other error the copy is gone.
func (l *learner) ask(ctx context.Context, command, args string) ([]byte, error) {
	if l.patient == nil {
		p, err := l.binary.start(ctx)
		if err != nil {
			return nil, err
		}
		l.patient = p
	}
	raw, err := l.patient.ask(ctx, command, args)
	if err != nil && !isRefusal(err) {
		l.bury()
		l.deaths++
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}
	return raw, err
}

func isRefusal(err error) bool {
	var refused *qmp.ExecuteError
	return errors.As(err, &refused)
}

// devices learns the device types. A binary that cannot even list them, because the
// modules on its way are of another build, tells the schema at least.
func (l *learner) devices(ctx context.Context) error {
	types := map[string]DeviceType{}
	help, err := l.binary.help(ctx)
	if err == nil {
		for _, d := range parseDeviceHelp(help) {
			types[d.Name] = d
		}
	}
	var all []struct{ Name string }
	raw, err := l.ask(ctx, "qom-list-types", `{"implements": "device", "abstract": false}`)
	if err == nil && json.Unmarshal(raw, &all) == nil {
		for _, t := range all {
			if _, known := types[t.Name]; !known {
				types[t.Name] = DeviceType{Name: t.Name}
			}
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(types) == 0 || len(types) > maxTypes {
		return nil
	}
	l.facts.Whole = true
	for _, name := range slices.Sorted(maps.Keys(types)) {
		d := types[name]
		if err := l.properties(ctx, &d); err != nil {
			return err
		}
		l.facts.Types = append(l.facts.Types, d)
	}
	return nil
}

// properties asks for those of one type, unless too many copies have died already. The
// error is that of ctx.
func (l *learner) properties(ctx context.Context, d *DeviceType) error {
	if l.deaths >= maxDeaths {
		return nil
	}
	args, err := json.Marshal(map[string]string{"typename": d.Name})
	if err != nil {
		return nil
	}
	raw, err := l.ask(ctx, "device-list-properties", string(args))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && !isRefusal(err):
		d.Fatal = true
	case err == nil:
		if raw, err = compact(raw); err == nil {
			l.facts.Properties[d.Name] = raw
		}
	}
	return nil
}

// compact takes the blanks out of JSON.
func compact(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(raw))
	if err := json.Compact(&b, raw); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
