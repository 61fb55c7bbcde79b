package terminal

import (
	"strings"
	"testing"
)

func TestHistoryThatCannotBeWrittenIsReportedByRemember(t *testing.T) {
	dir := t.TempDir() // a directory in the place of the file, for root may do everything else
	r := newRig(t, Config{History: dir})
	if err := r.Remember("one"); err == nil || !strings.HasPrefix(err.Error(), "history: ") {
		t.Errorf("got %v", err)
	}
	if got := r.line(up + "\r"); got.line != "one" {
		t.Errorf("memory has %q", got.line)
	}
}

func TestUpBringsBackWhatWasRemembered(t *testing.T) {
	path := historyFilePath(t)
	if err := (&history{path: path}).add("from the file"); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, Config{History: path})
	remember := func(line string) {
		t.Helper()
		if err := r.Remember(line); err != nil {
			t.Fatal(err)
		}
	}
	check := func(keys, want string) {
		t.Helper()
		if got := r.line(keys + "\r"); got.line != want || got.err != nil {
			t.Errorf("%q: got %q, %v; want %q", keys, got.line, got.err, want)
		}
	}
	check(up, "from the file")
	remember("{\n\t1}")
	check(up, "{\n\t1}")
	check(up+up, "from the file")
	// A secret typed over an old entry is not remembered, not even in memory.
	check(up+"\x15set_password password=secret", "set_password password=secret")
	remember("set_password password=***")
	check(up, "set_password password=***")
	check(up+up, "{\n\t1}")
	check(up+down+"x", "x")
	check("draft"+up+down, "draft")
	if strings.Contains(fileText(t, path), "secret") {
		t.Error("the secret is in the file")
	}
}

func TestSearchFindsAndHoldsEvents(t *testing.T) {
	r := newRig(t, Config{})
	for _, e := range []string{"query-block", "query-status", "stop"} {
		if err := r.Remember(e); err != nil {
			t.Fatal(err)
		}
	}
	c := r.start(t.Context(), "> ")
	r.press("\x12quer")
	r.shows("bck-i-search: quer")
	r.Print("event")
	r.SetPrompt("ignored")
	r.press("y-b")
	r.shows("bck-i-search: query-b")
	if strings.Contains(r.out.String(), "event") {
		t.Error("an event in the middle of a search")
	}
	r.press("\x05!")
	r.shows("event\n> query-block")
	r.press("\r")
	if got := r.await(c); got.line != "query-block!" {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	for _, k := range []struct{ keys, want string }{
		{up + up + up, "query-block"}, // unharmed by the editing of what was found
		{"\x12block\x15new\x0b\r", "new"},
		{up + up + up, "query-block"},
		{"typed\x12stop\x03!", "typed!"},               // Ctrl-C goes back
		{"typed\x12stop\x07!", "typed!"},               // so does Ctrl-G
		{"\x12stop\x1b[200~ now\x1b[201~", " nowstop"}, // a paste goes into what was found
		{"\x12sto\x17!", "!stop"},
		{"\x12nothing like it\x7f\x7f\r", ""},
	} {
		if got := r.line(k.keys + "\r"); got.line != k.want || got.err != nil {
			t.Errorf("%q: got %q, %v; want %q", k.keys, got.line, got.err, k.want)
		}
		if strings.HasSuffix(k.keys, "\r") {
			r.line("")
		}
	}
}

func TestSearchInAnEmptyHistory(t *testing.T) {
	r := newRig(t, Config{})
	if got := r.line("\x12abc\x07line\r"); got.line != "line" || got.err != nil {
		t.Errorf("got %q, %v", got.line, got.err)
	}
	if got := r.line(up + up + down + "line\r"); got.line != "line" || got.err != nil {
		t.Errorf("got %q, %v", got.line, got.err)
	}
}
