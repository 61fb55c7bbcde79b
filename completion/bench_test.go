package completion

import (
	"strings"
	"testing"
	"time"
)

// BenchmarkComplete completes at any place of a line, on the whole schema. The aim is 200 µs at the slowest of them; the
// time of that one is reported too.
func BenchmarkComplete(b *testing.B) {
	e := testEnv(b)
	e.Live, e.Files = nil, nil
	for _, line := range []string{
		"",
		"block-dirty-bitmap-add node=n name=x",
		`blockdev-add driver=qcow2 node-name=n0 file.driver=file file.filename="/vm/a b.qcow2" backing.driver=qcow2 backing.file.driver=nbd`,
		"transaction(\nblock-dirty-bitmap-add node=n name=x\nblock-dirty-bitmap-merge node=n target=x bitmaps.0.node=n bitmaps.0.name=\n)",
		"migrate-set-parameters max-bandwidth=1G announce-initial=5 ",
	} {
		b.Run(strings.SplitN(line+" ", " ", 2)[0], func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				Complete(line, i%(len(line)+1), e)
			}
			b.ReportMetric(float64(slowestPlace(line, e).Microseconds()), "µs/slowest-place")
		})
	}
}

// slowestPlace returns the time that the slowest place of the line takes, when nothing else disturbs it.
func slowestPlace(line string, e Env) (slowest time.Duration) {
	for at := range len(line) + 1 {
		best := time.Hour
		for range 20 {
			start := time.Now()
			Complete(line, at, e)
			best = min(best, time.Since(start))
		}
		slowest = max(slowest, best)
	}
	return slowest
}

// BenchmarkHint is what every key costs.
func BenchmarkHint(b *testing.B) {
	e := testEnv(b)
	b.ReportAllocs()
	for b.Loop() {
		Hint("blockdev-add driver=qcow2 file.driver=file ", e)
	}
}

// BenchmarkComplete_Long shows that the time grows with the length of the text and no faster.
func BenchmarkComplete_Long(b *testing.B) {
	e := testEnv(b)
	for _, shape := range []struct{ name, piece string }{
		{"arguments", " key%=value"}, {"dots", "a."}, {"quotes", `"a b" `}, {"elements", " keys.0.type=qcode"}, {"brackets", "{"}, {"lines", "query-status\n"},
	} {
		for _, size := range []int{10_000, 1_000_000} {
			text := "send-key " + strings.Repeat(shape.piece, size/len(shape.piece))
			b.Run(shape.name+"/"+sizeName(size), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					Complete(text, len(text), e)
				}
			})
		}
	}
}

func sizeName(n int) string {
	if n >= 1_000_000 {
		return "1MB"
	}
	return "10kB"
}
