package qmp_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// TestQ5_QEMUReadsWhatWeSend asks a real QEMU about both lists.
func TestQ5_QEMUReadsWhatWeSend(t *testing.T) {
	path, _ := qmptest.QMP(t)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	lines := bufio.NewReader(conn)
	ask := func(text string) *qmp.Message {
		t.Helper()
		if _, err := conn.Write([]byte(text + "\n")); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("%.80s: %v", text, err)
		}
		m, err := qmp.ParseMessage(line)
		if err != nil {
			t.Fatalf("%.80s: %v", text, err)
		}
		return m
	}
	lines.ReadBytes('\n') // the greeting
	ask(`{"execute": "qmp_capabilities"}`)
	for _, raw := range qmp.Readable {
		c, err := qmp.ParseCommand([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if m := ask(raw); m.Return == nil || qmp.IDKey(m.ID) != qmp.IDKey(c.ID) {
			t.Errorf("%.80s: QEMU answers %.200s", raw, m.Raw)
		}
	}
	for raw := range qmp.Unreadable {
		balanced := strings.Count(raw, "{") == strings.Count(raw, "}") && strings.Count(raw, "[") == strings.Count(raw, "]")
		if !balanced || !utf8.ValidString(raw) || strings.Contains(raw, "\x00") || strings.Contains(raw, "\t") || len(raw) > 1000 {
			continue // QEMU answers these in several lines, or waits for more
		}
		if m := ask(raw); m.Error == nil || m.ID != nil {
			t.Errorf("%s: QEMU does read it: %s", raw, m.Raw)
		}
	}
}

func TestPeer_OfARealServer(t *testing.T) {
	path, vm := qmptest.QMP(t)
	c := qmp.NewClient(qmp.Options{})
	if err := c.Connect(t.Context(), qmp.Address{Kind: qmp.Unix, Path: path}); err != nil {
		t.Fatal(err)
	}
	defer c.Disconnect(context.Background())
	if p, ok := c.Peer(); !ok || p.PID != vm.Pid || p.UID != os.Geteuid() {
		t.Errorf("got %v, %v; QEMU is process %d", p, ok, vm.Pid)
	}
}
