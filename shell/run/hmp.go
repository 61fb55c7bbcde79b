package run

import (
	"encoding/json"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// HMP is the statement that has the human monitor run a line. The line goes there as it
// is: nothing in it is ours.
func HMP(line string) (cmdline.Statement, error) {
	quoted, err := json.Marshal(strings.TrimSpace(line))
	if err != nil {
		return cmdline.Statement{}, err
	}
	return cmdline.Parse(`{"execute": "human-monitor-command", "arguments": {"command-line": ` + string(quoted) + `}}`)
}

// Parse makes a statement of a line of the language, or of HMP.
func (x *Executor) Parse(text string) (cmdline.Statement, error) {
	trimmed := strings.TrimSpace(text)
	if !x.HMP || trimmed == "" || trimmed[0] == '.' || trimmed[0] == '#' {
		return cmdline.Parse(text)
	}
	return HMP(trimmed)
}

// HMPText returns the text in a result of the human monitor. ok is false for a result
// that is none.
func HMPText(r qmp.Reply) (text string, ok bool) {
	if len(r.Return) == 0 || r.Return[0] != '"' || json.Unmarshal(r.Return, &text) != nil {
		return "", false
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text, true
}
