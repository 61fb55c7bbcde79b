package qapi_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

func BenchmarkParse(b *testing.B) {
	raw := qapitest.RawQEMU(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := qapi.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	s := qapitest.QEMU(b)
	for _, bench := range []struct{ name, command, args string }{
		{"small", "block-dirty-bitmap-add", `{"node":"n0","name":"b0","granularity":65536}`},
		{"blockdev", "blockdev-add", `{"driver":"qcow2","node-name":"n0","cache":{"direct":true},
			"file":{"driver":"file","filename":"/vm/a b.qcow2","aio":"io_uring"},"backing":{"driver":"null-co"}}`},
		{"1MB string", "human-monitor-command", `{"command-line":"` + strings.Repeat("x", 1<<20) + `"}`},
		{"1MB keys", "send-key", `{"keys":[` + strings.Repeat(`{"type":"qcode","data":"ret"},`, 1<<20/30) +
			`{"type":"qcode","data":"a"}]}`},
		{"1MB any", "qom-set", `{"path":"a","property":"b","value":{` + anyMembers(1<<20) + `}}`},
		{"1MB deep", "blockdev-add", deep(1000, 1<<10)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := s.Command(bench.command)
			b.SetBytes(int64(len(bench.args)))
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Check(json.RawMessage(bench.args)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// deep nests block nodes, each with a name of pad bytes.
func deep(levels, pad int) string {
	var text bytes.Buffer
	for range levels {
		text.WriteString(`{"driver":"raw","node-name":"` + strings.Repeat("x", pad) + `","file":`)
	}
	return text.String() + `"n"` + strings.Repeat("}", levels)
}

// anyMembers writes that many bytes of members with different names.
func anyMembers(size int) string {
	var text strings.Builder
	for n := 0; text.Len() < size; n++ {
		if n > 0 {
			text.WriteByte(',')
		}
		name, _ := json.Marshal(n)
		text.WriteString(`"` + string(name) + `":1`)
	}
	return text.String()
}

func BenchmarkNearest(b *testing.B) {
	s := qapitest.QEMU(b)
	b.ReportAllocs()
	for b.Loop() {
		s.NearestCommand("blockdev-ad")
	}
}

func BenchmarkFields(b *testing.B) {
	c := qapitest.QEMU(b).Command("blockdev-add")
	known := func(path string) (string, bool) {
		switch path {
		case "driver":
			return "qcow2", true
		case "file.driver":
			return "file", true
		}
		return "", false
	}
	b.ReportAllocs()
	for b.Loop() {
		at, err := c.At([]string{"file"}, known)
		if err != nil || len(at.Fields()) < 10 {
			b.Fatal(err)
		}
	}
}

func BenchmarkDescribe(b *testing.B) {
	s := qapitest.QEMU(b)
	for b.Loop() {
		d, err := s.Describe("blockdev-add")
		if err != nil {
			b.Fatal(err)
		}
		d.Text(80)
	}
}
