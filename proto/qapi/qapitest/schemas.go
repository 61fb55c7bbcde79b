// Package qapitest holds what tests of typed values need: schemas of real servers, and values built from a schema
// itself, right ones and wrong ones. Only tests import it.
package qapitest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// The schema of qemu-storage-daemon 7.2, the value of "return" as it came, compressed. It can be captured again by
//
//	printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"query-qmp-schema"}' '{"execute":"quit"}' |
//	  qemu-storage-daemon --chardev stdio,id=c --monitor chardev=c |
//	  sed -n '3s/^{"return": \(.*\)}\r*$/\1/p' | gzip -9n > proto/qapi/qapitest/data/storage-daemon.json.gz
//
//go:embed data/storage-daemon.json.gz
var storageDaemon []byte

// RawQEMU returns the introspection JSON of QEMU 7.2 for x86_64, about 200 kB: the one that demo: answers with.
func RawQEMU(t testing.TB) []byte {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	file := filepath.Join(filepath.Dir(here), "..", "..", "qmpserver", "demo", "data", "schema.json.gz")
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return unpack(t, packed)
}

// RawStorageDaemon returns the introspection JSON of qemu-storage-daemon 7.2, about 110 kB.
func RawStorageDaemon(t testing.TB) []byte {
	t.Helper()
	return unpack(t, storageDaemon)
}

// QEMU returns the schema of QEMU 7.2 for x86_64.
func QEMU(t testing.TB) *qapi.Schema {
	t.Helper()
	return parse(t, RawQEMU(t))
}

// StorageDaemon returns the schema of qemu-storage-daemon 7.2.
func StorageDaemon(t testing.TB) *qapi.Schema {
	t.Helper()
	return parse(t, RawStorageDaemon(t))
}

func parse(t testing.TB, raw []byte) *qapi.Schema {
	t.Helper()
	s, err := qapi.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unpack(t testing.TB, packed []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
