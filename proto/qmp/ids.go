package qmp

import (
	"bytes"
	"encoding/json"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// idKey gives the same text for two ids that are the same value (Q5). QEMU writes an id anew: white space, the order of
// members, the escapes and the form of a number may change on the way. id is sound JSON; nil gives "".
func idKey(id json.RawMessage) string {
	id = bytes.TrimSpace(id)
	switch {
	case len(id) == 0:
		return ""
	case isOwnID(id), isString(id) && bytes.IndexByte(id, '\\') < 0:
		return string(id)
	case isString(id):
		return `"` + jsonscan.Text(id) + `"`
	}
	d := json.NewDecoder(bytes.NewReader(id))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return string(id)
	}
	key, err := json.Marshal(sameNumbers(v)) // maps come out sorted
	if err != nil {
		return string(id)
	}
	return string(key)
}

// isOwnID reports whether id has the form of those that the client chooses: a short whole number above zero, which is
// its own key.
func isOwnID(id json.RawMessage) bool {
	if len(id) == 0 || len(id) > 18 || id[0] == '0' { // 19 digits may be more than 64 bits hold
		return false
	}
	for _, c := range id {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// numbers is a set of numbers, one bit for each.
type numbers []uint64

// free returns the smallest number from on that is not in the set. It looks at 64 numbers at a time.
func (s numbers) free(from int) int {
	for n := from; n/64 < len(s); n = (n | 63) + 1 {
		if rest := ^s[n/64] >> (n % 64); rest != 0 {
			return n + bits.TrailingZeros64(rest)
		}
	}
	return max(from, len(s)*64)
}

func (s *numbers) take(n int) {
	for n/64 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

func (s numbers) release(n int) { s[n/64] &^= 1 << (n % 64) }

// sameNumbers brings the numbers in v into one form.
func sameNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return sameNumber(string(v))
	case []any:
		for i := range v {
			v[i] = sameNumbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = sameNumbers(v[name])
		}
	}
	return v
}

// sameNumber follows QEMU: 64-bit integers stay exact, everything else becomes a double, written without a fraction if
// it has none and at most 17 digits.
func sameNumber(s string) json.Number {
	if !strings.ContainsAny(s, ".eE") {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return json.Number(strconv.FormatInt(n, 10))
		}
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			return json.Number(strconv.FormatUint(n, 10))
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return json.Number(s)
	case f == 0:
		return "0" // and not -0
	case f == math.Trunc(f) && math.Abs(f) < 1e17:
		return json.Number(strconv.FormatFloat(f, 'f', 0, 64))
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}
