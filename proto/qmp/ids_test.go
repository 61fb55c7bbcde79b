package qmp

import (
	"strings"
	"testing"
)

func TestQ5_IDsAreComparedByValue(t *testing.T) {
	for _, same := range [][]string{
		{`"a-1"`, ` "a-1" `},
		{`"\u0061/"`, `"a\/"`},
		{`"é😀"`, `"\u00E9\uD83D\uDE00"`},
		{`1`, `1.0`, `10e-1`, ` 1 `},
		{`0`, `-0`, `0.00`},
		{`123456789012`, `123456789012.0`, `1.23456789012e11`},
		{`12345678901234567890123`, `1.2345678901234568e+22`},
		{`{"b": [1, 2.0], "a": null}`, `{"a":null,"b":[1,2]}`},
	} {
		for _, id := range same {
			if got, want := idKey([]byte(id)), idKey([]byte(same[0])); got != want || got == "" {
				t.Errorf("%s and %s: keys %s and %s", same[0], id, want, got)
			}
		}
	}
	different := []string{`1`, `"1"`, `"1\""`, `1.5`, `9007199254740993`, `9007199254740992`, `18446744073709551615`, `null`, `true`, `[]`, `{}`,
		`["a"]`, `"[]"`, `""`, strings.Repeat("[", 500) + strings.Repeat("]", 500)}
	seen := map[string]string{"": "no id"}
	for _, id := range different {
		key := idKey([]byte(id))
		if other, known := seen[key]; known {
			t.Errorf("%s and %s share the key %s", id, other, key)
		}
		seen[key] = id
	}
	if key := idKey(nil); key != "" {
		t.Errorf("no id has the key %s", key)
	}
}

func TestQ5_NumbersAreUsedAgainFromTheSmallest(t *testing.T) {
	var s numbers
	for want := 1; want < 200; want++ {
		if got := s.free(1); got != want {
			t.Fatalf("%d is free, not %d", got, want)
		}
		s.take(want)
	}
	for _, n := range []int{1, 63, 64, 128, 199} {
		s.release(n)
	}
	for _, test := range []struct{ from, want int }{{1, 1}, {2, 63}, {64, 64}, {65, 128}, {129, 199}, {200, 200}, {1000, 1000}} {
		if got := s.free(test.from); got != test.want {
			t.Errorf("from %d on %d is free, not %d", test.from, got, test.want)
		}
	}
}

func TestQ5_OwnIDsAreKnownByTheirForm(t *testing.T) {
	for id, want := range map[string]bool{"1": true, "190": true, "": false, "0": false, "01": false, "-1": false, "1.0": false, "1e3": false, `"1"`: false, "9999999999999999999": false} {
		if isOwnID([]byte(id)) != want {
			t.Errorf("%s: %v", id, !want)
		}
	}
}
