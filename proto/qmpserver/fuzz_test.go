package qmpserver

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto"
)

// Whatever a client sends, the server neither panics nor hangs (a hang is a
// deadlock of the synctest bubble), and what it answers is JSON.
func FuzzServer(f *testing.F) {
	for _, input := range wordInputs() {
		f.Add([]byte(input), true)
	}
	f.Add([]byte(`{"execute": "qmp_capabilities"}{"execute": "quit"}{"execute": "stop"}`), false)
	f.Fuzz(func(t *testing.T, input []byte, negotiate bool) {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			d := NewDemo(DemoOptions{})
			defer d.Close()
			end := make(chan struct{})
			go func() {
				defer close(end)
				_ = d.Serve(t.Context(), server)
			}()
			answers := make(chan []byte)
			go func() {
				all, _ := io.ReadAll(client)
				answers <- all
			}()
			if negotiate {
				io.WriteString(client, `{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}`)
			}
			client.Write(input) // the server may have closed
			synctest.Wait()
			client.Close()
			<-end
			for line := range bytes.Lines(<-answers) {
				if bytes.HasSuffix(line, []byte("\n")) && !json.Valid(line) {
					t.Errorf("not JSON: %q", line)
				}
			}
		})
	})
}

// frames cuts input with the reader that the server uses, fed in pieces.
func frames(input []byte, piece int) (all []string, end error) {
	r := proto.NewReader(&pieces{input, piece}, 0)
	framer := &requestFramer{}
	for {
		raw, err := r.ReadMessage(framer)
		if err != nil {
			return all, err
		}
		all = append(all, string(raw))
	}
}

// pieces is a reader of at most size bytes at a time.
type pieces struct {
	p    []byte
	size int
}

func (r *pieces) Read(p []byte) (int, error) {
	if len(r.p) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.p[:min(len(r.p), r.size)])
	r.p = r.p[n:]
	return n, nil
}

// Messages do not depend on how the bytes arrive, no byte is lost but those
// between messages, and what parses is valid JSON.
func FuzzFraming(f *testing.F) {
	for _, input := range wordInputs() {
		f.Add([]byte(input), 1)
	}
	f.Fuzz(func(t *testing.T, input []byte, piece int) {
		whole, end := frames(input, len(input)+1)
		if piece > 0 && piece < len(input) {
			cut, cutEnd := frames(input, piece)
			if !equal(cut, whole) || cutEnd != end {
				t.Errorf("in pieces of %d: %q, %v; whole: %q, %v", piece, cut, cutEnd, whole, end)
			}
		}
		rest := input
		for _, frame := range whole {
			i := bytes.Index(rest, []byte(frame))
			if i < 0 || frame == "" {
				t.Fatalf("%q is not in what is left: %q", frame, rest)
			}
			rest = rest[i+len(frame):]
			p, err := parse([]byte(frame))
			if err == nil && !json.Valid(p.raw) {
				t.Errorf("%q was taken as %q", frame, p.raw)
			}
			for _, m := range membersOf(p) {
				if !json.Valid(m.value) {
					t.Errorf("member %q is %q", m.name, m.value)
				}
			}
		}
		// Strict JSON is one message. QEMU differs on a few values, not on their extent.
		if trimmed := bytes.TrimSpace(input); json.Valid(input) && (trimmed[0] == '{' || trimmed[0] == '[') &&
			!bytes.ContainsAny(input, "\xfe\xff") && bytes.Count(input, []byte("["))+bytes.Count(input, []byte("{")) < maxNesting &&
			!(len(whole) == 1 && whole[0] == string(trimmed)) && !hasExponentOfZero(input) {
			t.Errorf("%q became %q", input, whole)
		}
	})
}

func membersOf(p *parser) []member {
	if p == nil {
		return nil
	}
	return p.members
}

// hasExponentOfZero finds 0e1, which only QEMU refuses.
func hasExponentOfZero(p []byte) bool {
	return bytes.Contains(p, []byte("0e")) || bytes.Contains(p, []byte("0E"))
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
