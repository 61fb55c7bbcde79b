package qmp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// frames cuts stream with a new framer that gets it in pieces of the sizes that size returns. It returns the messages,
// then "!" and the error if there was one, then "+" and the message that was cut off by the end.
func frames(f *framer, stream []byte, size func() int) (all []string) {
	var message []byte
	begun := false
	for len(stream) > 0 {
		piece := stream[:min(max(size(), 1), len(stream))]
		stream = stream[len(piece):]
		for len(piece) > 0 {
			skip, end, err := f.Scan(piece)
			if begun && skip != 0 {
				return append(all, fmt.Sprintf("!skipped %d bytes inside a message", skip))
			}
			if err != nil {
				return append(all, "!"+err.Error())
			}
			if end < 0 {
				message = append(message, piece[skip:]...)
				begun = begun || skip < len(piece)
				break
			}
			all = append(all, string(append(message, piece[skip:end]...)))
			message, begun, piece = nil, false, piece[end:]
		}
	}
	if begun {
		all = append(all, "+"+string(message))
	}
	return all
}

func whole() int { return 1 << 30 }

func every(n int) func() int { return func() int { return n } }

const prettyGreeting = "{\r\n    \"QMP\": {\r\n        \"version\": {\r\n        },\r\n        \"capabilities\": [\r\n        ]\r\n    }\r\n}"

func TestQ4_FramesByValue(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		want         []string
	}{
		{"one line", "{\"return\": {}}\r\n", []string{`{"return": {}}`}},
		{"many lines", prettyGreeting + "\r\n{\n}\n", []string{prettyGreeting, "{\n}"}},
		{"closed brace at the end of a line inside", "{\"a\": {}\n, \"b\": [{}]\n}{}", []string{"{\"a\": {}\n, \"b\": [{}]\n}", "{}"}},
		{"two on one line", `{"a":1}{"b":2} {"c":3}`, []string{`{"a":1}`, `{"b":2}`, `{"c":3}`}},
		{"no newline at the end", `{"a":1}`, []string{`{"a":1}`}},
		{"brackets and quotes inside strings", `{"}]{[": "}\"}\\"}{"a\\": "\\\""}`, []string{`{"}]{[": "}\"}\\"}`, `{"a\\": "\\\""}`}},
		{"escapes", `{"a": "\u007d\n\/", "long enough for whole words": "x\\\\\\\""}`,
			[]string{`{"a": "\u007d\n\/", "long enough for whole words": "x\\\\\\\""}`}},
		{"scalars inside", `{"a":[-1.5e+3,true,false,null,0]}`, []string{`{"a":[-1.5e+3,true,false,null,0]}`}},
		{"bytes of other alphabets", "{\"ü\": \"\xff\xfe\"}", []string{"{\"ü\": \"\xff\xfe\"}"}},
		{"0xFF before a message", "\xff{\"return\": 1}\n\xff\xff \n{}", []string{`{"return": 1}`, "{}"}},
		{"only white space", " \r\n\t", nil},
		{"cut off", `{"a": "x`, []string{`+{"a": "x`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for size := 1; size <= len(c.stream); size++ {
				if got := frames(&framer{}, []byte(c.stream), every(size)); !slices.Equal(got, c.want) {
					t.Errorf("in pieces of %d: got %q, want %q", size, got, c.want)
				}
			}
		})
	}
}

