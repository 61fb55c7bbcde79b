package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// word is one of the shell's own commands. They begin with a dot, so that they
// never collide with QMP's.
type word struct {
	name, does string
	run        func(*Shell, context.Context) error
}

// words are those that take no arguments, in the order of .help.
func words() []word {
	return []word{
		{".help", "this list", (*Shell).help},
		{".history", "the lines typed so far", (*Shell).history},
		{".reconnect", "end the session and open it again", (*Shell).reconnect},
		{".exit", "leave the shell (so does Ctrl-D); QEMU goes on", func(*Shell, context.Context) error { return errLeave }},
	}
}

// leaveLimit is how long a server may take to read what it was sent before its
// session is ended.
const leaveLimit = time.Second

// errLeave is what .exit and Ctrl-D end the shell or a script with.
var errLeave = errors.New("leave")

// WordError is a word of the shell's own that does not exist, or not here.
type WordError struct {
	Word string
	Why  string
}

func (e *WordError) Error() string { return e.Word + " " + e.Why }

// shellWord returns the shell's word that st is. Plain help and exit are words
// too: no QMP server has commands of these names.
func shellWord(st cmdline.Statement) (string, bool) {
	if st.Kind == cmdline.Dot {
		return st.Word, true
	}
	if st.Bare() && (st.Name == "help" || st.Name == "exit") {
		return "." + st.Name, true
	}
	return "", false
}

// word runs one of the shell's words. It returns an error only to end the shell.
func (s *Shell) word(ctx context.Context, name string) error {
	all := words()
	i := slices.IndexFunc(all, func(w word) bool { return w.name == name })
	if i < 0 {
		s.Terminal.Print(s.Failed(&WordError{Word: name, Why: "is no word of the shell; .help lists them"}))
		return nil
	}
	return all[i].run(s, ctx)
}

func (s *Shell) help(context.Context) error {
	var b strings.Builder
	b.WriteString("A line is a QMP command: NAME key=value ..., or raw JSON {\"execute\": ...}.\n")
	b.WriteString("  a.b=1 nests, quotes make a string, transaction( ... ) groups actions,\n")
	b.WriteString("  # starts a comment, a trailing \\ continues the line.\n")
	for _, w := range words() {
		fmt.Fprintf(&b, "  %-12s %s\n", w.name, w.does)
	}
	b.WriteString("Ctrl-C stops waiting for an answer. quit ends QEMU, and asks first.")
	s.Terminal.Print(b.String())
	return nil
}

func (s *Shell) history(context.Context) error {
	s.Terminal.Print(strings.Join(s.Terminal.History(), "\n"))
	return nil
}

func (s *Shell) reconnect(ctx context.Context) error {
	err := s.interruptible(ctx, func(ctx context.Context) error {
		// Why the last session ended was said when it did. A server that reads
		// nothing would keep us for ever.
		limit, cancel := context.WithTimeout(ctx, leaveLimit)
		defer cancel()
		_ = s.Client.Disconnect(limit)
		return s.Connect(ctx)
	})
	if err == nil {
		s.greet(ctx)
		return nil
	}
	s.machine.lost()
	s.showPrompt()
	if errors.Is(err, errStopped) {
		s.stopped("stopped connecting. " + wayBack)
		return errStopped
	}
	s.Terminal.Print(s.Failed(err))
	return nil
}
