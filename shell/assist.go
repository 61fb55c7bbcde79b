package shell

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/qmpsh/qmpsh/completion"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/terminal"
	"github.com/qmpsh/qmpsh/shell/text"
)

// listRows is how many rows of candidates Tab shows at most.
const listRows = 16

// Assist answers Tab and hints at what is missing. It never waits for the server:
// what it does not know yet, it has looked up for the next time.
type Assist struct {
	Schemas *run.Schemas
	HMP     bool // lines are the human monitor's: only our own words are known
	Cache   *completion.Cache
	before  atomic.Pointer[string] // the lines of the statement above the one being typed
}

// env is what candidates come from right now.
func (a *Assist) env() completion.Env {
	words := offeredWords()
	if a.HMP {
		return completion.Env{Words: words}
	}
	for _, name := range a.Schemas.KnownGuest().Commands {
		words = append(words, completion.Word{Name: name})
	}
	return WithDevices(completion.Env{Schema: a.Schemas.Known(), Live: a.Cache, Words: words, Files: Files}, a.Schemas)
}

// setAbove notes the lines of an unfinished statement.
func (a *Assist) setAbove(join *cmdline.Joiner) {
	above := ""
	if join.Need() != cmdline.Nothing {
		above = join.Text() + "\n"
	}
	a.before.Store(&above)
}

func (a *Assist) above() string {
	if s := a.before.Load(); s != nil {
		return *s
	}
	return ""
}

// Complete answers Tab for the terminal.
func (a *Assist) Complete(line string, cursor, columns int) terminal.Completion {
	above := a.above()
	whole := above + line
	env := a.env()
	r := completion.Complete(whole, len(above)+cursor, env)
	if env.Schema == nil && len(r.Candidates) == 0 && !a.HMP {
		r.Pending = true // the schema may be on its way
	}
	if r.Start < len(above) {
		return terminal.Completion{Start: cursor, End: cursor, Pending: r.Pending}
	}
	c := terminal.Completion{Start: r.Start - len(above), End: r.End - len(above), Pending: r.Pending}
	insert, ok := r.Insertion(whole)
	if ok {
		c.Insert = insert
		return c
	}
	c.Insert = line[c.Start:c.End]
	if len(r.Candidates) > 1 {
		c.List, c.All = lists(r, columns)
	}
	return c
}

// lists are what the first Tab shows and, if that is more, what the second one does.
func lists(r completion.Result, columns int) (first, all string) {
	first, all = r.List(columns, listRows), r.All(columns)
	if len(r.Candidates) <= listRows || strings.Count(all, "\n") <= listRows {
		return first, ""
	}
	const way = "; Tab again shows all"
	first = strings.TrimSuffix(first, "\n")
	if last := first[strings.LastIndexByte(first, '\n')+1:]; text.Width(last)+len(way) <= columns {
		first += way
	}
	return first + "\n", all
}

// Hint names the arguments that are missing at the end of the line.
func (a *Assist) Hint(line string) string {
	if line == "" {
		return ""
	}
	return completion.Hint(a.above()+line, a.env())
}

// offeredWords are the words of our own as completion offers them.
func offeredWords() []completion.Word {
	var list []completion.Word
	for _, w := range dotWords() {
		list = append(list, completion.Word{Name: w.name, Does: w.does, Takes: w.completes})
	}
	return list
}

// Files offers the paths that begin with prefix.
func Files(prefix string) []completion.Candidate {
	dir, start := filepath.Split(prefix)
	look := dir
	if look == "" {
		look = "."
	}
	entries, err := os.ReadDir(look)
	if err != nil {
		return nil
	}
	var list []completion.Candidate
	for _, e := range entries {
		name := e.Name()
		hidden := name[0] == '.' && (start == "" || start[0] != '.')
		if hidden || len(name) < len(start) || name[:len(start)] != start {
			continue
		}
		c := completion.Candidate{Text: dir + name, Final: true}
		if info, err := os.Stat(filepath.Join(look, name)); err == nil && info.IsDir() {
			c.Text, c.Final = c.Text+"/", false
		}
		list = append(list, c)
	}
	return list
}
