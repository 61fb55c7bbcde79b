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
	"syscall"
	"testing"
	"time"
)

// Each benchmark here compares the client with
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
func shortDir(b testing.TB) string {
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
		if _, err := fmt.Fprintf(conn, "{\"execute\": \"query-status\", \"id\": %d}\n", 1000+i); err != nil {
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

// inTurns runs two functions in turns of block operations, until each has done b.N of
// them. It returns how long one operation of each took, in the median turn and in the
// one that only a tenth of the turns beats, since the slower turns tell what else the
// machine did; and how much of the cores each used, the peer's part included.
func inTurns(b *testing.B, block int, fs ...func(n int)) (median, quiet, cpu [2]time.Duration) {
	for _, f := range fs {
		f(block) // warm
	}
	var took [2][]time.Duration
	b.ResetTimer()
	for done := 0; done < b.N; done += block {
		n := min(block, b.N-done)
		for i, f := range fs {
			start, used := time.Now(), cpuTime()
			f(n)
			took[i] = append(took[i], time.Since(start)/time.Duration(n))
			cpu[i] += cpuTime() - used
		}
	}
	b.StopTimer()
	for i := range fs {
		slices.Sort(took[i])
		median[i], quiet[i] = took[i][len(took[i])/2], took[i][len(took[i])/10]
	}
	return median, quiet, cpu
}

// ratio is how many times longer y took than x.
func ratio(x, y time.Duration) float64 { return float64(y) / float64(x) }

// onProcs runs a benchmark on one processor, as the program qmpsh runs, and on all.
// With a second one idle, the runtime wakes it whenever the reader hands a reply to
// its caller, and that costs more than everything else the client does.
func onProcs(b *testing.B, run func(b *testing.B)) {
	all := runtime.GOMAXPROCS(0)
	for _, n := range slices.Compact([]int{1, all}) {
		b.Run(fmt.Sprintf("procs=%d", n), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
			run(b)
		})
	}
}

// At most 1.5 times a bare write and read.
func BenchmarkClientSequential(b *testing.B) {
	onProcs(b, func(b *testing.B) {
		path := instantPeer(b)
		conn, err := net.Dial("unix", path)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		c := benchClient(b, path)
		b.ReportAllocs()
		t, quiet, cpu := inTurns(b, 200,
			func(n int) { bareRoundTrips(b, conn, n) },
			func(n int) { clientRoundTrips(b, c, n) })
		b.ReportMetric(float64(t[0].Nanoseconds()), "bare-ns")
		b.ReportMetric(float64(t[1].Nanoseconds()), "client-ns")
		b.ReportMetric(ratio(t[0], t[1]), "ratio")
		b.ReportMetric(ratio(quiet[0], quiet[1]), "quiet-ratio")
		b.ReportMetric(ratio(cpu[0], cpu[1]), "cpu-ratio")
	})
}

// Eight in flight at least double the rate.
func BenchmarkClientEightInFlight(b *testing.B) {
	onProcs(b, func(b *testing.B) {
		c := benchClient(b, instantPeer(b))
		t, quiet, _ := inTurns(b, 800,
			func(n int) { clientRoundTrips(b, c, n) },
			func(n int) {
				var callers sync.WaitGroup
				for range maxInFlight {
					callers.Go(func() { clientRoundTrips(b, c, n/maxInFlight) })
				}
				callers.Wait()
			})
		b.ReportMetric(ratio(t[1], t[0]), "times-the-rate")
		b.ReportMetric(ratio(quiet[1], quiet[0]), "quiet-times")
	})
}

// 500,000 small events a second to one subscription on one core, with at most 4
// allocations each.
func BenchmarkClientEvents(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	near, far := socketPair(b)
	c := NewClient(Options{SkipGreeting: true, SkipNegotiation: true})
	sub := c.Subscribe(EventFilter{MaxEvents: 1 << 20})
	if err := c.ConnectStream(b.Context(), near, "events"); err != nil {
		b.Fatal(err)
	}
	defer c.Disconnect(context.Background())
	const event = `{"timestamp": {"seconds": 1700000000, "microseconds": 123456}, "event": "BLOCK_IO_ERROR", ` +
		`"data": {"device": "virtio0", "operation": "write", "action": "report"}}` + "\r\n"
	batch := bytes.Repeat([]byte(event), 256)
	b.ReportAllocs()
	b.ResetTimer()
	start := cpuTime()
	var server sync.WaitGroup
	server.Go(func() {
		for left := b.N; left > 0; left -= 256 {
			far.Write(batch[:min(left, 256)*len(event)])
		}
	})
	for range b.N {
		if _, err := sub.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/(cpuTime()-start).Seconds(), "events/core-s")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	server.Wait()
}

// cpuTime is what the process, the server's half of a benchmark included, has used of
// all cores. Unlike the clock it does not count what other processes use.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func socketPair(b testing.TB) (near, far net.Conn) {
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
	t, _, _ := inTurns(b, 1,
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
			reply, err := c.Do(b.Context(), Command{Name: "query-status", ID: []byte("1")})
			stop()
			if err != nil || len(reply.Return) < 60<<20 {
				b.Fatal("bad reply", err)
			}
		})
	b.SetBytes(int64(len(reply)))
	b.ReportMetric(ratio(t[0], t[1]), "ratio")
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
