package proto_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// lines is a protocol of lines; each inbound one goes to handle.
func lines(handle func([]byte) error) proto.Protocol[[]byte] {
	return proto.Protocol[[]byte]{
		Recv: func(r *proto.Reader) ([]byte, error) { return r.ReadLine() },
		Send: func(w *proto.Writer, m []byte) error {
			_, err := w.Write(m)
			return err
		},
		Handle: func(_ context.Context, m []byte) error { return handle(m) },
	}
}

// echoPeer listens on a Unix socket and sends back what comes, at once.
func echoPeer(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "echo.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 64<<10)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if _, err := c.Write(buf[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return path
}

// BenchmarkRoundTrip sends one line and waits for its echo, again and again, and
// reports how long that takes in comparison with bare writes and reads of the same
// bytes on the same kind of socket with the same peer.
func BenchmarkRoundTrip(b *testing.B) {
	path := echoPeer(b)
	msg := []byte(`{"execute": "query-status", "id": 1}` + "\n")
	bare, err := net.Dial("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	got := make(chan struct{}, 1)
	c := proto.New(lines(func([]byte) error { got <- struct{}{}; return nil }), proto.Options{})
	ctx := context.Background()
	if err := c.Connect(ctx, proto.Address{Network: "unix", Addr: path}); err != nil {
		b.Fatal(err)
	}
	defer c.Disconnect(ctx)

	buf := make([]byte, 64<<10)
	viaBare := func(n int) time.Duration {
		start := time.Now()
		for range n {
			bare.Write(msg)
			bare.Read(buf)
		}
		return time.Since(start)
	}
	viaConn := func(n int) time.Duration {
		start := time.Now()
		for range n {
			c.Send(msg)
			<-got
		}
		return time.Since(start)
	}
	b.ReportAllocs()
	var with, without time.Duration
	b.ResetTimer()
	// In turns, so that a busy machine weighs on both alike.
	for left := b.N; left > 0; left -= 1000 {
		without += viaBare(min(left, 1000))
		with += viaConn(min(left, 1000))
	}
	b.ReportMetric(float64(with)/float64(b.N), "ns/conn")
	b.ReportMetric(float64(without)/float64(b.N), "ns/bare")
	b.ReportMetric(float64(with)/float64(without), "ratio")
}

// BenchmarkInFlight keeps up to eight lines under way, as eight callers would, and
// reports the rate in comparison with one at a time.
func BenchmarkInFlight(b *testing.B) {
	msg := []byte(`{"execute": "query-status", "id": 1}` + "\n")
	got := make(chan struct{}, 8)
	c := proto.New(lines(func([]byte) error { got <- struct{}{}; return nil }), proto.Options{})
	ctx := context.Background()
	if err := c.Connect(ctx, proto.Address{Network: "unix", Addr: echoPeer(b)}); err != nil {
		b.Fatal(err)
	}
	defer c.Disconnect(ctx)
	run := func(n, callers int) time.Duration {
		start := time.Now()
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range n / callers {
					c.Send(msg)
					<-got
				}
			})
		}
		all.Wait()
		return time.Since(start)
	}
	var one, eight time.Duration
	b.ResetTimer()
	for left := b.N; left > 0; left -= 8000 {
		one += run(8000, 1)
		eight += run(8000, 8)
	}
	b.ReportMetric(float64(one)/float64(eight), "speedup")
}

// BenchmarkLarge receives messages of 64 MiB and compares with reading as many bytes.
func BenchmarkLarge(b *testing.B) {
	const size = 64 << 20
	block := bytes.Repeat([]byte("x"), 1<<20)
	write := func(far net.Conn, end string) {
		for range size >> 20 {
			far.Write(block)
		}
		far.Write([]byte(end))
	}
	var with, without time.Duration
	b.SetBytes(size)
	b.ReportAllocs()
	for range b.N {
		near, far := socketPair(b)
		go write(far, "\n")
		r := proto.NewReader(near, size+1)
		start := time.Now()
		if line, err := r.ReadLine(); err != nil || len(line) != size+1 {
			b.Fatal(err)
		}
		with += time.Since(start)
		near.Close()
		far.Close()

		b.StopTimer()
		near, far = socketPair(b)
		go func() {
			write(far, "")
			far.Close()
		}()
		start = time.Now()
		io.ReadAll(near)
		without += time.Since(start)
		near.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(with)/float64(without), "ratio")
}

// BenchmarkInbound receives small lines as fast as they come.
func BenchmarkInbound(b *testing.B) {
	line := []byte(`{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "JOB_STATUS_CHANGE", "data": {"status": "running", "id": "job0"}}` + "\n")
	block := bytes.Repeat(line, 500)
	near, far := socketPair(b)
	total, count, done := b.N, 0, make(chan struct{})
	c := proto.New(lines(func([]byte) error {
		if count++; count == total {
			close(done)
		}
		return nil
	}), proto.Options{})
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	b.ResetTimer()
	if err := c.ConnectStream(context.Background(), near, "pair"); err != nil {
		b.Fatal(err)
	}
	go func() {
		for left := total; left > 0; left -= 500 {
			far.Write(block[:min(left, 500)*len(line)])
		}
	}()
	<-done
	b.StopTimer()
	b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "msg/s")
	c.Disconnect(context.Background())
	far.Close()
}
