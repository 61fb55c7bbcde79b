package qmpserver

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestSpaced(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1,"b":[1,2,{}],"c,:\" d":"x:y,\\"}`: `{"a": 1, "b": [1, 2, {}], "c,:\" d": "x:y,\\"}`,
		" [ 1 ,\n2 ] ": "[1, 2]",
	} {
		got := spaced([]byte(in))
		if string(got) != want || !json.Valid(got) || !bytes.Equal(spaced(got), got) {
			t.Errorf("spaced(%s) = %s", in, got)
		}
	}
}
