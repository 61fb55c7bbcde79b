package cmdline

import (
	"os"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// TestLanguagePage: the examples that users read are understood, against QEMU's schema.
func TestLanguagePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	schema := qapitest.QEMU(t)
	statements := 0
	for i, block := range strings.Split(string(page), "```") {
		example, ok := strings.CutPrefix(block, "qmp\n")
		if i%2 == 0 || !ok {
			continue
		}
		var join Joiner
		for line := range strings.Lines(example) {
			if !join.Add(line) {
				continue
			}
			text := join.Text()
			join = Joiner{}
			statements++
			st, err := Parse(text)
			if err == nil {
				found := make([]string, len(st.Sources))
				for i := range found {
					found[i] = `[{"type": "qcode", "data": "a"}]`
				}
				_, err = st.Bind(Binding{Schema: schema, Validate: true, Sources: found, Properties: listed})
			}
			if err != nil {
				t.Errorf("%s\n%v", text, err)
			}
		}
	}
	if statements < 20 {
		t.Errorf("only %d examples", statements)
	}
}
