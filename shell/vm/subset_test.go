package vm

import (
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// Each part of a schema is one by itself, and says of its command what the whole says.
func TestCommandSchemas(t *testing.T) {
	raw, whole := qapitest.RawQEMU(t), qapitest.QEMU(t)
	parts, err := commandSchemas(raw)
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) != len(whole.Commands()) {
		t.Errorf("%d parts for %d commands", len(parts), len(whole.Commands()))
	}
	sum := 0
	for name, text := range parts {
		sum += len(text)
		part, err := qapi.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(part.Commands()) != 1 || len(part.Events()) != 0 {
			t.Errorf("the part of %s has %d commands", name, len(part.Commands()))
		}
		got, err := part.Describe(name)
		want, werr := whole.Describe(name)
		if err != nil || werr != nil || got.Text(100) != want.Text(100) {
			t.Errorf("%s alone is described otherwise: %v, %v", name, err, werr)
		}
	}
	if sum > 3*len(raw) {
		t.Errorf("%d bytes of parts from %d of the whole", sum, len(raw))
	}
}

func TestCommandSchemas_OfWhatIsNone(t *testing.T) {
	for _, text := range []string{"", "{}", "[", "[1]", `["a"]`, `[[{"name": "a"}]]`, `[{"name": "a"}] x`, `[{"name": `, strings.Repeat("[", 100_000)} {
		if parts, err := commandSchemas([]byte(text)); err == nil {
			t.Errorf("%.20q has parts %v", text, parts)
		}
	}
	parts, err := commandSchemas([]byte(`[{"name": "a", "meta-type": "command", "arg-type": "gone", "ret-type": "a"}, {}]`))
	if err != nil || string(parts["a"]) != `[{"name": "a", "meta-type": "command", "arg-type": "gone", "ret-type": "a"}]` {
		t.Errorf("what refers to nothing and to itself: %s, %v", parts, err)
	}
}

func BenchmarkCommandSchemas(b *testing.B) {
	raw := slices.Clip(qapitest.RawQEMU(b))
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := commandSchemas(raw); err != nil {
			b.Fatal(err)
		}
	}
}
