package qapi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

func TestNearestCommand(t *testing.T) {
	s := qapitest.QEMU(t)
	for name, want := range map[string]string{
		"query-statsu":         "query-status query-stats",
		"querystatus":          "query-status",
		"query_status":         "query-status",
		"QUERY-STATUS":         "query-status",
		"query-blocks":         "query-block query-blockstats",
		"blockdev-ad":          "blockdev-add",
		"blockdev":             "blockdev-add blockdev-del blockdev-backup",
		"device-add":           "device_add",
		"add-blockdev":         "blockdev-add",
		"migrate-capabilities": "migrate-set-capabilities",
		"powerdown":            "system_powerdown",
		"stpo":                 "stop",
		"quti":                 "quit",
		"x":                    "",
		"":                     "",
		"zzzzzzzz":             "",
		"query-status":         "query-stats",
		"info status":          "",
	} {
		if got := strings.Join(s.NearestCommand(name), " "); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if got := s.NearestEvent("job_status_chang"); !slices.Equal(got, []string{"JOB_STATUS_CHANGE"}) {
		t.Errorf("events: %q", got)
	}
}

func TestNearest(t *testing.T) {
	for _, test := range []struct {
		name, among string
		want        string
	}{
		{"drver", "driver discard node-name", "driver"},
		{"file", "file filename", "filename"},
		{"fielname", "file filename", "filename"},
		{"onn", "on off auto", "on"},
		{"o", "on off auto", ""},
		{"qcow", "qcow2 qcow raw", "qcow2"},
		{"a", "b c d", ""},
		{"twice", "twicf twicf", "twicf"},
		{"abcd", "abce abcf abcg abch", "abce abcf abcg"},
	} {
		if got := strings.Join(qapi.Nearest(test.name, strings.Fields(test.among)), " "); got != test.want {
			t.Errorf("%q among %s: got %q, want %q", test.name, test.among, got, test.want)
		}
	}
}

func FuzzNearest(f *testing.F) {
	f.Add("query-statsu", "query-status query-stats")
	f.Add("a-b-", "b-a -a a_b A-B")
	f.Add("\xff\x00é", "é É \xff")
	f.Fuzz(func(t *testing.T, name, among string) {
		names := strings.Split(among, " ")
		near := qapi.Nearest(name, names)
		if len(near) > 3 {
			t.Errorf("%d names", len(near))
		}
		for i, n := range near {
			if n == name || !slices.Contains(names, n) || slices.Contains(near[:i], n) {
				t.Errorf("%q for %q among %q", near, name, names)
			}
		}
	})
}
