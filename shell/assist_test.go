package shell

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/terminal"
)

// Without a server there is nothing to complete but the shell's own words, and
// nothing waits.
func TestAssistWithoutASchema(t *testing.T) {
	a := &Assist{Schemas: run.NoSchema()}
	got := a.Complete(".de", 3, 80)
	wantEqual(t, "completion", got, terminal.Completion{End: 3, Insert: ".describe "})
	wantEqual(t, "hint", a.Hint("query-status "), "")
	wantEqual(t, "hint on nothing", a.Hint(""), "")
}

// While somebody reads the schema, Tab and the hint do without.
func TestAssistDoesNotWaitForTheSchema(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := run.NewSchemas(dial(t, qmptest.Expect("query-qmp-schema"), qmptest.ExpectEnd()).Client, run.Kept{})
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
	a := &Assist{Schemas: run.FixedSchema(qapitest.QEMU(t), nil)}
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
