package cmd

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/jsonscan"
	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/run"
)

// ruling is an error and what has to come of it.
type ruling struct {
	err     error
	code    int
	summary string // what it holds
	hint    string // what it holds; "-": there is none
}

func rulings() []ruling {
	interrupted := &SignalError{syscall.SIGINT}
	refused := &qmp.ExecuteError{Class: "GenericError", Desc: "no"}
	link := func(err error) error { return &proto.ConnectError{Phase: proto.PhaseSession, Err: err} }
	absent := func(err error) error { return &noSessionError{err: link(err)} }
	limit := &TimeoutError{limit: time.Second}
	return []ruling{
		{&usageError{msg: "no", help: "qmpsh exec"}, 2, "no", "--help"},
		{&cmdline.Error{Msg: "no", Hint: "do"}, 2, "no", "do"},
		{&run.WordError{Word: ".x", Why: "is none"}, 2, ".x is none", "-"},
		{&run.ReadError{Err: io.ErrUnexpectedEOF}, 2, "cannot be read", "-"},
		{&run.FilterError{Err: errors.New("no")}, 2, "the filter: no", "was done"},
		{&run.OutputError{Err: syscall.ENOSPC}, 2, "cannot write", "-"},
		{&run.OutputError{Done: true, Err: syscall.ENOSPC}, 2, "cannot write", "was done"},
		{&run.OutputError{Done: true, Err: syscall.EPIPE}, 141, "", "-"},
		{&run.OutputError{File: "pipe", Done: true, Err: syscall.EPIPE}, 2, "cannot write", "was done"},
		{&run.OutputError{Done: true, Err: interrupted}, 130, "the command was done", "-"},
		{&run.NoSchemaError{}, 2, "no schema", "-"},
		{&run.NoSchemaError{Err: refused}, 1, "no schema", "-"},
		{&run.NoSchemaError{Err: &qapi.SchemaError{Problem: "no"}}, 2, "no schema", "-"},
		{&qmp.AddressError{Address: "x", Problem: "no"}, 2, "bad address", "-"},
		{&qmp.CommandError{Offset: -1, Problem: "no"}, 2, "no", "-"},
		{&qapi.NameError{}, 2, "", "-"},
		{&run.NoDevicesError{Err: &qapi.NameError{}}, 2, "device types are not known", "--qemu BINARY"},
		{&run.NotAskedError{Command: "qom-list-types"}, 2, "qom-list-types is not asked", "-"},
		{&qapi.PathError{}, 2, "", "-"},
		{&run.PlaceError{Name: "f", Line: 3, Err: refused}, 1, "GenericError: no", "-"},
		{&run.KeptGoingError{Name: "f", Failed: 1, Ran: 2, First: refused}, 1, "1 of 2", "-"},

		{refused, 1, "GenericError: no", "-"},
		{&run.UnknownCommandError{Near: "near", Err: refused}, 1, "no", "did you mean near?"},

		{absent(io.EOF), 3, "failed to establish session", "-"},
		{absent(limit), 4, "within 1s", ""},
		{absent(&qmp.GreetingError{Kind: qmp.HMPMonitor}), 3, "", "HMP"},
		{absent(&qmp.NegotiationError{Class: "GenericError"}), 3, "refused the capabilities", "-"},
		{absent(&qmp.AgentSyncError{Err: limit}), 4, "", "guest agent"},
		{absent(&qmp.FramingError{Problem: "no"}), 3, "no", "-"},
		{absent(&jsonscan.SyntaxError{Problem: "no"}), 3, "no", "-"},
		{absent(&proto.OccupiedError{Path: "/x", Reason: "no", Err: syscall.EADDRINUSE}), 3, "/x", ""},
		{absent(interrupted), 130, "interrupted", "-"},
		{&noSessionError{err: usagef("--listen needs")}, 2, "--listen needs", "-"},
		{limit, 4, "within 1s", "-"},

		{&qmp.InterruptedError{Err: io.EOF}, 5, "ended before the reply", "may have been done"},
		{&qmp.InterruptedError{Unsent: true, Err: io.EOF}, 5, "before the command was sent", "the next command was not sent"},
		{&qmp.InterruptedError{Err: &proto.LimitError{Limit: 1}}, 5, "limit", "may have been done"},
		{&qmp.InterruptedError{Err: &proto.FrameError{Err: io.EOF}}, 5, "", "may have been done"},
		{&qmp.InterruptedError{Err: &proto.FlushError{Unsent: 1, Err: io.EOF}}, 5, "", "may have been done"},
		{&qmp.InterruptedError{Err: &qmp.ServerParseError{Err: io.EOF}}, 5, "", "may have been done"},
		{&qmp.SessionEndedError{Err: io.EOF}, 5, "", "-"},
		{&qmp.MissedError{}, 5, "", "-"},
		{&qmp.BadReplyError{Problem: "it is none"}, 5, "it is none", "may have been done"},
		{&proto.StateError{Have: proto.Idle, Want: proto.Running}, 5, "", "the next command was not sent"},

		{interrupted, 130, "interrupted", "-"},
		{&SignalError{syscall.SIGQUIT}, 131, "ended by signal", "-"},
		{&qmp.WaitError{Err: interrupted}, 130, "was sent, and the server may still do it", "-"},
		{&qmp.WaitError{Unsent: true, Err: &SignalError{syscall.SIGTERM}}, 143, "ended by signal: terminated; the command was not sent", "-"},
		{&qmp.WaitError{Err: context.DeadlineExceeded}, 4, "gave up waiting", "-"},

		// What nobody has thought of may have happened behind the sending of a command.
		{errors.New("no"), 5, "no", "-"},
	}
}

