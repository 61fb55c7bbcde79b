package text

import (
	"strings"
	"testing"
)

func BenchmarkClean(b *testing.B) {
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
				Clean(text)
			}
		})
	}
}
