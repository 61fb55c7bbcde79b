package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// schemaFile is a file with the schema of QEMU 7.2.
func schemaFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(path, qapitest.RawQEMU(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDescribeOffline(t *testing.T) {
	t.Parallel()
	file := schemaFile(t)
	for _, c := range []struct {
		words string
		want  []string // in this order
	}{
		{"block-dirty-bitmap-add", []string{"block-dirty-bitmap-add node=str name=str", "\ncommand\n", "arguments:", "node ", "granularity ", "int, optional", "returns: nothing"}},
		{"BLOCK_JOB_COMPLETED", []string{"BLOCK_JOB_COMPLETED ", "\nevent\n", "device", "error ", "optional"}},
		{"blockdev-add file", []string{"blockdev-add", "driver"}},
		{"query-block*", []string{"query-block\nquery-block-exports\nquery-block-jobs\nquery-blockstats\n"}},
		{"*JOB_C*", []string{"BLOCK_JOB_CANCELLED  (event)\nBLOCK_JOB_COMPLETED  (event)\n"}},
		{"", []string{"query-status\n"}},
	} {
		args := append([]string{"describe", "--schema", file}, strings.Fields(c.words)...)
		r := run(t, "", args...).must(t, 0).quiet(t)
		if !inOrder(r.out, c.want...) || !strings.HasSuffix(r.out, "\n") || strings.HasSuffix(r.out, "\n\n") {
			t.Errorf("%s: want %q, got %v", c.words, c.want, r)
		}
	}
	if r := run(t, "", "describe", "--schema", file, "blockdev-ad").must(t, 2).prints(t, ""); !strings.Contains(r.err, "did you mean blockdev-add") {
		t.Errorf("a name that is nearly one: %v", r)
	}
	run(t, "", "describe", "--schema", file, "nosuch*").must(t, 2).prints(t, "").says(t, "no event nosuch*")
	run(t, "", "describe", "--schema", file, "query-[").must(t, 2).prints(t, "").says(t, "the pattern query-[")
	run(t, "", "describe", "--schema", file+".no", "x").must(t, 2).prints(t, "").says(t, "qmpsh: --schema: open ")
	run(t, "", "describe", "x").must(t, 2).prints(t, "").says(t, "no address")
}

func TestDescribeAsData(t *testing.T) {
	t.Parallel()
	file := schemaFile(t)
	data := func(into any, words ...string) {
		t.Helper()
		r := run(t, "", append([]string{"describe", "--schema", file, "-o", "json"}, words...)...).must(t, 0).quiet(t)
		if strings.Count(r.out, "\n") != 1 {
			t.Errorf("%q: not one line: %v", words, r)
		}
		if err := json.Unmarshal([]byte(r.out), into); err != nil {
			t.Errorf("%q: %v: %v", words, err, r)
		}
	}
	var command struct {
		Name, Kind string
		Members    []struct {
			Name, Type string
			Optional   bool
		}
	}
	data(&command, "block-dirty-bitmap-add")
	if command.Kind != "command" || len(command.Members) != 5 || command.Members[0].Name != "node" || command.Members[0].Optional ||
		command.Members[2].Type != "int" || !command.Members[2].Optional {
		t.Errorf("a command: %+v", command)
	}
	var list []struct{ Name, Kind string }
	data(&list, "BLOCK_JOB_C*")
	if len(list) != 2 || list[0].Name != "BLOCK_JOB_CANCELLED" || list[0].Kind != "event" {
		t.Errorf("a list: %+v", list)
	}
	run(t, "", "describe", "--schema", file, "-o", "json", "nosuch").must(t, 2).prints(t, "").says(t, `"nosuch"`)
}

func TestDescribeAsksTheServer(t *testing.T) {
	t.Parallel()
	path := listen(t, Negotiate(), Expect("query-qmp-schema"), Reply(string(qapitest.RawQEMU(t))), ExpectEnd())
	r := run(t, "", "describe", "-s", path, "device_del").must(t, 0).quiet(t)
	if !strings.HasPrefix(r.out, "device_del id=str\n") {
		t.Errorf("got %v", r)
	}
	path = listen(t, Negotiate(), Expect("query-qmp-schema"), ReplyError("CommandNotFound", "no"), ExpectEnd())
	run(t, "", "describe", "-s", path, "device_del").must(t, 1).prints(t, "").says(t, "CommandNotFound: no")
	path = listen(t, Negotiate(), Expect("query-qmp-schema"), Reply("7"), ExpectEnd())
	run(t, "", "describe", "-s", path, "device_del").must(t, 2).prints(t, "").says(t, "this server has no schema")
}

func TestLiveDescribe(t *testing.T) {
	t.Parallel()
	path, _ := StorageDaemon(t)
	run(t, "", "describe", "-s", path, "query-status").must(t, 2).prints(t, "").says(t, `"query-status"`)
	if r := run(t, "", "describe", "-s", path, "nbd-server-start").must(t, 0).quiet(t); !inOrder(r.out, "nbd-server-start addr=object", "object … by type") {
		t.Errorf("got %v", r)
	}
}

func TestShellDescribes(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		p := openPane(t, s, "connect", "demo:")
		p.ends("(demo)")
		p.enters(".describe block-dirty-bitmap-remove")
		p.shows("(demo) .describe block-dirty-bitmap-remove\n", "node=str", "name=str\n", "arguments:", "returns: nothing\n(demo)")
		p.enters(".help device_del")
		p.shows("(demo) .help device_del\ndevice_del id=str\n", "\n(demo)")
		p.enters(".describe query-block*")
		p.shows("\nquery-block\nquery-block-exports\n", "\n(demo)")
		p.enters(".describe query-statu")
		p.shows("did you mean query-status", "\n(demo)")
		p.enters(".json device_del id=1")
		p.ends(`{"execute": "device_del", "arguments": {"id": "1"}}`, "(demo)")
		p.enters(".json device_del i=1")
		p.shows(`"device_del" has no argument "i"`, "\n(demo)")
		p.enters(".json query-block | .[")
		p.shows("the filter does not compile", "\n(demo)")
		p.enters(".json .help")
		p.shows(".json takes a line of QMP", "\n(demo)")
		for line := range strings.Lines(p.tmux("capture-pane", "-p")) {
			if len([]rune(strings.TrimRight(line, " \n"))) > s.Cols {
				t.Errorf("a row too long: %s", line)
			}
		}
		p.keys("C-d")
		p.leaves(0)
	})
}
