package vm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPack(t *testing.T) {
	records := map[string][]byte{"a": []byte("1"), "b": {}, "command/x": bytes.Repeat([]byte("x"), 10_000)}
	content := appendPack(nil, records)
	p, err := openPack(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range records {
		if got, err := p.read(name); err != nil || !bytes.Equal(got, want) || !p.has(name) {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	if got, err := p.read("c"); got != nil || err != nil || p.has("c") {
		t.Errorf("what is not there is %q, %v", got, err)
	}
}

// Every cut and every changed bit is found: when the pack is opened, or when the record
// is read.
func TestPackFindsDamage(t *testing.T) {
	content := appendPack(nil, map[string][]byte{"one": []byte("content"), "two": []byte("more")})
	for size := range len(content) {
		if _, err := openPack(bytes.NewReader(content[:size]), int64(size)); err == nil {
			t.Errorf("the first %d bytes are taken for a pack", size)
		}
	}
	for bit := range len(content) * 8 {
		spoilt := bytes.Clone(content)
		spoilt[bit/8] ^= 1 << (bit % 8)
		p, err := openPack(bytes.NewReader(spoilt), int64(len(spoilt)))
		if err == nil {
			_, one := p.read("one")
			_, two := p.read("two")
			err = errors.Join(one, two)
		}
		if err == nil {
			t.Errorf("changed bit %d is not found", bit)
		}
	}
}

// A pack that was made to harm: its checksums are right.
func TestPackMadeToHarm(t *testing.T) {
	index := func(entries ...any) []byte {
		var list []byte
		for _, e := range entries {
			switch e := e.(type) {
			case string:
				list = binary.LittleEndian.AppendUint16(list, uint16(len(e)))
				list = append(list, e...)
			case int:
				list = binary.LittleEndian.AppendUint32(list, uint32(e))
			}
		}
		return list
	}
	pack := func(list []byte, length uint32) []byte {
		p := append([]byte{}, packMagic...)
		p = binary.LittleEndian.AppendUint64(p, uint64(packHeader+len(list)))
		p = binary.LittleEndian.AppendUint32(p, length)
		p = binary.LittleEndian.AppendUint32(p, checksum(list))
		return append(p, list...)
	}
	for name, list := range map[string][]byte{
		"a record behind the end":       index("a", packHeader, 1000, 0),
		"a record of four gigabytes":    index("a", packHeader, 0xffffffff, 0),
		"an offset that overflows":      index("a", 0xffffffff, 0xffffffff, 0),
		"an entry that is cut off":      index("a", packHeader, 1),
		"a name longer than the index":  {0xff, 0xff, 'a'},
		"half a length":                 {1},
		"a record that holds its index": index("a", 0, packHeader+15, 0),
	} {
		content := pack(list, uint32(len(list)))
		p, err := openPack(bytes.NewReader(content), int64(len(content)))
		if err == nil {
			_, err = p.read("a")
		}
		if !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, length := range []uint32{maxIndex + 1, 0xffffffff, 1 << 31} {
		content := pack(nil, length)
		if _, err := openPack(bytes.NewReader(content), int64(len(content))); !errors.Is(err, errDamaged) {
			t.Errorf("an index of %d bytes: %v", length, err)
		}
	}
}

// Knowledge whose pieces lie or go round in circles is as good as none.
func TestKnowledgeMadeToHarm(t *testing.T) {
	circle := `[{"name": "set", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
		{"name": "1", "meta-type": "object", "members": [{"name": "t", "type": "e"}], "tag": "t", "variants": [{"case": "a", "type": "1"}]},
		{"name": "e", "meta-type": "enum", "members": [{"name": "a"}], "values": ["a"]}]`
	for name, records := range map[string]map[string]string{
		"nothing":               {},
		"other JSON":            {"schema": "{}", "command/set": "7", "devices": `{"name": 1}`, "device/nic": "{}"},
		"no JSON":               {"schema": "[[", "command/set": "[", "devices": "\x00", "device/nic": "]"},
		"a union in itself":     {"schema": circle, "command/set": circle},
		"aliases in a circle":   {"devices": `[{"name": "a", "aliases": ["b", "a"]}, {"name": "b", "aliases": ["a", "b"]}]`},
		"an alias of nothing":   {"devices": `[{"name": "", "aliases": ["nic", ""]}]`},
		"nested without an end": {"schema": strings.Repeat("[", 1<<20), "devices": strings.Repeat("[", 1<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			content := map[string][]byte{"about": []byte(`{"identity": "x"}`)}
			for name, text := range records {
				content[name] = []byte(text)
			}
			k, err := inMemory(appendPack(nil, content))
			if err != nil {
				t.Fatal(err)
			}
			if k.Schema() != nil || k.SchemaOf("set") != nil || k.Agrees([]byte(fakeSchema)) {
				t.Error("there is a schema")
			}
			for _, d := range []string{"a", "b", "nic", ""} {
				_, _ = k.Device(d)
				_ = fmt.Sprint(k.Properties(d), k.Devices())
			}
		})
	}
}

func FuzzPack(f *testing.F) {
	f.Add(appendPack(nil, map[string][]byte{"about": []byte(`{}`), "schema": []byte("[]")}))
	f.Fuzz(func(t *testing.T, content []byte) {
		if k, err := inMemory(content); err == nil {
			_, _, _ = k.Schema(), k.Devices(), k.Properties("a")
		}
	})
}
