package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/text"
)

// schema looks like QEMU's answer to query-qmp-schema: 200 kB on one line.
func schema() json.RawMessage {
	var b strings.Builder
	b.WriteString("[")
	for i := 0; b.Len() < 200_000; i++ {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `{"name": "%d", "members": [{"name": "type", "type": "%d"}, {"name": "id", "default": null, "type": "str"}], "meta-type": "object"}`, i, i+1)
	}
	return json.RawMessage(b.String() + "]")
}

func benchmark(b *testing.B, o Options, value json.RawMessage) { benchmarkTo(b, io.Discard, o, value) }

func benchmarkTo(b *testing.B, w io.Writer, o Options, value json.RawMessage) {
	p := New(o)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.WriteResult(w, qmp.Reply{Return: value}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteResult(b *testing.B) {
	var lines bytes.Buffer
	if err := New(Options{Format: Pretty}).WriteResult(&lines, qmp.Reply{Return: schema()}); err != nil {
		b.Fatal(err)
	}
	huge := json.RawMessage(`["` + strings.Repeat("x", 64<<20) + `"]`)
	b.Run("line", func(b *testing.B) { benchmark(b, Options{}, schema()) })
	b.Run("line of lines", func(b *testing.B) { benchmark(b, Options{}, lines.Bytes()) })
	b.Run("line, terminal", func(b *testing.B) { benchmarkTo(b, text.NewWriter(io.Discard), Options{}, schema()) })
	b.Run("pretty", func(b *testing.B) { benchmark(b, Options{Format: Pretty}, schema()) })
	b.Run("pretty, terminal, colour", func(b *testing.B) {
		benchmarkTo(b, text.NewWriter(io.Discard), Options{Format: Pretty, Color: true}, schema())
	})
	b.Run("64 MiB line", func(b *testing.B) { benchmark(b, Options{}, huge) })
	b.Run("64 MiB pretty", func(b *testing.B) { benchmark(b, Options{Format: Pretty}, huge) })
	b.Run("status", func(b *testing.B) {
		benchmark(b, Options{}, json.RawMessage(`{"status": "running", "singlestep": false, "running": true}`))
	})
}
