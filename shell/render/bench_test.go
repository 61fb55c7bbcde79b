package render

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp"
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

func benchmark(b *testing.B, o Options, value json.RawMessage) {
	p := New(o)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.WriteResult(io.Discard, qmp.Reply{Return: value}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteResult(b *testing.B) {
	lines := New(Options{}).Indent(schema())
	huge := json.RawMessage(`["` + strings.Repeat("x", 64<<20) + `"]`)
	b.Run("line", func(b *testing.B) { benchmark(b, Options{}, schema()) })
	b.Run("line of lines", func(b *testing.B) { benchmark(b, Options{}, lines) })
	b.Run("line, terminal", func(b *testing.B) { benchmark(b, Options{Terminal: true}, schema()) })
	b.Run("pretty", func(b *testing.B) { benchmark(b, Options{Format: Pretty}, schema()) })
	b.Run("pretty, terminal, colour", func(b *testing.B) {
		benchmark(b, Options{Format: Pretty, Terminal: true, Color: true}, schema())
	})
	b.Run("64 MiB line", func(b *testing.B) { benchmark(b, Options{}, huge) })
	b.Run("64 MiB pretty", func(b *testing.B) { benchmark(b, Options{Format: Pretty}, huge) })
	b.Run("status", func(b *testing.B) {
		benchmark(b, Options{}, json.RawMessage(`{"status": "running", "singlestep": false, "running": true}`))
	})
}

func BenchmarkSanitize(b *testing.B) {
	plain := strings.Repeat("some lines of text from the human monitor\n", 5_000)
	for name, text := range map[string]string{
		"plain":   plain,
		"é":       strings.Repeat("é", 100_000),
		"harmful": strings.Repeat("\x1b[31m\u009b\xff", 20_000),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				Sanitize(text)
			}
		})
	}
}
