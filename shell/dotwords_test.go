package shell

import (
	"errors"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/text"
)

func TestDotWordsAreWhole(t *testing.T) {
	for _, w := range dotWords() {
		if w.name[0] != '.' || w.does == "" || w.long == "" || (w.text == nil) == (w.act == nil) {
			t.Errorf("word %+v", w)
		}
	}
}

// runWord runs a line that is one of our own words.
func runWord(t *testing.T, w *Words, line string) (string, error) {
	t.Helper()
	st, err := cmdline.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	name, ok := run.DotWord(st)
	if !ok {
		t.Fatalf("%s is no word", line)
	}
	return w.Run(t.Context(), name, st)
}

func TestWordsOfAScript(t *testing.T) {
	w := &Words{
		Executor: &run.Executor{Schemas: run.FixedSchema(qapitest.QEMU(t), nil)},
		Width:    func() int { return 80 },
		Script:   true,
	}
	for line, want := range map[string]string{
		".json query-status": `{"execute": "query-status"}`,
		".json set_password protocol=vnc password=@prompt": `"password": "***"`,
		".describe query-status":                           "query-status",
		".help query-status":                               "query-status",
		".help":                                            "A script stops",
		".help .json":                                      "nothing is sent",
		".help reconnect":                                  "At the same address",
	} {
		if text, err := runWord(t, w, line); err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %q, %v", line, text, err)
		}
	}
	narrow := *w
	narrow.Width = func() int { return 30 }
	for _, line := range []string{".help", ".help .json", ".help .describe"} {
		said, err := runWord(t, &narrow, line)
		for row := range strings.Lines(said) {
			if err != nil || text.Width(strings.TrimSuffix(row, "\n")) > 30 {
				t.Errorf("%s in a narrow window: %q, %v", line, row, err)
			}
		}
	}
	if text, _ := runWord(t, w, ".help"); strings.Contains(text, ".history") || !strings.Contains(text, ".json LINE") {
		t.Errorf("the list for scripts:\n%s", text)
	}
	for line, want := range map[string]string{
		".hlep":              "did you mean .help?",
		".help .recnect":     "did you mean .reconnect?",
		".history":           "belongs to the shell on a terminal",
		".json .exit":        "takes a line of QMP",
		".json quary-status": "query-status",
		".xyzzy":             ".help lists them",
	} {
		_, err := runWord(t, w, line)
		var fault *cmdline.Error
		if err == nil || !errors.As(err, &fault) && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, line := range []string{".exit", "exit"} {
		if _, err := runWord(t, w, line); !errors.Is(err, run.ErrLeave) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
