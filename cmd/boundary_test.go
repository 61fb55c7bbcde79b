package cmd_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/shell/text"
)

// poison is what a hostile server puts wherever it can: a new clipboard, a title, colours, C1,
// bidirectional and invisible characters. QEMU's JSON can carry all of it.
const poison = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x1b[8m\x9b31m\u009b5m\x7f\u202e\u2066\u200b\u200d\u2060\ufeff\u00ad\u180e\u3164\u2800\U000e0041\ue000\ufdd0\u2028\r"

// asJSON is live inside a JSON string: once escaped, once as it is where JSON allows that.
func asJSON() string {
	escaped, _ := json.Marshal(strings.ToValidUTF8(poison, ""))
	raw := strings.Map(func(r rune) rune {
		if r < 0x20 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(poison, ""))
	return strings.Trim(string(escaped), `"`) + raw
}

// forSchema leaves out what no schema may have: code points that are no characters.
func forSchema(s string) string {
	return strings.NewReplacer("\\ufdd0", "", "\ufdd0", "").Replace(s)
}

// hostile makes a desk that puts poison into everything it says, its schema included.
func hostile(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	e := asJSON()
	schema := string(qapitest.RawQEMU(t))
	e = forSchema(e)
	for _, name := range []string{"block-dirty-bitmap-add", "granularity", "STOP", "BLOCK_JOB_COMPLETED", "query-status"} {
		schema = strings.ReplaceAll(schema, `"`+name+`"`, `"`+name+e+`"`)
	}
	d.set("query-qmp-schema", strings.ReplaceAll(`{"return": `+schema+`, "id": %s}`, "%%", "%"))
	e = asJSON()
	d.set("query-name", `{"return": {"name": "`+e+`"}, "id": %s}`)
	d.set("query-status", `{"return": {"status": "`+e+`"}, "id": %s}`)
	d.set("human-monitor-command", `{"return": "line`+e+`\nline", "id": %s}`)
	d.set("fail", `{"error": {"class": "Generic`+e+`", "desc": "`+e+`\nqmpsh: not mine"}, "id": %s}`)
	d.set("stop", `{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP`+e+`", "data": {"k`+e+`": "`+e+`"}}`+"\r\n"+
		`{"return": {"`+e+`": ["`+e+`"]}, "id": %s}`)
	return d
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// ours are the sequences with which the line editor draws, and those for colours. None of them
// shows in poison.
var ours = regexp.MustCompile("\x1b\\[[0-9;]*[mACDJK]|\x1b\\[\\?2004[hl]|\x1b\\[K|[\b\a]")

// checkClean fails the test if text, without our own sequences, has anything in it that could act
// on a terminal or hide on it.
func checkClean(t *testing.T, what, got string, drawn *regexp.Regexp) {
	t.Helper()
	for _, part := range []string{"\x1b[2J", "\x1b[8m", "\x1b[31m\x1b", "\x1b]"} {
		if strings.Contains(got, part) {
			t.Errorf("%s: %q is live in %q", what, part, tail(got))
		}
	}
	rest := strings.ReplaceAll(drawn.ReplaceAllString(got, ""), "\r", "")
	if !text.IsClean([]byte(rest)) {
		for _, r := range rest {
			if r != '\n' && r != '\t' && !text.Visible(r) {
				t.Errorf("%s: %U is live in %q", what, r, tail(rest))
				return
			}
		}
		t.Errorf("%s: not UTF-8: %q", what, tail(rest))
	}
}

// Whatever a server says, nothing of it acts on a terminal: neither on stderr in a pipe, nor in
// text for people on stdout. Results in a pipe are its bytes.
func TestNothingLiveReachesAPipe(t *testing.T) {
	t.Parallel()
	d := hostile(t)
	schema := filepath.Join(t.TempDir(), "schema.json")
	raw := strings.ReplaceAll(string(qapitest.RawQEMU(t)), `"device_del"`, `"device_del`+forSchema(asJSON())+`"`)
	if err := os.WriteFile(schema, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		stdin  string
		words  []string
		people bool // stdout is for people, too
	}{
		{"", []string{"exec", "query-status"}, false},
		{"", []string{"exec", "-v", "stop"}, false},
		{"", []string{"exec", "--debug", "fail"}, false},
		{"", []string{"exec", "-s", d.path, "nosuch" + poison, "a=1"}, false},
		{"", []string{"exec", "x a=" + poison}, false},
		{"", []string{"exec", "block-dirty-bitmap-add", "a" + poison + "=1"}, false},
		{"", []string{"exec", "query-block | " + poison}, false},
		{"", []string{"exec", "query-block > /no/such/" + strings.ToValidUTF8(poison, "")}, false},
		{"", []string{"describe"}, true},
		{"", []string{"describe", "block*"}, true},
		{"", []string{"describe", "block-dirty-bitmap-ad"}, true},
		{"", []string{"describe", poison}, true},
		{"", []string{"describe", "--schema", schema, "device_del*"}, true},
		{"", []string{"help", poison}, true},
		{"", []string{poison}, true},
		{"", []string{"--output", poison, "exec", "x"}, true},
		{"", []string{"__complete", "exec", ""}, true},
		{"", []string{"__complete", "exec", "block-dirty-bitmap-remove", ""}, true},
		{"", []string{"__complete", "describe", "S"}, true},
		{"", []string{"__complete", "describe", "--schema", schema, "device"}, true},
		{"stop\nfail\n", []string{"connect", "-v"}, false},
		{"stop\nfail\n" + poison + "\n.x" + poison + "\n", []string{"connect", "--keep-going"}, false},
		{"", []string{"connect", "-s", d.path, "/no/such/" + poison}, false},
		{"", []string{"connect", "unix:/no/such/" + poison}, false},
	} {
		words := c.words
		env := map[string]string{"QMPSH_SOCKET": d.path}
		r := runWith(t, strings.NewReader(c.stdin), env, words...)
		what := fmt.Sprintf("%.60q, code %d", words, r.code)
		checkClean(t, "stderr of "+what, r.err, sgr)
		if strings.Contains(r.err, "\nqmpsh: not mine") {
			t.Errorf("%s: the server has written a line of ours: %q", what, r.err)
		}
		if len(c.words) > 1 && c.words[0] == "describe" && c.words[len(c.words)-1] == "device_del*" && !strings.Contains(r.out, `device_del\x1b`) {
			t.Errorf("the hostile schema was not described: %q", r.out)
		}
		if c.people {
			checkClean(t, "stdout of "+what, r.out, sgr)
		}
	}
	if r := runWith(t, strings.NewReader(""), map[string]string{"QMPSH_SOCKET": d.path}, "exec", "human-monitor-command", "command-line=x"); !strings.Contains(r.out, "\u202e\u200b"[:3]) {
		t.Errorf("the result in a pipe is not the server's: %q", r.out)
	}
}

// On a terminal results are clean too, in every format, and so is a file that is one.
func TestNothingLiveReachesATerminal(t *testing.T) {
	t.Parallel()
	d := hostile(t)
	for _, words := range [][]string{
		{"exec", "query-status"}, {"exec", "-o", "raw", "query-status"}, {"exec", "-o", "json", "human-monitor-command", "command-line=x"},
		{"exec", "-v", "--debug", "stop"}, {"exec", "fail"}, {"exec", "-q", ".return", "query-status"}, {"exec", "query-status | .[]"},
		{"exec", "query-status > /dev/tty"}, {"exec", "--dry-run", "x a=" + strings.ToValidUTF8(strings.ReplaceAll(poison, "\r", ""), "")},
		{"describe", "block*"}, {"describe", "-o", "json", "block*"}, {"describe", "block-dirty-bitmap-remove"}, {"__complete", "exec", "b"},
	} {
		s := openTTY(t, qmptest.Dir(t), func(c *exec.Cmd) { c.Env = append(c.Env, "QMPSH_SOCKET="+d.path, "NO_COLOR=") }, words...)
		<-s.ended
		poll(t, func() bool { return s.out.String() != "" }, func() string { return fmt.Sprintf("%q shows nothing", words) })
		checkClean(t, fmt.Sprintf("%.60q", words), s.out.String(), sgr)
	}
}

// The shell: prompt, banner, events, results, errors, every dot-word, Tab, hints, history, pastes.
func TestNothingLiveReachesTheShell(t *testing.T) {
	t.Parallel()
	for _, redirect := range []bool{false, true} {
		d := hostile(t)
		dir := qmptest.Dir(t)
		log, err := os.Create(filepath.Join(dir, "log"))
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		s := openTTY(t, dir, func(c *exec.Cmd) {
			c.Env = append(c.Env, "NO_COLOR=")
			if redirect {
				c.Stderr = log
			}
		}, "connect", "-v", "--debug", d.path)
		s.shows("Connected to QEMU", "Type a QMP command")
		s.enters("query-status", "stop", "fail", "human-monitor-command command-line=x", "nosuch")
		s.enters(".help", ".help stop", ".describe block*", ".describe block-dirty-bitmap-remove", ".describe nosuch", ".nosuch",
			".json query-status", ".json x a=1", ".history", "query-block | .[", "query-name > /dev/tty", "transaction(", "block-dirty-bitmap-ad", ")")
		s.types("\x03.describe\r") // of all, a screenful at a time
		s.shows("-- more")
		s.types(" ")
		s.prompts("q")
		s.types("block\t")
		s.shows("block-dirty-bitmap-remove")
		s.types("\x15block-dirty-bitmap-remove \t\x15")
		s.types("\x1b[200~paste " + strings.ReplaceAll(poison, "\x1b", "") + "\x1b[201~")
		s.shows("paste ")
		s.prompts("\x01\x05\x12pas\x07\r")
		s.enters(".reconnect")
		s.enters("")
		s.types(".exit\r")
		s.leaves()
		checkClean(t, fmt.Sprintf("the shell's terminal (stderr elsewhere: %v)", redirect), s.out.String(), ours)
		if redirect {
			traffic := s.file("log")
			checkClean(t, "the log", traffic, sgr)
			if !strings.Contains(traffic, `-> {"execute": "stop"`) || strings.Contains(s.out.String(), `-> {"execute"`) {
				t.Errorf("the traffic belongs into the file that stderr is: %q", tail(traffic))
			}
		}
	}
}
