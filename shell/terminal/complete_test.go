package terminal

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tabs answers Tab from a list, by what stands left of the cursor, and keeps what
// it was asked.
type tabs struct {
	mu      sync.Mutex
	answers map[string]Completion
	asked   []string // the line with | for the cursor
}

func (c *tabs) complete(line string, cursor, _ int) Completion {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, line[:cursor]+"|"+line[cursor:])
	answer, ok := c.answers[line[:cursor]]
	if !ok {
		return Completion{Start: cursor, End: cursor}
	}
	return answer
}

func (c *tabs) set(before string, answer Completion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[before] = answer
}

func (c *tabs) questions() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

func TestTabInserts(t *testing.T) {
	c := &tabs{answers: map[string]Completion{
		"qu":          {Start: 0, End: 2, Insert: "query-status "},
		"a x=虚":       {Start: 4, End: 7, Insert: "虚拟机 "},
		"a no":        {Start: 2, End: 4, Insert: "node="},
		"same":        {Start: 0, End: 4, Insert: "same"},
		"bad":         {Start: 2, End: 1, Insert: "x"},
		"worse":       {Start: -1, End: 2, Insert: "x"},
		"over":        {Start: 0, End: 9, Insert: "x"},
		"left b.c":    {Start: 5, End: 11, Insert: "bird.c"}, // takes what stands behind the cursor too
		"controls":    {Start: 8, End: 8, Insert: "\x1b[31m\nx"},
		"two\nlines ": {Start: 10, End: 10, Insert: "!"},
	}}
	r := newRig(t, Config{Complete: c.complete})
	for _, k := range []struct{ name, keys, want string }{
		{"a command", "qu\t", "query-status "},
		{"and what follows is behind it", "qu\tx", "query-status x"},
		{"wide characters", "a x=虚\t!", "a x=虚拟机 !"},
		{"in the middle", "a no name=b" + strings.Repeat("\x1b[D", 7) + "\tX", "a node=X name=b"},
		{"behind the cursor", "left b.cold" + strings.Repeat("\x1b[D", 3) + "\tX", "left bird.cX"},
		{"nothing new", "same\tx", "samex"},
		{"nothing", "other\tx", "otherx"},
		{"no place", "bad\tworse\x15bad\tx", "badx"},
		{"before the line", "worse\tx", "worsex"},
		{"behind the line", "over\tx", "overx"},
		{"no control characters", "controls\tx", "controls[31m\nxx"},
		{"on an empty line", "\tx", "x"},
		{"in a pasted block", "\x1b[200~two\nlines \x1b[201~\t?", "two\nlines !?"},
		{"twice", "qu\t\t", "query-status "},
	} {
		if got := r.line(k.keys + "\r"); got.line != k.want || got.err != nil {
			t.Errorf("%s: got %q, %v; want %q", k.name, got.line, got.err, k.want)
		}
	}
	asked := c.questions()
	for _, want := range []string{"qu|", "a no| name=b", "a x=虚|", "two\nlines |", "|"} {
		if !slices.Contains(asked, want) {
			t.Errorf("nobody asked %q: %q", want, asked)
		}
	}
}

func TestTabInASearchDoesNoHarm(t *testing.T) {
	c := &tabs{answers: map[string]Completion{}}
	r := newRig(t, Config{Complete: c.complete})
	_ = r.Remember("query-status")
	if got := r.line("\x12que\t\r"); got.line != "query-status" || got.err != nil {
		t.Errorf("got %q, %v", got.line, got.err)
	}
}

func TestTabShowsAListAboveTheLine(t *testing.T) {
	c := &tabs{answers: map[string]Completion{"a ": {Start: 2, End: 2, List: "one=  int\ntwo=  str"}}}
	r := newRig(t, Config{Complete: c.complete})
	line := r.start(t.Context(), "> ")
	r.press("a \t")
	r.shows("one=  int\ntwo=  str\n> a ")
	r.press("x\r")
	if got := r.await(line); got.line != "a x" {
		t.Errorf("got %q, %v", got.line, got.err)
	}
}

