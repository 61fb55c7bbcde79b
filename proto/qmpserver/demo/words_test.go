package demo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

const wordsFile = "testdata/words.txt"

// wordInputs are messages, most of them wrong, to which the server must answer as
// QEMU does. Each must leave the server's scanner between two messages.
func wordInputs() []string {
	inputs := []string{
		// What stands around a command.
		`{"execute":"query-name"}`, `{"execute":"query-name"}{"execute":"query-uuid"}`, `{"execute":` + "\n\t" + `"query-name"}`,
		`{"execute":"nosuch","id":{"a":[1,2]}}`, `{"exec-oob":"query-name","id":3}`, `{"exec-oob":"nosuch","id":9}`,
		`{"execute":"query-name","foo":1}`, `{"id":7}`, `{}`, `[]`,
		`{"execute":1}`, `{"id":5,"execute":3}`, `{"exec-oob":{},"id":1}`, `{"execute":"query-name","arguments":1}`,
		`{"execute":"query-name","arguments":null}`, `{"arguments":1}`, `{"execute":"nosuch","arguments":1}`,
		`{"execute":"query-name","arguments":{"a":1}}`, `{"execute":"stop","arguments":{"b":1,"a":2}}`, `{"execute":"","id":1}`,
		`{"execute":"qmp_capabilities"}`, `{"execute":"query-name","control":{}}`, `{"execute":"query-status","fooo":1,"bar":1}`,
		// An id is anything that is JSON.
		`{"execute":"query-name","id":{"b":[1,{"a":null}],"a":"\u00e9\/"}}`, `{"execute":"a\tb\u007f\/"}`,
	}
	for _, id := range []string{
		"0", "-0.5", "1E+2", "1e5", "1.50", "9223372036854775807", "18446744073709551615", "true", "null", `""`,
	} {
		inputs = append(inputs, `{"execute":"query-name","id":`+id+`}`)
	}
	return append(inputs, argumentInputs()...)
}

// argumentInputs are commands that the demo simulates, with wrong arguments.
func argumentInputs() []string {
	with := func(name string, arguments ...string) (inputs []string) {
		for _, a := range arguments {
			inputs = append(inputs, `{"execute": "`+name+`", "arguments": `+a+`}`)
		}
		return inputs
	}
	var all []string
	for _, set := range [][]string{
		with("blockdev-backup", `{}`, `{"device": "d"}`, `{"device": "d", "target": "t"}`, `{"device": "d", "target": "t", "sync": "x"}`,
			`{"device": "d", "target": "t", "sync": "full", "job-id": "a", "speed": "1"}`,
			`{"device": "d", "target": "t", "sync": "full", "job-id": "a", "speed": 1.5}`,
			`{"device": "d", "target": "t", "sync": "full", "job-id": "a", "auto-finalize": 1}`,
			`{"device": "d", "target": "t", "sync": "full", "job-id": "a", "x-perf": 1}`,
			`{"device": "d", "target": "t", "sync": "full", "job-id": "a", "foo": 1}`,
			`{"device": "d", "target": "t", "sync": "full", "job-id": "a"}`),
		with("blockdev-mirror", `{"device": "d", "target": "t"}`, `{"device": "d", "target": "t", "sync": "full"}`),
		with("block-stream", `{}`, `{"device": "d"}`),
		with("job-cancel", `{}`, `{"id": "x"}`, `{"id": null}`), with("job-dismiss", `{"id": "x"}`), with("job-pause", `{"id": "x"}`),
		with("job-finalize", `{"id": "x"}`), with("block-job-cancel", `{"device": "x"}`, `{"device": "x", "force": 1}`),
		with("block-job-set-speed", `{"device": "x"}`), with("block-job-finalize", `{"id": "x"}`), with("block-job-dismiss", `{"id": "x"}`),
		with("human-monitor-command", `{}`, `{"command-line": 1}`, `{"command-line": "info status", "cpu-index": 7}`,
			`{"command-line": "info status", "cpu-index": "0"}`, `{"command-line": "foo bar"}`, `{"command-line": "info foo"}`,
			`{"command-line": ""}`, `{"command-line": "cont x"}`, `{"command-line": "info status x"}`, `{"command-line": " info   name "}`,
			`{"command-line": "help stop"}`, `{"command-line": "help foo"}`, `{"command-line": "info uuid"}`, `{"command-line": "info block-jobs"}`),
		with("block-dirty-bitmap-add", `{"node": "d"}`, `{"node": "x", "name": "b"}`, `{"node": "x", "name": ""}`),
		with("transaction", `{}`, `{"actions": {}}`, `{"actions": [1]}`, `{"actions": []}`, `{"actions": [{"data": {}}]}`,
			`{"actions": [{"type": "foo", "data": {}}]}`, `{"actions": [{"type": "abort"}]}`, `{"actions": [{"type": "abort", "data": {"a": 1}}]}`,
			`{"actions": [{"type": "block-dirty-bitmap-add", "data": {}}]}`, `{"actions": [{"type": "abort", "data": {}}]}`,
			`{"actions": [{"type": "abort", "data": {}, "x": 1}]}`),
		with("query-balloon", `{}`), with("query-named-block-nodes", `{"flat": 1}`),
	} {
		all = append(all, set...)
	}
	return all
}

