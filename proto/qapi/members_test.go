package qapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// line makes a Known from words as they stand on a line: "driver=qcow2".
func line(words string) qapi.Known {
	set := map[string]string{}
	for word := range strings.FieldsSeq(words) {
		key, value, _ := strings.Cut(word, "=")
		set[key] = value
	}
	return func(path string) (string, bool) { value, ok := set[path]; return value, ok }
}

// fields writes what may be set at a place: mandatory members plain, optional ones in brackets, set ones with a star.
func fields(p qapi.Place) string {
	var list []string
	for _, f := range p.Fields() {
		text := f.Member.Name
		if f.Tag {
			text += "!"
		}
		if f.Set {
			text += "*"
		}
		if f.Member.Optional {
			text = "[" + text + "]"
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}

func TestFieldsFollowTheTags(t *testing.T) {
	s := qapitest.QEMU(t)
	for _, test := range []struct{ command, keys, line, want string }{
		{"block-dirty-bitmap-add", "", "", "node name [granularity] [persistent] [disabled]"},
		{"block-dirty-bitmap-add", "", "name=x", "node name* [granularity] [persistent] [disabled]"},
		{"blockdev-add", "", "", "driver! [node-name] [discard] [cache] [read-only] [auto-read-only] [force-share] [detect-zeroes]"},
		{"blockdev-add", "", "driver=raw node-name=n", "driver!* file [node-name*] [discard] [cache] [read-only] " +
			"[auto-read-only] [force-share] [detect-zeroes] [offset] [size]"},
		{"blockdev-add", "", "driver=no-such", "driver!* [node-name] [discard] [cache] [read-only] [auto-read-only] [force-share] [detect-zeroes]"},
		{"blockdev-add", "cache", "", "[direct] [no-flush]"},
		{"nbd-server-start", "addr", "", "type!"},
		{"nbd-server-start", "addr data", "addr.type=unix", "path [abstract] [tight]"},
		{"send-key", "keys 0", "keys.0.type=qcode", "type!* data"},
		{"send-key", "keys", "", ""},
		{"blockdev-add", "driver", "", ""},
		{"query-status", "", "", ""},
		{"netdev_add", "", "", "type! id"},
	} {
		at, err := s.Command(test.command).At(strings.Fields(test.keys), line(test.line))
		if err != nil {
			t.Errorf("%s %s: %v", test.command, test.keys, err)
		} else if got := fields(at); got != test.want {
			t.Errorf("%s %s %s:\ngot  %s\nwant %s", test.command, test.keys, test.line, got, test.want)
		}
	}
}

func TestFieldsOfANestedUnion(t *testing.T) {
	at, err := qapitest.QEMU(t).Command("blockdev-add").At([]string{"file"}, line("driver=qcow2 file.driver=file"))
	if err != nil {
		t.Fatal(err)
	}
	f := at.Fields()
	if f[0].Path != "file.driver" || !f[0].Set || f[1].Path != "file.filename" {
		t.Errorf("%+v", f[:2])
	}
	if at.Type.Label() != "object|str" || at.Member.Name != "file" || at.Elem != nil {
		t.Errorf("%+v", at)
	}
}

func TestAtFindsTypes(t *testing.T) {
	s := qapitest.QEMU(t)
	for _, test := range []struct{ command, keys, line, want string }{
		{"blockdev-add", "file filename", "driver=qcow2 file.driver=file", "str"},
		{"blockdev-add", "backing", "driver=qcow2", "object|str|null"},
		{"send-key", "keys", "", "[object]"},
		{"send-key", "keys 12 data", "keys.12.type=number", "int"},
		{"qom-set", "value any thing", "", "any"},
		{"device_add", "mac", "", "any"},
		{"device_add", "driver", "", "str"},
		{"set-action", "reboot", "", "enum reset|shutdown"},
		{"query-stats", "vcpus 0", "target=vcpu", "str"},
	} {
		at, err := s.Command(test.command).At(strings.Fields(test.keys), line(test.line))
		if err != nil {
			t.Errorf("%s %s: %v", test.command, test.keys, err)
			continue
		}
		if at.Type.Label() != test.want || at.Path != strings.ReplaceAll(test.keys, " ", ".") {
			t.Errorf("%s %s: %s at %q, want %s", test.command, test.keys, at.Type.Label(), at.Path, test.want)
		}
	}
}

func TestAtSaysWhereAPathLeavesTheSchema(t *testing.T) {
	s := qapitest.QEMU(t)
	for _, test := range []struct{ command, keys, line, want string }{
		{"blockdev-add", "drver", "", "drver: no such member (did you mean driver?)"},
		{"blockdev-add", "file", "", "file: set driver first"},
		{"blockdev-add", "file", "driver=null-co", "file: no such member with driver=null-co"},
		{"blockdev-add", "file filename", "driver=raw", "file.filename: set driver first"},
		{"blockdev-add", "file filenam", "driver=raw file.driver=file", "file.filenam: no such member (did you mean filename?)"},
		{"blockdev-add", "driver x", "", "driver.x: driver takes no members"},
		{"send-key", "keys type", "", "keys.type: expected the number of an element"},
		{"send-key", "keys 01", "", "keys.01: expected the number of an element"},
		{"send-key", "keys -1", "", "keys.-1: expected the number of an element"},
		{"query-status", "x", "", "x: no such member"},
	} {
		_, err := s.Command(test.command).At(strings.Fields(test.keys), line(test.line))
		var fault *qapi.PathError
		if !errors.As(err, &fault) || err.Error() != test.want {
			t.Errorf("%s %s: got %v, want %s", test.command, test.keys, err, test.want)
		}
	}
	// Nothing known is as good as an empty line.
	if _, err := s.Command("blockdev-add").At([]string{"file"}, nil); err == nil {
		t.Error("no tags, but a branch")
	}
	if _, err := s.Command("device_add").At([]string{"x", "y"}, nil); err != nil {
		t.Error(err)
	}
}

func TestLabels(t *testing.T) {
	s := qapitest.QEMU(t)
	for path, want := range map[string]string{
		"block-dirty-bitmap-add node":      "str",
		"block-dirty-bitmap-add name":      "str",
		"qom-set value":                    "any",
		"migrate detach":                   "bool",
		"blockdev-add driver":              "enum",
		"blockdev-add discard":             "enum ignore|unmap",
		"block_passwd password":            "",
		"transaction actions":              "[object]",
		"query-stats providers":            "[object]",
		"block-dirty-bitmap-merge bitmaps": "[str|object]",
	} {
		command, member, _ := strings.Cut(path, " ")
		c := s.Command(command)
		if want == "" {
			if c != nil {
				t.Errorf("%s exists", command)
			}
			continue
		}
		at, err := c.At([]string{member}, nil)
		if err != nil {
			if at, err = c.At([]string{member}, line("target=vm")); err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
		}
		if got := at.Type.Label(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
