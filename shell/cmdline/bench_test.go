package cmdline

import (
	"fmt"
	"strings"
	"testing"
)

const megabyte = 1 << 20

// longLines are statements of a megabyte each, of every kind that could take more than linear time.
func longLines() map[string]string {
	fill := func(s string) string { return strings.Repeat(s, megabyte/len(s)) }
	var keys, branches strings.Builder
	for i := 0; keys.Len() < megabyte; i++ {
		fmt.Fprintf(&keys, " key%d=%d", i, i)
		fmt.Fprintf(&branches, " a.b%d.c=x", i)
	}
	return map[string]string{
		"word":        "x a=" + fill("y"),
		"quoted":      `x a="` + fill(`y \" `) + `"`,
		"keys":        "x" + keys.String(),
		"branches":    "x" + branches.String(),
		"array":       "x a=[" + fill("1, ") + "2]",
		"strings":     "x a=[" + fill(`"é\n", `) + "2]",
		"object":      "x a={" + strings.NewReplacer(" key", `, "key`, "=", `": `).Replace(keys.String())[1:] + "}",
		"raw":         `{"execute": "x", "arguments": {"a": [` + fill(`"b", `) + `"c"]}}`,
		"transaction": "transaction(\n" + fill("block-dirty-bitmap-add node=d0 name=b0\n") + ")",
		"continued":   "x a=1 " + fill("\\\n"),
		"comment":     "x # " + fill("y"),
		"colons":      "x a=" + fill(":"),
		"equals":      "x a=" + fill("="),
		"backslashes": "x a=" + fill(`\\`),
		"open quotes": "x" + fill(` "`),
		"open quote":  `x a="` + fill("password:"),
		"brackets":    "x a=" + fill("[]"),
		"passwords":   "x" + fill(" password"),
		"text words":  "x" + fill(" y"),
		"bad tail":    "x a=" + fill("y") + " \xff",
	}
}

func BenchmarkParse(b *testing.B) {
	for name, text := range longLines() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				_, _ = understand(text)
			}
		})
	}
	b.Run("short", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = understand("query-status")
		}
	})
	b.Run("usual", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = understand(`blockdev-add driver=qcow2 node-name=n0 file.driver=file file.filename="/vm/a b.qcow2"`)
		}
	})
}

func BenchmarkRedactMessage(b *testing.B) {
	raw := []byte(`{"return": [` + strings.Repeat(`{"name": "abc", "arg-type": "17", "meta-type": "command"}, `, megabyte/60) + `1]}`)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		RedactMessage(raw)
	}
}

func BenchmarkJoiner(b *testing.B) {
	text := longLines()["transaction"]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var j Joiner
		for line := range strings.Lines(text) {
			j.Add(line)
		}
	}
}