func TestQ4_BadStartIsAnErrorAtOnce(t *testing.T) {
	for stream, want := range map[string]string{
		"QEMU 7.2.0 monitor":    "a message must be a JSON object, but 'Q' came",
		"RFB 003.008\n":         "a message must be a JSON object, but 'R' came",
		"\x15\x03\x01\x00":      "a message must be a JSON object, but byte 0x15 came",
		"\xff\xfb\x01":          "a message must be a JSON object, but byte 0xFB came",
		"[{}]":                  "a message must be a JSON object, but an array came",
		"\"text\"":              "a message must be a JSON object, but a string came",
		"-1":                    "a message must be a JSON object, but a number came",
		"null\n":                "a message must be a JSON object, but a literal came",
		"}":                     "a message must be a JSON object, but '}' came",
		"'":                     "a message must be a JSON object, but \"'\" came",
		"{}\r\nwhat":            "a message must be a JSON object, but 'w' came",
		"{\"a\": \x00":          "byte 0x00 cannot stand in JSON outside a string",
		"{HTTP/1.1":             "'H' cannot stand in JSON outside a string",
		"{\"a\nb":               "control character 0x0A inside a string",
		"{\"a\": \"0123456\x1f": "control character 0x1F inside a string",
		"{\"a\": \"\\n\x1b":     "control character 0x1B inside a string",
	} {
		got := frames(&framer{}, []byte(stream), every(1))
		if len(got) == 0 || !strings.HasPrefix(got[len(got)-1], "!") {
			t.Errorf("%q: got %q, want the error %q", stream, got, want)
			continue
		}
		// A word that has not wholly come is named by its first letter.
		if text := got[len(got)-1][1:]; text != want && stream[0] != 'n' {
			t.Errorf("%q in single bytes: %q, want %q", stream, text, want)
		}
		if got = frames(&framer{}, []byte(stream), whole); got[len(got)-1] != "!"+want {
			t.Errorf("%q at once: %q, want %q", stream, got, want)
		}
	}
}

func TestQ4_ErrorKeepsTheByteAndStartsAnew(t *testing.T) {
	var f framer
	_, _, err := f.Scan([]byte(`{"a": [Q`))
	var bad *FramingError
	if !errors.As(err, &bad) || bad.Got != 'Q' {
		t.Fatalf("got %v, want a FramingError for 'Q'", err)
	}
	if skip, end, err := f.Scan([]byte(" {} ")); skip != 1 || end != 3 || err != nil {
		t.Fatalf("after the error: %d, %d, %v; want 1, 3, nil", skip, end, err)
	}
}

func TestQ4_DepthIsLimited(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, jsonscan.MaxDepth/2)
	if got := frames(&framer{}, []byte(deep), every(1000)); len(got) != 1 || got[0] != "+"+deep {
		t.Errorf("10000 open containers: %.80q", got)
	}
	if got := frames(&framer{}, []byte(deep+"["), every(1000)); len(got) != 1 || got[0] != "!objects and arrays nest more than 10000 deep" {
		t.Errorf("10001 open containers: %.80q", got)
	}
}

func TestQ12_ByteFFCutsAnAgentsMessageOff(t *testing.T) {
	stream := []byte("{\"return\": {\"text\": \"abc\xff{\"return\": 7}\n{\"return\":\xff{}")
	want := []string{`{"return": {"text": "abc`, `{"return": 7}`, `{"return":`, `{}`}
	for size := 1; size <= len(stream); size++ {
		if got := frames(&framer{Agent: true}, stream, every(size)); !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: got %q, want %q", size, got, want)
		}
	}
	if _, err := ParseMessage([]byte(want[0])); err == nil {
		t.Error("a message that was cut off is accepted")
	}
}

// TestQ4_ThroughTheReader shows that framer and proto.Reader agree, for messages beyond the reader's buffer too.
func TestQ4_ThroughTheReader(t *testing.T) {
	big, pretty := bigReply(300<<10), prettyReply(300<<10)
	text := fmt.Appendf(nil, `{"return": "%s\\\""}`, bytes.Repeat([]byte(`\"}`), 100<<10))
	stream := bytes.Join([][]byte{big, []byte(smallEvent), pretty, text, []byte("\xff{}")}, []byte("\r\n"))
	for name, source := range map[string]io.Reader{
		"whole": bytes.NewReader(stream), "bytes": iotest.OneByteReader(bytes.NewReader(stream)),
		"halves": iotest.HalfReader(bytes.NewReader(stream)), "data with EOF": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		r := proto.NewReader(source, 0)
		var f framer
		for i, want := range [][]byte{big, []byte(strings.TrimSpace(smallEvent)), pretty, text, []byte("{}")} {
			got, err := r.ReadMessage(&f)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: message %d: %d bytes, %v; want %d bytes", name, i, len(got), err, len(want))
			}
		}
		if _, err := r.ReadMessage(&f); err != io.EOF {
			t.Errorf("%s: %v at the end, want EOF", name, err)
		}
	}
}

