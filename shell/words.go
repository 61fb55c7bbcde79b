package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qmpsh/qmpsh/completion"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/render"
	"github.com/qmpsh/qmpsh/shell/run"
)

// word is one of the shell's own commands. They begin with a dot, so that they
// never collide with QMP's.
type word struct {
	name, takes, does string
	completes         completion.Takes
	run               func(*Shell, context.Context, cmdline.Statement) error
}

// line is what .help says of it.
func (w word) line() string { return fmt.Sprintf("%-18s %s", w.name+" "+w.takes, w.does) }

// words are all of them, in the order of .help.
func words() []word {
	return []word{
		{".help", "[NAME]", "this list, or what the server says of NAME", completion.TakesCommands | completion.TakesEvents, (*Shell).help},
		{".describe", "NAME …", "a command, an event, or a member of one; * lists", completion.TakesCommands | completion.TakesEvents, (*Shell).describe},
		{".json", "LINE", "the message that LINE would send", completion.TakesLine, (*Shell).json},
		{".history", "", "the lines typed so far", 0, (*Shell).history},
		{".reconnect", "", "end the session and open it again", 0, (*Shell).reconnect},
		{".exit", "", "leave the shell (so does Ctrl-D); QEMU goes on", 0, (*Shell).exit},
	}
}

// leaveLimit is how long a server may take to read what it was sent before its
// session is ended.
const leaveLimit = time.Second

// word runs one of the shell's words. It returns an error only to end the shell.
func (s *Shell) word(ctx context.Context, name string, st cmdline.Statement) error {
	all := words()
	i := slices.IndexFunc(all, func(w word) bool { return w.name == name })
	if i < 0 {
		s.Terminal.Print(s.Explain(&run.WordError{Word: name, Why: "is no word of the shell; .help lists them"}))
		return nil
	}
	return all[i].run(s, ctx, st)
}

func (s *Shell) help(ctx context.Context, st cmdline.Statement) error {
	if len(st.Args) > 0 {
		for _, w := range words() {
			if w.name == st.Args[0] {
				s.Terminal.Print(w.line())
				return nil
			}
		}
		return s.describe(ctx, st)
	}
	var b strings.Builder
	b.WriteString("A line is a QMP command: NAME key=value ..., or raw JSON {\"execute\": ...}.\n")
	b.WriteString("  a.b=1 nests, quotes make a string, key:=JSON sends that JSON,\n")
	b.WriteString("  key=@file:PATH, key=@env:NAME and key=@prompt take the value from there,\n")
	b.WriteString("  transaction( ... ) groups actions, one a line; | FILTER is jq, > FILE saves;\n")
	b.WriteString("  # starts a comment, a trailing \\ continues the line.\n")
	for _, w := range words() {
		b.WriteString("  " + w.line() + "\n")
	}
	b.WriteString("Tab completes. Ctrl-C stops waiting for an answer. quit ends QEMU, and asks first.")
	s.Terminal.Print(b.String())
	return nil
}

// describe says what the server's schema knows of a name.
func (s *Shell) describe(ctx context.Context, st cmdline.Statement) error {
	var text string
	err := s.interruptible(ctx, func(ctx context.Context) error {
		schema, err := s.Schemas.Read(ctx)
		if err != nil {
			return err
		}
		text, err = run.Describe(schema, st.Args, s.Width())
		return err
	})
	return s.show(err, text)
}

// show prints what a word has to say, or why it cannot.
func (s *Shell) show(err error, text string) error {
	switch {
	case err == nil:
		s.Terminal.Print(text)
	case errors.Is(err, errStopped):
		s.stopped("stopped")
		return errStopped
	default:
		s.Terminal.Print(s.Explain(err))
	}
	return nil
}

// json shows what a line would send.
func (s *Shell) json(ctx context.Context, st cmdline.Statement) error {
	var line []byte
	err := s.interruptible(ctx, func(ctx context.Context) error {
		inner, err := cmdline.Parse(st.Rest)
		if err == nil && inner.Kind != cmdline.QMP {
			err = &run.WordError{Word: ".json", Why: "takes a line of QMP, for example .json query-status"}
		}
		if err == nil {
			line, err = s.JSON(ctx, inner)
		}
		return err
	})
	return s.show(err, render.Sanitize(string(line)))
}

func (s *Shell) exit(context.Context, cmdline.Statement) error { return run.ErrLeave }

func (s *Shell) history(context.Context, cmdline.Statement) error {
	s.Terminal.Print(strings.Join(s.Terminal.History(), "\n"))
	return nil
}

func (s *Shell) reconnect(ctx context.Context, _ cmdline.Statement) error {
	err := s.interruptible(ctx, func(ctx context.Context) error {
		// Why the last session ended was said when it did. A server that reads
		// nothing would keep us for ever.
		limit, cancel := context.WithTimeout(ctx, leaveLimit)
		defer cancel()
		_ = s.Client.Disconnect(limit)
		return s.Open(ctx)
	})
	if err == nil {
		s.renew(ctx)
		s.greet(ctx)
		return nil
	}
	s.machine.lost()
	s.showPrompt()
	if errors.Is(err, errStopped) {
		s.stopped("stopped connecting. " + wayBack)
		return errStopped
	}
	s.Terminal.Print(s.Explain(err))
	return nil
}