// What was not known at once comes when it is, if the line is still the same.
func TestTabIsRepeatedWhenThereIsMoreToTell(t *testing.T) {
	c := &tabs{answers: map[string]Completion{"a ": {Start: 2, End: 2, Pending: true}}}
	r := newRig(t, Config{Complete: c.complete})
	r.CompleteAgain() // outside of a line: nothing
	line := r.start(t.Context(), "> ")
	r.press("a \t")
	eventually(t, func() bool { return len(c.questions()) == 1 }, func() string { return "no Tab" })
	r.CompleteAgain()
	eventually(t, func() bool { return len(c.questions()) == 2 }, func() string { return "the Tab is not repeated" })
	c.set("a ", Completion{Start: 2, End: 2, Insert: "node="})
	eventually(t, func() bool { r.CompleteAgain(); return strings.Contains(r.out.String(), "> a node=") },
		func() string { return "nothing is inserted: " + r.out.String() })
	asked := len(c.questions())
	r.CompleteAgain() // there is no more to tell
	r.press("x\r")
	if got := r.await(line); got.line != "a node=x" {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	if got := c.questions(); len(got) != asked {
		t.Errorf("asked %q", got)
	}
}

func TestTabIsNotRepeatedForAnotherLine(t *testing.T) {
	for _, keys := range []string{"b", "\x1b[D|", "\x7f|", "\rnext|"} {
		c := &tabs{answers: map[string]Completion{"a ": {Start: 2, End: 2, Pending: true}}}
		r := newRig(t, Config{Complete: c.complete})
		line := r.start(t.Context(), "> ")
		r.press("a \t" + keys)
		if rest, ok := strings.CutPrefix(keys, "\r"); ok {
			r.await(line)
			line = r.start(t.Context(), "> ")
			r.shows(rest)
		}
		r.shows(keys[len(keys)-1:])
		c.set("a ", Completion{Start: 2, End: 2, Insert: "wrong"})
		r.CompleteAgain()
		r.press("\r")
		if got := r.await(line); strings.Contains(got.line, "wrong") || got.err != nil {
			t.Errorf("%q: got %q, %v", keys, got.line, got.err)
		}
		if got := c.questions(); len(got) != 1 {
			t.Errorf("%q: asked %q", keys, got)
		}
	}
}

// The Tab of a line that is over has nothing to do with the next one, even if that
// looks the same.
func TestTabEndsWithItsLine(t *testing.T) {
	c := &tabs{answers: map[string]Completion{"a ": {Start: 2, End: 2, Pending: true}}}
	r := newRig(t, Config{Complete: c.complete})
	if got := r.line("a \t\r"); got.line != "a " {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	c.set("a ", Completion{Start: 2, End: 2, Insert: "wrong"})
	line := r.start(t.Context(), "again> ")
	r.press("a ")
	r.shows("again> a ")
	r.CompleteAgain()
	r.press("\r")
	if got := r.await(line); got.line != "a " || len(c.questions()) != 1 {
		t.Errorf("the next line: %q, %v, asked %q", got.line, got.err, c.questions())
	}
}

func TestTabAgainFromManyGoroutines(t *testing.T) {
	c := &tabs{answers: map[string]Completion{"a ": {Start: 2, End: 2, Pending: true, List: "one"}}}
	r := newRig(t, Config{Complete: c.complete, Hint: func(string) string { return "hint" }})
	line := r.start(t.Context(), "> ")
	var all sync.WaitGroup
	r.press("a \t")
	for range 4 {
		all.Go(func() {
			for range 100 {
				r.CompleteAgain()
				r.Print("event")
			}
		})
	}
	r.press("b\x7f\tc\r")
	if got := r.await(line); got.line != "a c" || got.err != nil {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	all.Wait()
}

// hinted is what the screen gets for a hint that takes this many columns.
func hinted(text string, back string) string { return "\x1b[2m" + text + "\x1b[0m\x1b[" + back + "D" }

func TestHintStandsBehindTheLine(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	r := newRig(t, Config{Hint: func(line string) string {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, line)
		if line == "cmd " {
			return "node= [name=]"
		}
		return ""
	}})
	line := r.start(t.Context(), "> ")
	r.press("cmd ")
	r.shows("> cmd " + hinted("node= [name=]", "13"))
	before := strings.Count(r.out.String(), "node=")
	r.press("\x1b[D")
	r.Print("event")
	r.shows("event\n")
	if got := strings.Count(r.out.String(), "node="); got != before {
		t.Errorf("a hint in the middle of the line: %q", r.out)
	}
	r.press("\r")
	if got := r.await(line); got.line != "cmd " || got.err != nil {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(asked, "c") || !slices.Contains(asked, "cmd ") {
		t.Errorf("asked for %q", asked)
	}
}

// A hint is no part of the line: Enter, Ctrl-C and the end of the context leave the
// line alone on the screen.
func TestHintFits(t *testing.T) {
	for _, c := range []struct {
		cols, prompt int
		line, hint   string
		want         string
	}{
		{20, 5, "abc", "node=", hinted("node=", "5")},
		{20, 5, "abc", "0123456789a", hinted("0123456789a", "11")}, // the last column stays free
		{20, 5, "abc", "0123456789ab", hinted("…", "1")},           // half an argument would mislead
		{20, 5, "abc", "012 345 789ab", hinted("012 345 …", "9")},
		{20, 5, "abc", "0123 567 9ab", hinted("0123 567 …", "10")},
		{20, 5, "虚拟", "虚拟机 虚拟机", hinted("虚拟机 …", "8")},
		{20, 5, "01234567890123", "x", ""},                          // one column left
		{20, 5, "012345678901234", "x", ""},                         // a full row
		{20, 5, "0123456789012345", "abc", hinted("abc", "3")},      // on the second row
		{20, 5, "0123456789012", "x", hinted("x", "1")},             // two columns left
		{20, 5, "0123456789012", "xyz", hinted("…", "1")},           //
		{20, 5, "abc", "", ""},                                      //
		{20, 5, "abc", "a\x1b[3m", hinted(`a\x1b[3m`, "8")},         // no control characters
		{20, 5, "abc", "a\u009bb", hinted(`a\u009bb`, "8")},         //
		{20, 5, "abc", "\xffb", hinted(`\xffb`, "5")},               // nor what is no text
		{20, 5, "abc\n", "node=", ""},                               // Enter has been pressed
		{20, 5, "", "node=", hinted("node=", "5")},                  //
		{1, 0, "", "node=", ""},                                     // a window of one column
		{20, 20, "", "node=", hinted("node=", "5")},                 // a prompt that fills its row
		{20, 5, "abc" + string(runeNewline), "n", hinted("n", "1")}, // a newline inside
	} {
		r := newRig(t, Config{Hint: func(string) string { return c.hint }})
		r.screen.mu.Lock()
		r.screen.cols, r.screen.prompt = c.cols, c.prompt
		r.screen.mu.Unlock()
		if got := string(r.hintBehind([]rune(c.line))); got != c.want {
			t.Errorf("%d columns, %q, hint %q: got %q, want %q", c.cols, c.line, c.hint, got, c.want)
		}
	}
}

func TestHintIsGoneWhenTheLineIsOver(t *testing.T) {
	for _, c := range []struct {
		key, last string
		err       error
	}{
		{"\r", "> cmd \n", nil},
		{"\x03", "> cmd ^C\n", ErrInterrupt},
	} {
		r := newRig(t, Config{Hint: func(line string) string { return "node=" }})
		line := r.start(t.Context(), "> ")
		r.press("cmd ")
		r.shows("> cmd " + hinted("node=", "5"))
		r.press(c.key)
		if got := r.await(line); !errors.Is(got.err, c.err) {
			t.Errorf("%q: %q, %v", c.key, got.line, got.err)
		}
		// What is drawn last has no hint any more.
		out := r.out.String()
		if last := out[strings.LastIndex(out, "> "):]; !strings.HasSuffix(strings.ReplaceAll(last, "\x1b[J", ""), c.last) || strings.Contains(last, "node=") {
			t.Errorf("%q: the last line is %q", c.key, last)
		}
	}
}