// FuzzFramer cuts a stream in two ways and wants the same messages, and those that encoding/json finds.
func FuzzFramer(f *testing.F) {
	for _, s := range []string{"{}", smallEvent + smallEvent, prettyGreeting + "\n", "\xff{\"return\": 1}\n", `{"a": "\\\"}{"}[`,
		"QEMU 7.2", "{\"a\": {}\n}{\"b\"", "{\"a\":\xff{}\xff", "{]"} {
		f.Add([]byte(s), []byte{1, 3, 0, 7}, false)
		f.Add([]byte(s), []byte{2}, true)
	}
	f.Fuzz(func(t *testing.T, stream, cuts []byte, agent bool) {
		want := frames(&framer{Agent: agent}, stream, whole)
		n := 0
		got := frames(&framer{Agent: agent}, stream, func() int {
			if n++; len(cuts) == 0 {
				return n
			}
			return int(cuts[n%len(cuts)])
		})
		if !slices.EqualFunc(got, want, sameFrame) {
			t.Fatalf("in pieces: %q\nwhole:     %q", got, want)
		}
		if agent || bytes.IndexByte(stream, 0xFF) >= 0 {
			return
		}
		d := json.NewDecoder(bytes.NewReader(stream))
		for i := 0; ; i++ {
			var value json.RawMessage
			if d.Decode(&value) != nil || value[0] != '{' {
				return
			}
			if i >= len(want) || want[i] != string(value) {
				t.Fatalf("message %d: got %q, encoding/json has %q", i, want, value)
			}
		}
	})
}

// sameFrame compares what frames returns. An error's words may depend on how much of a word had come.
func sameFrame(a, b string) bool {
	return a == b || strings.HasPrefix(a, "!") && strings.HasPrefix(b, "!")
}

func TestQ12_AgentFramerNeverFails(t *testing.T) {
	const good = `{"return": 1}`
	for _, left := range leftovers {
		stream := left + "\xff" + good + "\n" + `oops` + "\n" + good + "\n"
		for cut := range min(len(stream), 200) {
			f := &agentFramer{inner: framer{Agent: true}}
			r := proto.NewReader(io.MultiReader(strings.NewReader(stream[:cut]), strings.NewReader(stream[cut:])), 0)
			var got []string
			for {
				m, err := r.ReadMessage(f)
				if err != nil {
					if err != io.EOF {
						t.Fatalf("%.40q cut at %d: %v", left, cut, err)
					}
					break
				}
				got = append(got, string(m))
			}
			if len(got) < 2 || got[len(got)-1] != good || got[len(got)-2] != good {
				t.Fatalf("%.40q cut at %d: got %.200q", left, cut, got)
			}
		}
	}
}

// A guest is not to be trusted: of a broken message that holds many starts of messages,
// it must not matter how many.
func TestQ12_AgentFramerLooksAtBytesOnce(t *testing.T) {
	f := &agentFramer{inner: framer{Agent: true}}
	p := []byte(strings.Repeat("{\n", 9000) + strings.Repeat("1\n", 1<<20) + "!\n" + `{"return": 1}`)
	began := time.Now()
	skip, end, err := f.Scan(p)
	if err != nil || end < 0 || string(p[skip:end]) != `{"return": 1}` {
		t.Errorf("got %d, %d, %v", skip, end, err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%d bytes took %v", len(p), took)
	}
}
