package qmpserver

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/qmpsh/qmpsh/proto"
)

// frames cuts input with the reader that the server uses, fed in pieces.
func frames(input []byte, piece int) (all []string, end error) {
	r := proto.NewReader(&pieces{input, piece}, 0)
	framer := &Framer{}
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
	for _, input := range []string{
		`{"execute":"query-name"}{"execute":"query-uuid"}`, `{"execute":` + "\n\t" + `"x"}`, `[1,2] 12 nul`, `{]}`, "\xff{}", "{\"a\":\"b\n\"}{}",
		`{"a":"\u00e9\\\"}"}`, `{'execute':'x'}`, `@@@ abc {"execute":"x"}`,
	} {
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
