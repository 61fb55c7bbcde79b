package qapi_test

import (
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// The files testdata/describe/* hold a line of words and what Describe says of them in 80 columns. See qmptest.Update.
func TestDescribeGolden(t *testing.T) {
	s := qapitest.QEMU(t)
	files, err := filepath.Glob("testdata/describe/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, want, _ := strings.Cut(string(raw), "\n")
		words := strings.Fields(strings.TrimPrefix(head, "$ describe "))
		d, err := s.Describe(words[0], words[1:]...)
		got := "error: "
		if err != nil {
			got += err.Error() + "\n"
		} else {
			got = d.Text(80)
		}
		if qmptest.Update() {
			if err := os.WriteFile(file, []byte(head+"\n"+got), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got != want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", head, got, want)
		}
	}
}

func TestDescribeKeepsTheWidth(t *testing.T) {
	s := qapitest.QEMU(t)
	entries, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{20, 40, 80} {
		for _, e := range entries {
			d, err := s.Describe(e.Name)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range d.Lines(width) {
				text := l.String()
				if strings.TrimRight(text, " ") != text {
					t.Fatalf("%s: blanks at the end of %q", e.Name, text)
				}
				// Only a word that is too long by itself may stick out.
				if utf8.RuneCountInString(text) > width && len(strings.Fields(text)) > 1 {
					t.Errorf("%s: more than %d columns: %q", e.Name, width, text)
				}
			}
		}
	}
}

func TestDescribeMarksRoles(t *testing.T) {
	d, err := qapitest.QEMU(t).Describe("block-dirty-bitmap-add")
	if err != nil {
		t.Fatal(err)
	}
	found := map[qapi.Role]string{}
	for _, l := range d.Lines(0) {
		for _, s := range l {
			found[s.Role] += s.Text + ";"
		}
	}
	for role, want := range map[qapi.Role]string{
		qapi.Heading: "arguments:;returns:;", qapi.TypeText: "str;str;int;bool;bool;",
		qapi.NameText: "block-dirty-bitmap-add;node;name;granularity;persistent;disabled;",
	} {
		if found[role] != want {
			t.Errorf("role %d: %q, want %q", role, found[role], want)
		}
	}
}

func TestDescribeAsData(t *testing.T) {
	s := qapitest.QEMU(t)
	for name, want := range map[string]string{
		"block-dirty-bitmap-clear": `{"name":"block-dirty-bitmap-clear","kind":"command",` +
			`"signature":"block-dirty-bitmap-clear node=str name=str","type":"object",` +
			`"members":[{"name":"node","type":"str"},{"name":"name","type":"str"}]}`,
		"SUSPEND_DISK": `{"name":"SUSPEND_DISK","kind":"event","signature":"SUSPEND_DISK","type":"object"}`,
		"watchdog-set-action": `{"name":"watchdog-set-action","kind":"command","signature":` +
			`"watchdog-set-action action=enum","type":"object","members":[{"name":"action","type":"enum","values":[` +
			`{"name":"reset"},{"name":"shutdown"},{"name":"poweroff"},{"name":"pause"},{"name":"debug"},{"name":"none"},{"name":"inject-nmi"}]}]}`,
	} {
		d, err := s.Describe(name)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if string(raw) != want {
			t.Errorf("got\n%s\nwant\n%s", raw, want)
		}
	}
}

func TestDescribeEverything(t *testing.T) {
	for _, s := range []*qapi.Schema{qapitest.QEMU(t), qapitest.StorageDaemon(t)} {
		for _, c := range s.Commands() {
			d, err := s.Describe(c.Name)
			if err != nil {
				t.Fatal(err)
			}
			text := d.Text(80)
			// Every member of every branch is there, and what is left out is named and can be described in turn.
			for _, o := range append(branches(c.Args), c.Args) {
				for i := range o.Members {
					if !strings.Contains(text, " "+o.Members[i].Name+" ") {
						t.Errorf("%s: %s is missing", c.Name, o.Members[i].Name)
					}
				}
			}
			for range 6 {
				_, more, ok := strings.Cut(text, "… has members of its own: describe")
				if !ok {
					break
				}
				words := strings.Fields(more)
				if d, err = s.Describe(words[0], words[1:]...); err != nil {
					t.Errorf("%s: describe%s: %v", c.Name, more, err)
					break
				}
				text = d.Text(80)
			}
		}
	}
}

func branches(o *qapi.Object) []*qapi.Object {
	var list []*qapi.Object
	for i := range o.Branches {
		list = append(list, o.Branches[i].Object)
	}
	return list
}

func TestDescribeErrors(t *testing.T) {
	s := qapitest.QEMU(t)
	var name *qapi.NameError
	if _, err := s.Describe("blokdev-add"); !errors.As(err, &name) ||
		err.Error() != `no command or event "blokdev-add" (did you mean blockdev-add?)` {
		t.Error(err)
	}
	var place *qapi.PathError
	if _, err := s.Describe("blockdev-add", "filee"); !errors.As(err, &place) {
		t.Error(err)
	}
}

func TestList(t *testing.T) {
	s := qapitest.QEMU(t)
	names := func(patterns ...string) string {
		list, err := s.List(patterns...)
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, e := range list {
			text = append(text, e.Name)
		}
		return strings.Join(text, " ")
	}
	if got, want := names("blockdev-*t", "JOB_*"), "blockdev-change-medium"; got == want {
		t.Error(got)
	}
	if got, want := names("block-latency*", "JOB_*"), "block-latency-histogram-set JOB_STATUS_CHANGE"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := len(strings.Fields(names())); n != 216+52 {
		t.Errorf("%d names", n)
	}
	if names("no-such-*") != "" {
		t.Error("something matches nothing")
	}
	if _, err := s.List("["); !errors.Is(err, path.ErrBadPattern) {
		t.Errorf("bad pattern: %v", err)
	}
}
