package qmp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

func TestQ10_BytesAreKept(t *testing.T) {
	raw := `{ "return" : {"z":1, "a" : [1.50, 12345678901234567890123, 1e5, -0, 0.1000], "<>&":"é\u00e9\/"} , "id":1}`
	m, err := ParseMessage([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"z":1, "a" : [1.50, 12345678901234567890123, 1e5, -0, 0.1000], "<>&":"é\u00e9\/"}`; string(m.Return) != want {
		t.Errorf("return is %s, want %s", m.Return, want)
	}
	if string(m.Raw) != raw || string(m.ID) != `1` || m.Error != nil || m.Event != nil || m.Data != nil {
		t.Errorf("got %+v", m)
	}
}

func TestParseMessage_Members(t *testing.T) {
	m, err := ParseMessage([]byte(`{"QMP":1,"return":null,"error":{},"id":[],"\u0065v\u0065nt":"E","data":false,"timestamp":0,"x":9,"Return":5,"id":2}`))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s %s %s %s %s %s %s", m.QMP, m.Return, m.Error, m.ID, m.Event, m.Data, m.Timestamp)
	if want := `1 null {} 2 "E" false 0`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseMessage_Faults(t *testing.T) {
	for raw, want := range map[string]string{
		``:                       "expected an object, but the text ends at byte 0",
		`[]`:                     "expected an object, found '[' at byte 0",
		`{"a":1} x`:              "expected nothing more behind the value, found 'x' at byte 8",
		`{"a":1,}`:               "expected a member name in double quotes, found '}' at byte 7",
		`{,}`:                    "expected a member name in double quotes or '}', found ',' at byte 1",
		`{'a':1}`:                `expected a member name in double quotes or '}', found "'" at byte 1`,
		`{"a" 1}`:                "expected ':' after the member name, found '1' at byte 5",
		`{"a":}`:                 "expected a value, found '}' at byte 5",
		`{"a":1 "b"`:             "expected ',' or '}' after a member, found '\"' at byte 7",
		`{"a":[1 2]}`:            "expected ',' or ']' after an element, found '2' at byte 8",
		`{"a":[1,]}`:             "expected a value, found ']' at byte 8",
		`{"a":{"b":[}}`:          "expected a value, found '}' at byte 11",
		`{"a":{"b":1]}`:          "expected ',' or '}' after a member, found ']' at byte 11",
		`{"a":[{"b":1},{"c"}]}`:  "expected ':' after the member name, found '}' at byte 18",
		`{"a":[`:                 "expected a value, but the text ends at byte 6",
		`{"a":"x`:                "expected the closing quote of a string, but the text ends at byte 7",
		`{"a":"\x"}`:             "expected one of \"\\/bfnrtu after a backslash, found 'x' at byte 7",
		`{"a":"\u12g4"}`:         "expected four hexadecimal digits after \\u, found 'g' at byte 10",
		"{\"a\":\"12345678\t\"}": "a control character must be escaped inside a string, found byte 0x09 at byte 14",
		`{"a":01}`:               "expected ',' or '}' after a member, found '1' at byte 6",
		`{"a":-}`:                "expected a digit, found '}' at byte 6",
		`{"a":1.}`:               "expected a digit, found '}' at byte 7",
		`{"a":1e+}`:              "expected a digit, found '}' at byte 8",
		`{"a":+1}`:               "expected a value, found '+' at byte 5",
		`{"a":nul}`:              "expected true, false or null, found '}' at byte 8",
		`{"a":é}`:                "expected a value, found 'é' at byte 5",
		"{\"a\":\x00}":           "expected a value, found byte 0x00 at byte 5",
	} {
		_, err := ParseMessage([]byte(raw))
		var server *ServerParseError
		var syntax *jsonscan.SyntaxError
		if !errors.As(err, &server) || !errors.As(err, &syntax) || string(server.Raw) != raw {
			t.Errorf("%s: got %v, want a ServerParseError around a SyntaxError", raw, err)
		} else if syntax.Error() != want {
			t.Errorf("%s:\n got %s\nwant %s", raw, syntax, want)
		}
	}
}

func TestParseMessage_Depth(t *testing.T) {
	for _, open := range []string{`[`, `{"a":`, `[{"a":`} {
		n := strings.Count(open, "[") + strings.Count(open, "{")
		for _, depth := range []int{62, 64, 66, 126, 128, 130, 9998, 9999} {
			closers := map[string]string{`[`: `]`, `{"a":`: `}`, `[{"a":`: `}]`}[open]
			raw := []byte(`{"x":` + strings.Repeat(open, depth/n) + `0` + strings.Repeat(closers, depth/n) + `}`)
			if _, err := ParseMessage(raw); err != nil {
				t.Errorf("%s %d deep: %v", open, depth, err)
			}
			raw[len(raw)-2] ^= '}' ^ ']' // the outermost closer is of the wrong kind
			if _, err := ParseMessage(raw); err == nil {
				t.Errorf("%s %d deep: a wrong closer is accepted", open, depth)
			}
		}
	}
	_, err := ParseMessage([]byte(`{"x":` + strings.Repeat(`[`, 10000) + strings.Repeat(`]`, 10000) + `}`))
	if err == nil || !strings.Contains(err.Error(), "10000 deep") {
		t.Errorf("10001 deep: %v", err)
	}
}

func TestParseMessage_Allocates(t *testing.T) {
	for name, raw := range map[string][]byte{"event": []byte(smallEvent), "large reply": bigReply(100 << 10)} {
		if n := testing.AllocsPerRun(100, func() { ParseMessage(raw) }); n > 1 {
			t.Errorf("%s: %v allocations, want 1", name, n)
		}
	}
}

func TestDecodeEvent(t *testing.T) {
	m, err := ParseMessage([]byte(strings.TrimSpace(smallEvent)))
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.decodeEvent()
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Unix(1700000000, 123456000); !e.Time.Equal(want) || e.Name != "BLOCK_IO_ERROR" {
		t.Errorf("got %s at %v, want it at %v", e.Name, e.Time, want)
	}
	if string(e.Data) != `{"device": "virtio0", "operation": "write", "action": "report"}` || string(e.Raw) != strings.TrimSpace(smallEvent) {
		t.Errorf("got data %s, raw %s", e.Data, e.Raw)
	}
}

func TestDecodeEvent_Timestamps(t *testing.T) {
	for timestamp, want := range map[string]time.Time{
		`{"seconds": -1, "microseconds": -1}`:                      {},
		`{"microseconds": 5}`:                                      {},
		`{"seconds": 2, "microseconds": -1}`:                       time.Unix(2, 0),
		`{"microseconds": 999999, "seconds": 9007199254740993}`:    time.Unix(9007199254740993, 999999000),
		`{"seconds": 2, "microseconds": 3, "nanoseconds": "more"}`: time.Unix(2, 3000),
	} {
		m, err := ParseMessage([]byte(`{"event": "\u0041", "timestamp": ` + timestamp + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if e, err := m.decodeEvent(); err != nil || !e.Time.Equal(want) || e.Time.IsZero() != want.IsZero() || e.Name != "A" || e.Data != nil {
			t.Errorf("%s: got %+v, %v; want %v", timestamp, e, err, want)
		}
	}
	if e, err := (&Message{Event: []byte(`"X"`)}).decodeEvent(); err != nil || !e.Time.IsZero() {
		t.Errorf("without a timestamp: %v, %v", e, err)
	}
	for _, raw := range []string{`{"event": 1}`, `{"event": "X", "timestamp": 1}`, `{"event": "X", "timestamp": {"seconds": 1.5}}`,
		`{"event": "X", "timestamp": {"seconds": 1, "microseconds": "2"}}`} {
		m, err := ParseMessage([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		var server *ServerParseError
		if _, err := m.decodeEvent(); !errors.As(err, &server) {
			t.Errorf("%s: got %v, want a ServerParseError", raw, err)
		}
	}
}

func TestQ7_ExecuteErrorHasTheServersWords(t *testing.T) {
	c := Command{Name: "eject"}
	for raw, want := range map[string]string{
		`{"error": {"class": "DeviceNotFound", "desc": "Device \"x\" not found"}, "id": 1}`: `DeviceNotFound: Device "x" not found`,
		`{"error": {"class": "GenericError"}}`:                                              `GenericError: {"class": "GenericError"}`,
		`{"error": "no object"}`:                                                            `"no object"`,
		`{"error": {"class": 1, "desc": 2}}`:                                                `{"class": 1, "desc": 2}`,
	} {
		m, err := ParseMessage([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if e := m.executeError(c); e.Error() != want || e.Command.Name != "eject" || string(e.Raw) != raw {
			t.Errorf("%s: got %q %+v, want %q", raw, e, e, want)
		}
	}
}

// FuzzParseMessage wants the verdict and the members that encoding/json gives.
func FuzzParseMessage(f *testing.F) {
	for _, s := range []string{smallEvent, prettyGreeting, `{"return": [1, -0.5e+7, "\ud800\"", {}, [], [[]], true], "id": null}`,
		`{"\u0069d": 1, "id": 2, "a": {"id": 3}}`, `{"a":01}`, `{"a":"` + "\xff\x7f" + `"}`, `{"a":1} {`,
		`{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseMessage(raw)
		var want map[string]json.RawMessage
		isObject := bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{"))
		if valid := json.Valid(raw) && isObject; (err == nil) != valid {
			t.Fatalf("%q: got %v, json.Valid and an object: %v", raw, err, valid)
		}
		if err != nil {
			return
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string]json.RawMessage{"QMP": m.QMP, "return": m.Return, "error": m.Error, "id": m.ID,
			"event": m.Event, "data": m.Data, "timestamp": m.Timestamp} {
			if value, present := want[name]; present != (got != nil) || !bytes.Equal(value, got) {
				t.Fatalf("%q: %s is %q, want %q", raw, name, got, value)
			}
		}
		if m.Event != nil {
			m.decodeEvent()
		}
		if m.Error != nil {
			m.executeError(Command{})
		}
		idKey(m.ID)
	})
}