// answers sends every input over a fresh connection and returns what came to each.
func answers(t *testing.T, conn net.Conn, inputs []string) [][]string {
	t.Helper()
	r := bufio.NewReader(conn)
	until := func(end string) (lines []string) {
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line = strings.TrimRight(line, "\r\n"); strings.Contains(line, end) {
				return lines
			}
			if !strings.Contains(line, `"event": `) {
				lines = append(lines, line)
			}
		}
	}
	// A pipe holds nothing: who writes much without reading may wait for ever.
	send := func(text string) (sent chan error) {
		sent = make(chan error, 1)
		go func() {
			_, err := io.WriteString(conn, text+"\n")
			sent <- err
		}()
		return sent
	}
	exchange := func(text, end string) []string {
		sent := send(text)
		lines := until(end)
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		return lines
	}
	exchange(`{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": "marker"}`, "marker")
	all := make([][]string, len(inputs))
	for i, input := range inputs {
		mark := fmt.Sprintf("marker-%d", i)
		all[i] = exchange(input+"\n"+`{"execute": "query-version", "id": "`+mark+`"}`, mark)
	}
	return all
}

// goldenWords reads what a real QEMU answered.
func goldenWords(t *testing.T) (inputs []string, want [][]string) {
	t.Helper()
	text, err := os.ReadFile(wordsFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if input, ok := strings.CutPrefix(line, "> "); ok {
			if input, err = strconv.Unquote(input); err != nil {
				t.Fatal(err)
			}
			inputs, want = append(inputs, input), append(want, nil)
		} else {
			want[len(want)-1] = append(want[len(want)-1], line)
		}
	}
	return inputs, want
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Errorf("not JSON: %s", a)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Errorf("not JSON: %s", b)
	}
	return reflect.DeepEqual(x, y)
}

func compareAnswers(t *testing.T, inputs []string, got, want [][]string) {
	t.Helper()
	for i := range inputs {
		same := len(got[i]) == len(want[i])
		for n := 0; same && n < len(want[i]); n++ {
			same = sameJSON(t, got[i][n], want[i][n])
		}
		if !same {
			t.Errorf("to %.100q\n got: %.500s\nwant: %.500s", inputs[i], strings.Join(got[i], "\n      "), strings.Join(want[i], "\n      "))
		}
	}
}

// The server words its errors as QEMU 7.2 did when the golden file was made.
func TestErrorWords(t *testing.T) {
	inputs, want := goldenWords(t)
	if !reflect.DeepEqual(inputs, wordInputs()) {
		t.Errorf("%s is out of date: set QMPSH_UPDATE=1", wordsFile)
	}
	conn, err := Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	compareAnswers(t, inputs, answers(t, conn, inputs), want)
}

// A real QEMU still words its errors so.
func TestLive_ErrorWords(t *testing.T) {
	t.Parallel()
	path, _ := qmptest.QMP(t, "-name", machineName, "-uuid", machineUUID)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	inputs := wordInputs()
	got := answers(t, conn, inputs)
	if qmptest.Update() {
		var b bytes.Buffer
		for i, input := range inputs {
			fmt.Fprintf(&b, "> %q\n", input)
			for _, line := range got[i] {
				fmt.Fprintln(&b, line)
			}
		}
		if err := os.WriteFile(wordsFile, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, want := goldenWords(t)
	compareAnswers(t, inputs, got, want)
}
