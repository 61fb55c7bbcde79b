package vm

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"maps"
	"slices"
)

// A pack is a file of named records, of which a reader takes those that it needs:
//
//	magic     8 bytes, with the version of the format
//	size      8 bytes, of the whole file: a shorter one was cut off
//	index     4 bytes, its length
//	checksum  4 bytes, of the index
//	the index: for each record the length of its name (2 bytes), its name, and
//	offset, length and checksum of its content (4 bytes each)
//	the contents
//
// Numbers are little-endian, checksums CRC-32C. They find damage, not malice: the
// store takes nothing that another user could have written.
const (
	packMagic  = "qmpshkn\x01"
	packHeader = 8 + 8 + 4 + 4

	maxPack  = 64 << 20
	maxIndex = 1 << 20
)

// errDamaged says that a pack, or a record of it, is not what was written.
var errDamaged = errors.New("the file is damaged")

func checksum(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }

// appendPack appends a pack with these records to p.
func appendPack(p []byte, records map[string][]byte) []byte {
	names := slices.Sorted(maps.Keys(records))
	index, total := 0, 0
	for _, name := range names {
		index += 2 + len(name) + 12
		total += len(records[name])
	}
	le := binary.LittleEndian
	list := make([]byte, 0, index)
	at := packHeader + index
	for _, name := range names {
		content := records[name]
		list = le.AppendUint16(list, uint16(len(name)))
		list = append(list, name...)
		list = le.AppendUint32(list, uint32(at))
		list = le.AppendUint32(list, uint32(len(content)))
		list = le.AppendUint32(list, checksum(content))
		at += len(content)
	}
	p = slices.Grow(p, at)
	p = append(p, packMagic...)
	p = le.AppendUint64(p, uint64(at))
	p = le.AppendUint32(p, uint32(index))
	p = le.AppendUint32(p, checksum(list))
	p = append(p, list...)
	for _, name := range names {
		p = append(p, records[name]...)
	}
	return p
}

// pack reads records. Any goroutine may use it.
type pack struct {
	from    io.ReaderAt
	records map[string]record
}

type record struct{ at, size, sum uint32 }

// openPack reads the index of a pack of size bytes. The error is errDamaged, or that
// of the reader.
func openPack(from io.ReaderAt, size int64) (*pack, error) {
	if size < packHeader || size > maxPack {
		return nil, errDamaged
	}
	le := binary.LittleEndian
	head := make([]byte, packHeader)
	if _, err := from.ReadAt(head, 0); err != nil {
		return nil, err
	}
	length := le.Uint32(head[16:])
	if string(head[:8]) != packMagic || le.Uint64(head[8:]) != uint64(size) ||
		length > maxIndex || int64(packHeader+length) > size {
		return nil, errDamaged
	}
	list := make([]byte, length)
	if _, err := from.ReadAt(list, packHeader); err != nil {
		return nil, err
	}
	if checksum(list) != le.Uint32(head[20:]) {
		return nil, errDamaged
	}
	p := &pack{from: from, records: make(map[string]record, length/40)}
	for len(list) > 0 {
		if len(list) < 2 || len(list) < 2+int(le.Uint16(list))+12 {
			return nil, errDamaged
		}
		name := string(list[2 : 2+le.Uint16(list)])
		list = list[2+len(name):]
		r := record{le.Uint32(list), le.Uint32(list[4:]), le.Uint32(list[8:])}
		if uint64(r.at)+uint64(r.size) > uint64(size) {
			return nil, errDamaged
		}
		p.records[name] = r
		list = list[12:]
	}
	return p, nil
}

// has says whether there is a record of that name.
func (p *pack) has(name string) bool {
	_, ok := p.records[name]
	return ok
}

// read returns the content of a record, nil if there is none. The error is
// errDamaged, or that of the reader.
func (p *pack) read(name string) ([]byte, error) {
	r, ok := p.records[name]
	if !ok {
		return nil, nil
	}
	content := make([]byte, r.size)
	if _, err := p.from.ReadAt(content, int64(r.at)); err != nil {
		return nil, err
	}
	if checksum(content) != r.sum {
		return nil, errDamaged
	}
	return content, nil
}
