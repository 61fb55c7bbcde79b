package cmdline

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

const megabyte = 1 << 20

// longLines are statements of about size bytes each, of every kind that could take more than linear time.
func longLines(size int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	var keys, branches, elements, deep, opened strings.Builder
	for i := 0; keys.Len() < size; i++ {
		fmt.Fprintf(&keys, " key%d=%d", i, i)
		fmt.Fprintf(&branches, " a.b%d.c=x", i)
	}
	for i := 0; elements.Len() < size; i++ {
		fmt.Fprintf(&elements, " keys.%d.type=number keys.%d.data=%d", i, i, i)
	}
	for depth := 1; deep.Len() < size && depth < maxDepth; depth++ {
		path := strings.Repeat(".file", depth)[1:]
		fmt.Fprintf(&deep, " %s.driver=raw %s.size=1", path, path)
	}
	for depth := 1; opened.Len() < size/2 && depth < 900; depth++ {
		fmt.Fprintf(&opened, " %s.driver=raw", strings.Repeat(".file", depth)[1:])
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
		"digits":      "balloon value=" + fill("1"),
		"fraction":    "balloon value=1." + fill("1") + "G",
		"hex":         "balloon value=0x" + fill("_f"),
		"long string": "change-vnc-password password=" + fill("y"),
		"exact":       "send-key keys:=[" + fill(`{"type":"number","data":1},`) + `{"type":"number","data":1}]`,
		"elements":    "send-key" + elements.String(),
		"backwards":   "send-key" + backwards(elements.String()),
		"deep":        "blockdev-add driver=raw" + deep.String(),
		"opened":      "blockdev-add file=" + strings.Repeat(`{"file":`, 900) + `"` + fill("x") + `"` + strings.Repeat("}", 900) + opened.String(),
		"unknown":     "query-status" + keys.String(),
		"properties":  "device_add driver=virtio-net-pci" + strings.ReplaceAll(keys.String(), "=", "[0]="),
		"filter":      "x | " + fill("> "),
		"filter code": "x | " + fill(`.a > "\(.b) "| `),
		"filter ends": "x | .a " + fill(">> "),
		"continued |": "x | " + fill("\\\n"),
		"actions":     "transaction(\n" + fill("block-dirty-bitmap-add node=d0 name=1 persistent=on\n") + ")",
	}
}

// backwards writes the words in the opposite order.
func backwards(words string) string {
	list := strings.Split(words, " ")
	slices.Reverse(list)
	return " " + strings.Join(list, " ")
}

// BenchmarkBind shows that binding by a schema takes linear time too.
func BenchmarkBind(b *testing.B) {
	with := Binding{Schema: qapitest.QEMU(b), Validate: true, Properties: listed}
	run := func(b *testing.B, text string) {
		for b.Loop() {
			if st, err := Parse(text); err == nil {
				_, _ = st.Bind(with)
			}
		}
	}
	for _, size := range []int{megabyte / 4, megabyte} { // the speed is the same
		for name, text := range longLines(size) {
			b.Run(fmt.Sprintf("%s/%dk", name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				run(b, text)
			})
		}
	}
	for name, text := range map[string]string{
		"short": "query-status",
		"usual": `blockdev-add driver=qcow2 node-name=n0 file.driver=file file.filename="/vm/a b.qcow2"`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			run(b, text)
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for name, text := range longLines(megabyte) {
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
	text := longLines(megabyte)["transaction"]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var j Joiner
		for line := range strings.Lines(text) {
			j.Add(line)
		}
	}
}
