package shell

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/shell/terminal"
)

func TestDescribe(t *testing.T) {
	schema := qapitest.QEMU(t)
	for _, c := range []struct {
		words string
		want  []string
	}{
		{"block-dirty-bitmap-add", []string{"block-dirty-bitmap-add", "node", "name", "granularity"}},
		{"BLOCK_JOB_COMPLETED", []string{"BLOCK_JOB_COMPLETED", "device", "offset"}},
		{"blockdev-add file", []string{"blockdev-add file"}},
		{"block-dirty*", []string{"block-dirty-bitmap-add\n", "block-dirty-bitmap-remove"}},
		{"BLOCK_JOB_* block-dirty*", []string{"BLOCK_JOB_CANCELLED  (event)\n", "block-dirty-bitmap-add"}},
		{"", []string{"query-status\n", "SHUTDOWN  (event)\n"}},
	} {
		text, err := Describe(schema, strings.Fields(c.words), 80)
		if err != nil || strings.HasSuffix(text, "\n") {
			t.Errorf("%s: %q, %v", c.words, text, err)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", c.words, want, text)
			}
		}
	}
}

func TestDescribeWhatIsNotThere(t *testing.T) {
	schema := qapitest.QEMU(t)
	for words, want := range map[string]string{
		"query-statu":       "query-status",
		"blockdev-add fil":  "fil",
		"nosuch*":           "the server has no command and no event nosuch*",
		"query-[":           "the pattern query-[: ",
		"query-status what": "what",
	} {
		if text, err := Describe(schema, strings.Fields(words), 80); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v", words, text, err)
		}
	}
	if _, err := Describe(nil, nil, 80); !errors.Is(err, ErrNoSchema) {
		t.Errorf("without a schema: %v", err)
	}
}

func TestDescribeFitsTheWindow(t *testing.T) {
	schema := qapitest.QEMU(t)
	for _, name := range []string{"block-dirty-bitmap-add", "migrate-set-parameters", "query-block", "blockdev-add"} {
		text, err := Describe(schema, []string{name}, 40)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 40 && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s: a line of %d columns: %s", name, n, line)
			}
		}
	}
}

func TestListingNotesFeatures(t *testing.T) {
	got := listing([]qapi.Entry{{Name: "a"}, {Name: "B", Kind: "event"}, {Name: "c", Kind: "command", Features: []string{"deprecated", "unstable"}},
		{Name: "D", Kind: "event", Features: []string{"unstable"}}})
	wantEqual(t, "list", got, "a\nB  (event)\nc  (deprecated, unstable)\nD  (event, unstable)")
}

func TestReadSchema(t *testing.T) {
	raw := qapitest.RawQEMU(t)
	for name, content := range map[string]string{
		"array": string(raw), "reply": `{"return": ` + string(raw) + `, "id": 1}`, "with space": " \n" + string(raw) + "\n",
	} {
		if s, err := ReadSchema([]byte(content)); err != nil || s.Command("query-status") == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, content := range []string{"", "{}", "[1]", `{"return": {}}`, "hello", string(raw[:len(raw)/2])} {
		if _, err := ReadSchema([]byte(content)); err == nil || !strings.HasPrefix(err.Error(), "this is no answer to query-qmp-schema: ") {
			t.Errorf("%.20q: %v", content, err)
		}
	}
}

// Without a server there is nothing to complete but the shell's own words, and
// nothing waits.
func TestAssistWithoutASchema(t *testing.T) {
	a := &Assist{Schemas: NoSchema()}
	got := a.Complete(".de", 3, 80)
	wantEqual(t, "completion", got, terminal.Completion{End: 3, Insert: ".describe "})
	wantEqual(t, "hint", a.Hint("query-status "), "")
	wantEqual(t, "hint on nothing", a.Hint(""), "")
}

// While somebody reads the schema, Tab and the hint do without.
func TestAssistDoesNotWaitForTheSchema(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &Schemas{ask: func(ctx context.Context, _ string, _ json.RawMessage) (json.RawMessage, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		var reader sync.WaitGroup
		reader.Go(func() { s.Get(ctx) })
		synctest.Wait()
		a := &Assist{Schemas: s}
		_ = a.Complete("query-st", 8, 80)
		_ = a.Hint("device_del ")
		cancel()
		reader.Wait()
	})
}

func TestAssist(t *testing.T) {
	a := &Assist{Schemas: FixedSchema(qapitest.QEMU(t))}
	for _, c := range []struct {
		line   string // with the cursor at |
		want   string
		listed []string
	}{
		{"query-stat|", "query-stat|", []string{"query-status", "query-stats"}},
		{"query-statu|", "query-status |", nil},
		{"block-dirty-bitmap-add no|", "block-dirty-bitmap-add node=|", nil},
		{"block-dirty-bitmap-add no| name=b", "block-dirty-bitmap-add node=| name=b", nil},
		{"block-dirty-bitmap-add |", "block-dirty-bitmap-add |", []string{"name=", "node="}},
		{"blockdev-add driver=qco|", "blockdev-add driver=qcow|", nil},
		{"set_link name=n up=o|", "set_link name=n up=o|", []string{"on", "off"}},
		{"nosuch-thing|", "nosuch-thing|", nil},
	} {
		cursor := strings.Index(c.line, "|")
		line := c.line[:cursor] + c.line[cursor+1:]
		got := a.Complete(line, cursor, 80)
		shown := line[:got.Start] + got.Insert + "|" + line[got.End:]
		if shown != c.want {
			t.Errorf("%s: %s, want %s", c.line, shown, c.want)
		}
		for _, text := range c.listed {
			if !strings.Contains(got.List, text) {
				t.Errorf("%s: no %s in the list\n%s", c.line, text, got.List)
			}
		}
	}
	if hint := a.Hint("block-dirty-bitmap-add "); !strings.Contains(hint, "node=") || strings.Index(hint, "node=") > strings.Index(hint, "[") {
		t.Errorf("hint %q", hint)
	}
}

func TestFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	makeFiles(t, "a.json", "ab c", ".hidden", "dir/x", "dir/y")
	for prefix, want := range map[string][]string{
		"":      {"a.json", "ab c", "dir/"},
		"a":     {"a.json", "ab c"},
		".h":    {".hidden"},
		"dir/":  {"dir/x", "dir/y"},
		"dir/y": {"dir/y"},
		"./di":  {"./dir/"},
		"no/":   nil,
		"zz":    nil,
	} {
		var got []string
		for _, c := range Files(prefix) {
			got = append(got, c.Text)
			if c.Final == strings.HasSuffix(c.Text, "/") {
				t.Errorf("%q: %+v", prefix, c)
			}
		}
		wantEqual(t, prefix, got, want)
	}
}

func makeFiles(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
