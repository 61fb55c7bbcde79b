package run

import (
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What may harm a running VM does not go through the door, nor does what only looks like
// a listed question.
func TestDoor(t *testing.T) {
	var passed []string
	d := Door{func(_ context.Context, command string, args json.RawMessage) (json.RawMessage, error) {
		passed = append(passed, strings.TrimSpace(command+" "+string(args)))
		return nil, nil
	}}
	for _, q := range []struct {
		command, args string
		passes        bool
	}{
		{"query-qmp-schema", "", true},
		{"query-status", "", true},
		{"qom-list", `{"path": "/machine"}`, true},
		{"query-named-block-nodes", `{"flat": true}`, true},
		{"query-named-block-nodes", "", true},
		{"human-monitor-command", `{"command-line":"info network"}`, true},

		{"qom-list-types", "", false},
		{"qom-list-types", `{"implements": "device", "abstract": false}`, false},
		{"device-list-properties", `{"typename": "e1000"}`, false},
		{"qom-list-properties", `{"typename": "e1000"}`, false},
		{"qom-get", `{"path": "/machine", "property": "type"}`, false},
		{"query-cpu-model-expansion", `{"type": "full", "model": {"name": "max"}}`, false},
		{"query-cpu-definitions", "", false},
		{"query-rx-filter", "", false},
		{"human-monitor-command", `{"command-line":"quit"}`, false},
		{"human-monitor-command", `{"command-line":"info network","cpu-index":1}`, false},
		{"human-monitor-command", "", false},
		{"query-status", `{"x": 1}`, false},
		{"qom-list", "", false},
		{"qom-list", `{"path": "/", "more": 1}`, false},
		{"query-named-block-nodes", `{"flat": false}`, false},
		{"quit", "", false},
		{"", "", false},
	} {
		passed = nil
		var args json.RawMessage
		if q.args != "" {
			args = json.RawMessage(q.args)
		}
		_, err := d.Ask(t.Context(), q.command, args)
		var not *NotAskedError
		if errors.As(err, &not) == q.passes || len(passed) == 1 != q.passes {
			t.Errorf("%s %s: %v, passed %v", q.command, q.args, err, passed)
		}
	}
	if _, err := (Door{}).Ask(t.Context(), "query-status", nil); err == nil {
		t.Error("a door without a server lets a question through")
	}
}

// docs/safety.md shows the list that the door goes by.
func TestSafetyPageShowsTheDoor(t *testing.T) {
	page, err := os.ReadFile("../../docs/safety.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, q := range Questions() {
		asked := "`" + q.Command + "`"
		switch {
		case strings.HasPrefix(q.Arguments, "{"):
			asked += " `" + q.Arguments + "`"
		case q.Arguments != "":
			asked += " of a `" + q.Arguments + "`"
		}
		want = append(want, "| "+strings.Join([]string{asked, q.When, q.Harmless, q.Cost}, " | ")+" |")
	}
	var got []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the table in docs/safety.md is not this one:\n%s", strings.Join(want, "\n"))
	}
}

// Nobody goes round the door: a client's own Execute and Do are called by the executor,
// for what the user typed, by the door, and by those who ask a copy.
func TestNobodyGoesRoundTheDoor(t *testing.T) {
	may := map[string]bool{"shell/run/executor.go": true, "shell/run/door.go": true, "shell/vm/copy.go": true}
	root := "../.."
	files := token.NewFileSet()
	for _, room := range []string{"cmd", "shell", "completion"} {
		err := filepath.WalkDir(filepath.Join(root, room), func(path string, e fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil || may[name] {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok || s.Sel.Name != "Execute" && s.Sel.Name != "Do" {
					return true
				}
				if on := exprName(s.X); strings.EqualFold(on, "client") || on == "c" {
					t.Errorf("%s calls %s.%s", files.Position(s.Pos()), on, s.Sel.Name)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// exprName is the last name in an expression such as s.client.
func exprName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
