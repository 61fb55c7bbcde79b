package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecodeIsWhatEncodingJSONMakes(t *testing.T) {
	for _, src := range []string{
		`{"a": [1, -0, 1.50, 12345678901234567890123, 1e5, true, false, null, "x\"\u00e9\ud83d\ude00", {}, []], "b": {"a": 1, "a": 2}}`,
		` "only" `, `7`, `[[[{"":[]}]]]`, `["\ud800", "\u0000"]`,
	} {
		sameAsEncodingJSON(t, src)
	}
	for _, src := range []string{``, `[1`, `{"a":1,}`, `[1] 2`, `{"a"`} {
		if v, err := decode([]byte(src)); err == nil {
			t.Errorf("%s: %v", src, v)
		}
	}
}

func sameAsEncodingJSON(t *testing.T, src string) {
	t.Helper()
	got, err := decode([]byte(src))
	d := json.NewDecoder(strings.NewReader(src))
	d.UseNumber()
	var want any
	if d.Decode(&want) != nil || err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	if got = numbers(got); !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %#v\nwant %#v", src, got, want)
	}
}

// numbers gives integers the type that encoding/json has for them.
func numbers(v any) any {
	switch v := v.(type) {
	case int:
		return json.Number(fmt.Sprint(v))
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return v
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\n"},[]],"c":-1.5e3}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		v, err := decode(src)
		if (err == nil) != json.Valid(src) {
			t.Fatalf("%q: %v, %v", src, v, err)
		}
		if err == nil && utf8.Valid(src) {
			sameAsEncodingJSON(t, string(src))
		}
	})
}

// What a filter would need is known before it is taken.
func TestAFilterHasABound(t *testing.T) {
	small := append(append([]byte("["), bytes.Repeat([]byte(`{"a":1},`), 4<<20)...), "1]"...)
	_, err := decode(small)
	if err == nil || !strings.Contains(err.Error(), "32 MiB") || !strings.Contains(err.Error(), "> FILE") {
		t.Error(err)
	}
	flat := append(append([]byte("["), bytes.Repeat([]byte(`"`+strings.Repeat("x", 1000)+`",`), 20<<10)...), "1]"...)
	if v, err := decode(flat); err != nil || len(v.([]any)) != 20<<10+1 {
		t.Error(err)
	}
}
