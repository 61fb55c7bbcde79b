package run

import (
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
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
		text, err := Describe(t.Context(), FixedSchema(schema, nil), strings.Fields(c.words), 80)
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

func TestDescribeRepeatsNoSecret(t *testing.T) {
	schema := FixedSchema(qapitest.QEMU(t), nil)
	for words, want := range map[string]string{
		"set_password protocol=vnc password=hunter2": "set_password protocol=vnc password=***",
		"object-add qom-type=secret data=hunter2":    "object-add qom-type=secret data=***",
		"set_password password":                      "set_password password",
	} {
		text, err := Describe(t.Context(), schema, strings.Fields(words), 80)
		if err != nil || !strings.HasPrefix(text, want) || strings.Contains(text, "hunter") {
			t.Errorf("%s: %q, %v", words, text, err)
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
		if text, err := Describe(t.Context(), FixedSchema(schema, nil), strings.Fields(words), 80); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v", words, text, err)
		}
	}
}

func TestDescribeFitsTheWindow(t *testing.T) {
	schema := qapitest.QEMU(t)
	for _, name := range []string{"block-dirty-bitmap-add", "migrate-set-parameters", "query-block", "blockdev-add"} {
		text, err := Describe(t.Context(), FixedSchema(schema, nil), []string{name}, 40)
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
