package terminal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// D16: Ctrl-G in a search brings the line back as it was, wherever the search has gone.
func TestSearchThatIsGivenUpRestoresTheLine(t *testing.T) {
	r := newRig(t, Config{})
	for _, line := range []string{"query-block", "query-name", "stop"} {
		if err := r.Remember(line); err != nil {
			t.Fatal(err)
		}
	}
	for _, keys := range []string{
		"half\x02\x02\x12query\x07X", "half\x02\x02\x12query\x12\x12\x07X", "half\x02\x02\x12nosuch\x07X", "half\x02\x02\x12\x07X",
	} {
		if got := r.line(keys + "\r"); got.line != "haXlf" || got.err != nil {
			t.Errorf("%q: got %q, %v", keys, got.line, got.err)
		}
	}
	if got := r.line("half\x12query-b\x07\x1f\r"); got.line != "" {
		t.Errorf("undo behind it: %q", got.line)
	}
}

// D16: Alt-. inserts the last argument of the line before, and pressed again that of an older one.
func TestLastArgument(t *testing.T) {
	r := newRig(t, Config{})
	for _, line := range []string{`old a=1`, `blockdev-add file={"driver": "file", "filename": "a b"}`, "query-name", `x b="two words"`} {
		if err := r.Remember(line); err != nil {
			t.Fatal(err)
		}
	}
	for keys, want := range map[string]string{
		"y \x1b.":                 `y b="two words"`,
		"y \x1b.\x1b.":            `y file={"driver": "file", "filename": "a b"}`, // a line of one word has no argument
		"y \x1b.\x1b.\x1b.":       "y a=1",
		"y \x1b.\x1b.\x1b.\x1b.!": "y !",
		"y \x1b. \x1b.":           `y b="two words" b="two words"`,
		"y z\x02\x1b.\x1b.\x1b.":  "y a=1z",
		"y \x1b_\x1f":             "y ",
	} {
		if got := r.line(keys + "\r"); got.line != want || got.err != nil {
			t.Errorf("%q: got %q, %v; want %q", keys, got.line, got.err, want)
		}
	}
	empty := newRig(t, Config{})
	if got := empty.line("a \x1b.\x1b.b\r"); got.line != "a b" {
		t.Errorf("without a history: %q", got.line)
	}
}

// D16: Ctrl-X Ctrl-E hands the line to the user's editor, on the terminal as it was found, and puts
// what comes back into the line.
func TestPtyEditor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	editor := filepath.Join(dir, "ed it")
	script := "#!/bin/sh\nstty -a | grep -q ' icanon' && echo cooked\ncat \"$2\" > " + dir + "/was\n" +
		"ls -l \"$2\" | cut -c1-10 >> " + dir + "/was\nread answer\necho \"$1 $answer\" > \"$2\"\necho second >> \"$2\"\n[ \"$answer\" != fail ]\n"
	if err := os.WriteFile(editor, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	s := startGuest(t, "", editorEnv+"='"+editor+"' --flag")
	s.Type("half-typed\x18\x05")
	s.Shows("cooked")
	s.Type("answer\r")
	s.Shows("(vm) --flag answer↵second")
	s.Type("!\r")
	s.logs(`line: "--flag answer\nsecond!"`)
	was, err := os.ReadFile(filepath.Join(dir, "was"))
	if err != nil || string(was) != "half-typed\n-rw-------\n" {
		t.Errorf("the editor got %q, %v", was, err)
	}
	cooked := strings.Count(s.Out.String(), "cooked")
	s.Type("kept\x18\x05")
	eventually(t, func() bool { return strings.Count(s.Out.String(), "cooked") > cooked }, s.Out.String)
	s.Type("fail\r")
	s.Shows("the line is as it was")
	s.Type("\r")
	s.logs(`line: "kept"`)
	s.Type("exit\r")
	s.ends(0)
}