func TestVerdicts(t *testing.T) {
	o := &options{}
	for _, c := range rulings() {
		for _, err := range []error{c.err, fmt.Errorf("around: %w", c.err), &run.PlaceError{Name: "f", Line: 3, Err: c.err}} {
			v := o.judge(err)
			if v.code != c.code || !strings.Contains(v.summary, c.summary) || (v.summary == "") != (c.code == 141) {
				t.Errorf("%T %v: code %d, want %d; %q, want %q", err, err, v.code, c.code, v.summary, c.summary)
			}
			if c.hint == "-" && v.hint != "" || !strings.Contains(v.hint, strings.Trim(c.hint, "-")) {
				t.Errorf("%T %v: hint %q, want %q", err, err, v.hint, c.hint)
			}
			if place, ok := err.(*run.PlaceError); ok && v.place != place.LinkText() && c.code != 1 {
				t.Errorf("%v: place %q", err, v.place)
			}
		}
	}
	if v := o.judge(nil); v.code != 0 || v.summary != "" || v.chain != nil {
		t.Errorf("without an error: %+v", v)
	}
}

// Every type of error in this repository has a ruling, unless it never comes to a verdict.
func TestEveryErrorTypeHasAVerdict(t *testing.T) {
	elsewhere := map[string]string{
		"qapi.jsonError":    "inside a SchemaError",
		"qapi.ValueError":   "the language makes a cmdline.Error of it",
		"vm.UntrustedError": "what could not be learned is done without",
	}
	ruled := map[string]bool{}
	for _, c := range rulings() {
		for err := c.err; err != nil; err = errors.Unwrap(err) {
			ruled[strings.TrimPrefix(reflect.TypeOf(err).String(), "*")] = true
		}
	}
	found := 0
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		server := strings.HasPrefix(file, "../proto/qmpserver") || strings.Contains(file, "test/") // nobody's client
		if d.IsDir() || server || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Error" || len(f.Type.Params.List) > 0 {
				continue
			}
			found++
			receiver := f.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			name := path.Base(filepath.ToSlash(filepath.Dir(file))) + "." + receiver.(*ast.Ident).Name
			if !ruled[name] && elsewhere[name] == "" {
				t.Errorf("%s: %s has no ruling", file, name)
			}
		}
		return nil
	})
	if err != nil || found < 30 {
		t.Fatalf("%d types of errors, %v", found, err)
	}
}
