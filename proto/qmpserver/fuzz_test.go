package qmpserver

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
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
			if !slices.Equal(cut, whole) || cutEnd != end {
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
			c, fault := ParseRequest([]byte(frame), true)
			if fault == nil && (c.Name == "" && !strings.Contains(frame, `""`) || !json.Valid(c.Raw)) {
				t.Errorf("%q was taken as %+v", frame, c)
			}
			for _, value := range []json.RawMessage{c.ID, c.Arguments} {
				if value != nil && !json.Valid(value) {
					t.Errorf("%q has a part %q", frame, value)
				}
			}
		}
		// An object or array is one message, whatever stands inside.
		if trimmed := bytes.Trim(input, " \t\r\n"); json.Valid(input) && (trimmed[0] == '{' || trimmed[0] == '[') &&
			!bytes.Contains(input, []byte{resync}) && !(len(whole) == 1 && whole[0] == string(trimmed)) {
			t.Errorf("%q became %q", input, whole)
		}
	})
}
