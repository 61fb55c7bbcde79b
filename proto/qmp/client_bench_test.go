package qmp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// The benchmarks here measure what issue 2 promises. Each compares the client with
// doing the same by hand, in turns, so that what else the machine does hits both,
// and reports the ratio; docs/benchmarks.md holds the figures.

// instantPeer listens on a Unix socket and answers each line at once with a reply of
// its id. It returns the socket's path.
func instantPeer(b *testing.B) string {
	path := filepath.Join(shortDir(b), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	var peers sync.WaitGroup
	b.Cleanup(func() {
		l.Close()
		peers.Wait()
	})
	peers.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			peers.Go(func() { answerInstantly(conn) })
		}
	})
	return path
}

// shortDir is a folder whose path is short enough for a Unix socket.
func shortDir(b *testing.B) string {
	dir, err := os.MkdirTemp("", "qmp")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func answerInstantly(conn net.Conn) {
	defer conn.Close()
	in, out := make([]byte, 0, 64<<10), make([]byte, 0, 64<<10)
	for {
		n, err := conn.Read(in[len(in):cap(in)])
		if err != nil {
			return
		}
		in, out = in[:len(in)+n], out[:0]
		for {
			end := bytes.IndexByte(in, '\n')
			if end < 0 {
				break
			}
			id := in[bytes.LastIndexByte(in[:end], ' ')+1 : end-1] // behind "id":
			out = append(out, `{"return": {"status": "running", "singlestep": false, "running": true}, "id": `...)
			out = append(out, id...)
			out = append(out, "}\r\n"...)
			in = append(in[:0], in[end+1:]...)
		}
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

func benchClient(b *testing.B, path string) *Client {
	c := NewClient(Options{SkipGreeting: true, SkipNegotiation: true})
	if err := c.Connect(b.Context(), Address{Kind: Unix, Path: path}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Disconnect(context.Background()) })
	return c
}

// bareRoundTrips writes the bytes of n commands and reads their replies, by hand.
func bareRoundTrips(b *testing.B, conn net.Conn, n int) {
	in := make([]byte, 4096)
	for i := range n {
		if _, err := fmt.Fprintf(conn, "{\"execute\": \"query-status\", \"id\": \"qmpsh-%d\"}\n", 1000+i); err != nil {
			b.Fatal(err)
		}
		for got := 0; got == 0 || in[got-1] != '\n'; {
			m, err := conn.Read(in[got:])
			if err != nil {
				b.Fatal(err)
			}
			got += m
		}
	}
}

func clientRoundTrips(b *testing.B, c *Client, n int) {
	for range n {
		if _, err := c.Execute(b.Context(), "query-status", nil); err != nil {
			b.Fatal(err)
		}
	}
}

// inTurns runs the functions in turns of block operations, until each has done b.N of
// them, and returns the time that each took for one. The medians of the turns count:
// one turn during which the machine did something else says nothing.
func inTurns(b *testing.B, block int, fs ...func(n int)) []time.Duration {
	for _, f := range fs {
		f(block) // warm
	}
	took := make([][]time.Duration, len(fs))
	b.ResetTimer()
	for done := 0; done < b.N; done += block {
		n := min(block, b.N-done)
		for i, f := range fs {
			start := time.Now()
			f(n)
			took[i] = append(took[i], time.Since(start)/time.Duration(n))
		}
	}
	b.StopTimer()
	medians := make([]time.Duration, len(fs))
	for i := range fs {
		slices.Sort(took[i])
		medians[i] = took[i][len(took[i])/2]
	}
	return medians
}

// At most 1.5 times a bare write and read.
func BenchmarkClientSequential(b *testing.B) {
	path := instantPeer(b)
	conn, err := net.Dial("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	c := benchClient(b, path)
	b.ReportAllocs()
	t := inTurns(b, 500,
		func(n int) { bareRoundTrips(b, conn, n) },
		func(n int) { clientRoundTrips(b, c, n) })
	b.ReportMetric(float64(t[0].Nanoseconds()), "bare-ns")
	b.ReportMetric(float64(t[1].Nanoseconds()), "client-ns")
	b.ReportMetric(float64(t[1])/float64(t[0]), "ratio")
}

// Eight in flight at least double the rate.
func BenchmarkClientEightInFlight(b *testing.B) {
	c := benchClient(b, instantPeer(b))
	t := inTurns(b, 4000,
		func(n int) { clientRoundTrips(b, c, n) },
		func(n int) {
			var callers sync.WaitGroup
			for range maxInFlight {
				callers.Go(func() { clientRoundTrips(b, c, n/maxInFlight) })
			}
			callers.Wait()
		})
	b.ReportMetric(float64(t[0])/float64(t[1]), "times-the-rate")
}

// 500,000 small events a second to one listener on one core, with at most 4
// allocations each.
func BenchmarkClientEvents(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	near, far := socketPair(b)
	c := NewClient(Options{SkipGreeting: true, SkipNegotiation: true})
	l := c.Events(Filter{Buffer: 1 << 20})
	if err := c.ConnectStream(b.Context(), near, "events"); err != nil {
		b.Fatal(err)
	}
	defer c.Disconnect(context.Background())
	const event = `{"timestamp": {"seconds": 1700000000, "microseconds": 123456}, "event": "BLOCK_IO_ERROR", ` +
		`"data": {"device": "virtio0", "operation": "write", "action": "report"}}` + "\r\n"
	batch := bytes.Repeat([]byte(event), 256)
	b.ReportAllocs()
	b.ResetTimer()
	var server sync.WaitGroup
	server.Go(func() {
		for left := b.N; left > 0; left -= 256 {
			far.Write(batch[:min(left, 256)*len(event)])
		}
	})
	for range b.N {
		if _, err := l.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	server.Wait()
}

func socketPair(b *testing.B) (near, far net.Conn) {
	path := filepath.Join(shortDir(b), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("unix", path); err != nil {
		b.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// A 64 MiB reply: at most 2 times the time of io.ReadAll and json.Valid, and 2.5 times
// its size in memory.
func BenchmarkClientBigReply(b *testing.B) {
	reply := append(bigReply(64<<20-4096), '\n')
	near, far := socketPair(b)
	c := NewClient(Options{SkipGreeting: true, SkipNegotiation: true})
	if err := c.ConnectStream(b.Context(), near, "big"); err != nil {
		b.Fatal(err)
	}
	defer c.Disconnect(context.Background())
	var server sync.WaitGroup
	defer server.Wait()
	defer near.Close()
	server.Go(func() {
		line := make([]byte, 4096)
		for {
			if _, err := far.Read(line); err != nil {
				return
			}
			far.Write(reply)
		}
	})
	var peak uint64
	t := inTurns(b, 1,
		func(int) {
			near, far := socketPair(b)
			var server sync.WaitGroup
			server.Go(func() {
				far.Write(reply)
				far.Close()
			})
			all, err := io.ReadAll(near)
			if err != nil || !json.Valid(all) {
				b.Fatal("bad reply", err)
			}
			server.Wait()
		},
		func(int) {
			stop := watchHeap(&peak)
			reply, err := c.Do(b.Context(), Command{Name: "query-status", ID: []byte(`"qmpsh-1"`)})
			stop()
			if err != nil || len(reply.Return) < 60<<20 {
				b.Fatal("bad reply", err)
			}
		})
	b.SetBytes(int64(len(reply)))
	b.ReportMetric(float64(t[1])/float64(t[0]), "ratio")
	b.ReportMetric(float64(peak)/float64(len(reply)), "peak-sizes")
}

// watchHeap looks at the memory of the process often, until stop, and raises peak to
// the most that was added meanwhile.
func watchHeap(peak *uint64) (stop func()) {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	quit := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		var now runtime.MemStats
		for {
			runtime.ReadMemStats(&now)
			*peak = max(*peak, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
			select {
			case <-quit:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	})
	return func() {
		close(quit)
		watcher.Wait()
	}
}
