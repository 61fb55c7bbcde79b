package cmd_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// The benchmarks run whole processes against a real QEMU, each next to what a
// person would use instead, in turn, so that a machine that gets slower or
// faster meanwhile changes both. They report medians and ratios of medians.

const (
	negotiation = `{"execute": "qmp_capabilities"}` + "\n"
	question    = `{"execute": "query-status"}` + "\n"
)

// program builds qmpsh as a user would: a test binary is larger and slower.
func program(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "qmpsh")
	build := exec.Command("go", "build", "-o", path, "..")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// BenchmarkExec compares `qmpsh exec query-status` with socat doing the same.
func BenchmarkExec(b *testing.B) {
	socat := qmptest.Require(b, "socat")
	sock, _ := qmptest.QMP(b)
	qmpsh := program(b)
	var ours, theirs []time.Duration
	var peak int64
	for b.Loop() {
		took, usage := runProcess(b, "", qmpsh, "exec", "-s", sock, "query-status")
		ours, peak = append(ours, took), max(peak, usage.Maxrss)
		took, _ = runProcess(b, negotiation+question, socat, "-", "UNIX-CONNECT:"+sock)
		theirs = append(theirs, took)
	}
	reportRatio(b, "socat", ours, theirs)
	b.ReportMetric(float64(peak)/1024, "MiB-peak")
}

// BenchmarkExecTyped compares a command whose values need types with one that needs none:
// with what is kept of the binary, with an empty cache that the run fills, and without a
// cache, where QEMU is asked for its schema every time.
func BenchmarkExecTyped(b *testing.B) {
	sock, _ := qmptest.QMP(b, "-netdev", "user,id=n0")
	qmpsh := program(b)
	warm, cold := filepath.Join(b.TempDir(), "warm"), filepath.Join(b.TempDir(), "cold")
	typed := []string{"exec", "-s", sock, "set_link", "name=n0", "up=off"}
	run := func(cache string, args ...string) time.Duration {
		b.Setenv("XDG_CACHE_HOME", cache)
		took, _ := runProcess(b, "", qmpsh, args...)
		return took
	}
	run(warm, typed...)
	run(warm, typed...) // the first two runs prepare for all others
	var kept, untyped, first, asked []time.Duration
	for b.Loop() {
		untyped = append(untyped, run(warm, "exec", "-s", sock, "query-status"))
		kept = append(kept, run(warm, typed...))
		asked = append(asked, run(warm, append(typed, "--no-cache")...))
		first = append(first, run(cold, typed...))
		if err := os.RemoveAll(cold); err != nil {
			b.Fatal(err)
		}
	}
	reportRatio(b, "untyped", kept, untyped)
	b.ReportMetric(median(first)/1e6, "ms-first")
	b.ReportMetric(median(asked)/1e6, "ms-without-cache")
}

// BenchmarkScript compares a script of 10,000 lines with a bare loop of writes
// and reads on the same QEMU.
func BenchmarkScript(b *testing.B) {
	const lines = 10_000
	sock, _ := qmptest.QMP(b)
	qmpsh := program(b)
	script := filepath.Join(b.TempDir(), "script")
	if err := os.WriteFile(script, []byte(strings.Repeat("query-status\n", lines)), 0o600); err != nil {
		b.Fatal(err)
	}
	var ours, bare []time.Duration
	for b.Loop() {
		bare = append(bare, bareLoop(b, sock, lines))
		took, _ := runProcess(b, "", qmpsh, "connect", sock, script)
		ours = append(ours, took)
	}
	reportRatio(b, "bare-loop", ours, bare)
	b.ReportMetric(100*median(bare)/median(ours), "%-of-bare-rate")
}

// runProcess runs a process to its end and checks that it printed an answer. It
// prints into a file: a reader at the other end of a pipe would compete with it.
func runProcess(b *testing.B, stdin, name string, args ...string) (time.Duration, *syscall.Rusage) {
	b.Helper()
	out, err := os.Create(filepath.Join(b.TempDir(), "out"))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	var errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), out, &errs
	cmd.Env = append(os.Environ(), "QMPSH_SOCKET=", "QMP_SOCKET=")
	start := time.Now()
	err = cmd.Run()
	took := time.Since(start)
	printed, _ := os.ReadFile(out.Name())
	if err != nil || !slices.ContainsFunc([]string{`"running": false}` + "\n", `"running": false}}` + "\r\n", "{}\n"}, func(end string) bool {
		return bytes.HasSuffix(printed, []byte(end))
	}) {
		b.Fatalf("%s %v: %v\n%s%s", name, args, err, printed, errs.Bytes())
	}
	return took, cmd.ProcessState.SysUsage().(*syscall.Rusage)
}

// bareLoop asks n times, one question after the other, with as little as can be.
func bareLoop(b *testing.B, sock string, n int) time.Duration {
	b.Helper()
	start := time.Now()
	conn, err := net.Dial("unix", sock)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	ask := func(message string) {
		if _, err := io.WriteString(conn, message); err != nil {
			b.Fatal(err)
		}
		if _, err := in.ReadSlice('\n'); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := in.ReadSlice('\n'); err != nil {
		b.Fatal(err)
	}
	ask(negotiation)
	for range n {
		ask(question)
	}
	return time.Since(start)
}

func reportRatio(b *testing.B, other string, ours, theirs []time.Duration) {
	b.ReportMetric(0, "ns/op") // both processes of a pair: says nothing
	b.ReportMetric(median(ours)/1e6, "ms")
	b.ReportMetric(median(theirs)/1e6, "ms-"+other)
	b.ReportMetric(median(ours)/median(theirs), "x-"+other)
}

func median(all []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return float64(sorted[len(sorted)/2])
}
