package qmp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

const smallEvent = `{"timestamp": {"seconds": 1700000000, "microseconds": 123456}, "event": "BLOCK_IO_ERROR", ` +
	`"data": {"device": "virtio0", "operation": "write", "action": "report"}}` + "\r\n"

// bigReply is a reply of size bytes as query-named-block-nodes would give it.
func bigReply(size int) []byte {
	var b bytes.Buffer
	b.Grow(size + 512)
	b.WriteString(`{"return": [`)
	for i := 0; b.Len() < size; i++ {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `{"iops_rd": 0, "detect_zeroes": "off", "image": {"virtual-size": %d, "filename": "/vm/disk%d.qcow2", `+
			`"cluster-size": 65536, "format": "qcow2", "dirty-flag": false}, "node-name": "#block%d", "cache": {"no-flush": false}}`, i*4096, i, i)
	}
	b.WriteString(`], "id": 1}`)
	return b.Bytes()
}

// prettyReply is the same reply as a monitor with pretty=on writes it.
func prettyReply(size int) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, bigReply(size*2/3), "", "    "); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// BenchmarkQ4_SmallEvents reads, parses and decodes events out of a stream.
func BenchmarkQ4_SmallEvents(b *testing.B) {
	stream := bytes.Repeat([]byte(smallEvent), 4096)
	b.SetBytes(int64(len(smallEvent)))
	b.ReportAllocs()
	var r *proto.Reader
	var f framer
	for i := 0; b.Loop(); i++ {
		if i%4096 == 0 {
			r = proto.NewReader(bytes.NewReader(stream), 0)
		}
		raw, err := r.ReadMessage(&f)
		if err != nil {
			b.Fatal(err)
		}
		m, err := ParseMessage(raw)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.decodeEvent(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkQ4_Framer finds the ends of small events without copying them.
func BenchmarkQ4_Framer(b *testing.B) {
	event := []byte(smallEvent)
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	var f framer
	for b.Loop() {
		if _, end, err := f.Scan(event); end < 0 || err != nil {
			b.Fatal(end, err)
		}
	}
}

// BenchmarkParseMessage compares with json.Valid on the same text; the metric is its time divided by ours.
func BenchmarkParseMessage(b *testing.B) {
	for name, text := range map[string][]byte{
		"event": []byte(smallEvent), "compact-1M": bigReply(1 << 20), "pretty-1M": prettyReply(1 << 20),
		"text-1M": fmt.Appendf(nil, `{"return": {"buf-b64": %q}}`, bytes.Repeat([]byte("QUJD"), 1<<18)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			start := time.Now()
			for b.Loop() {
				if _, err := ParseMessage(text); err != nil {
					b.Fatal(err)
				}
			}
			ours := time.Since(start) / time.Duration(b.N)
			b.StopTimer()
			theirs := perRun(func() { json.Valid(text) })
			b.ReportMetric(float64(theirs)/float64(ours), "x-json.Valid")
		})
	}
}

// BenchmarkQ4_Reply64MiB reads and parses one large reply; the metric is our time divided by io.ReadAll + json.Valid's.
func BenchmarkQ4_Reply64MiB(b *testing.B) {
	for name, text := range map[string][]byte{"compact": bigReply(63 << 20), "pretty": prettyReply(48 << 20)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			start := time.Now()
			for b.Loop() {
				var f framer
				raw, err := proto.NewReader(onlyReader{bytes.NewReader(text)}, 0).ReadMessage(&f)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := ParseMessage(raw); err != nil {
					b.Fatal(err)
				}
			}
			ours := time.Since(start) / time.Duration(b.N)
			b.StopTimer()
			theirs := perRun(func() {
				all, _ := io.ReadAll(onlyReader{bytes.NewReader(text)})
				json.Valid(all)
			})
			b.ReportMetric(float64(ours)/float64(theirs), "of-ReadAll+Valid")
		})
	}
}

// onlyReader hides that a reader could write itself out at once.
type onlyReader struct{ io.Reader }

// perRun measures f for about half a second.
func perRun(f func()) time.Duration {
	start, n := time.Now(), 0
	for time.Since(start) < time.Second/2 {
		f()
		n++
	}
	return time.Since(start) / time.Duration(n)
}
