package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/completion"
	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/text"
)

// dotWord is one of qmpsh's own words. They begin with a dot, so that they never
// collide with QMP's. One of text and act is set.
type dotWord struct {
	name, takes, does string
	long              string // what more .help NAME says
	prose             bool   // its text may be broken between words
	completes         completion.Takes
	// text makes what the word has to say. Scripts know the words that have it.
	text func(*Words, context.Context, cmdline.Statement) (string, error)
	// act is for a word that needs the terminal.
	act func(*Shell, context.Context, cmdline.Statement) error
}

// dotWords are all of them, in the order of .help.
func dotWords() []dotWord {
	const names = completion.TakesCommands | completion.TakesEvents | completion.TakesDevices
	return []dotWord{
		{name: ".help", takes: "[NAME]", does: "this list, or what is known of NAME", completes: names, text: (*Words).help, prose: true,
			long: "NAME is a word of this list, or a command or an event of the server's."},
		{name: ".describe", takes: "NAME …", does: "a command, event, member or device type; * lists", completes: names, text: (*Words).describe,
			long: "What the server's schema says: arguments with their types, what is optional, values, what comes\n" +
				"back. A member goes deeper: .describe blockdev-add file. A pattern lists names: .describe query-*\n" +
				"What a device type takes tells a copy of the server's binary; the VM is not asked."},
		{name: ".json", takes: "LINE", does: "the message that LINE would send", completes: completion.TakesLine, text: (*Words).json,
			long: "LINE is checked as ever, and nothing is sent. What @prompt would ask for is shown as ***."},
		{name: ".history", does: "the lines typed so far", act: (*Shell).history,
			long: "Secrets are masked there. The arrow keys bring lines back, Ctrl-R searches."},
		{name: ".reconnect", does: "end the session and open it again", act: (*Shell).reconnect,
			long: "At the same address. Commands that have no answer yet may have been done."},
		{name: ".exit", does: "leave (so does Ctrl-D); QEMU goes on", text: (*Words).exit,
			long: "quit, without a dot, is QEMU's own command and ends the VM."},
	}
}

// line is what .help says of the word.
func (w dotWord) line() string { return fmt.Sprintf("%-18s %s", w.name+" "+w.takes, w.does) }

// Words runs the words that need no terminal, for the shell and for scripts.
type Words struct {
	*run.Executor
	Width  func() int // in columns, of what the text is for
	Script bool       // there is no terminal
}

// Run runs the word of that name and returns what it has to say. The error is
// run.ErrLeave to end the shell or the script.
func (w *Words) Run(ctx context.Context, name string, st cmdline.Statement) (string, error) {
	found, err := w.find(name)
	if err != nil {
		return "", err
	}
	return found.text(w, ctx, st)
}

// find returns the word of that name, if it is one here.
func (w *Words) find(name string) (dotWord, error) {
	var names []string
	for _, word := range dotWords() {
		switch {
		case word.name == name && w.Script && word.text == nil:
			return dotWord{}, &run.WordError{Word: name, Why: "belongs to the shell on a terminal; .help lists what a script has"}
		case word.name == name:
			return word, nil
		}
		names = append(names, word.name)
	}
	why := "is no word of the shell; .help lists them"
	if near := qapi.Nearest(name, names); len(near) > 0 {
		why = "is no word of the shell: did you mean " + near[0] + "?"
	}
	return dotWord{}, &run.WordError{Word: name, Why: why}
}

// language is what a line may be.
const language = `A line is a QMP command: NAME key=value ..., or raw JSON {"execute": ...}.
  a.b=1 nests, quotes make a string, key:=JSON sends that JSON,
  key=@file:PATH, key=@env:NAME and key=@prompt take the value from there,
  transaction( ... ) groups actions, one a line; | FILTER is jq, > FILE saves;
  # starts a comment, a trailing \ continues the line.
`

func (w *Words) help(ctx context.Context, st cmdline.Statement) (string, error) {
	if st.ArgsErr != nil {
		return "", st.ArgsErr
	}
	if len(st.Args) > 0 {
		all := dotWords()
		i := slices.IndexFunc(all, func(word dotWord) bool {
			return strings.TrimPrefix(word.name, ".") == strings.TrimPrefix(st.Args[0], ".")
		})
		if i >= 0 {
			return text.Wrap(all[i].line()+"\n"+all[i].long, w.Width(), 2), nil
		}
		if strings.HasPrefix(st.Args[0], ".") {
			_, err := w.find(st.Args[0])
			return "", err
		}
		return w.describe(ctx, st)
	}
	var b strings.Builder
	if w.HMP {
		b.WriteString("A line goes to QEMU's human monitor as it is: info status, help info.\n")
	} else {
		b.WriteString(language)
	}
	for _, word := range dotWords() {
		if word.text != nil || !w.Script {
			b.WriteString("  " + word.line() + "\n")
		}
	}
	if w.Script {
		b.WriteString("A script stops at its first error, unless it runs with --keep-going. quit ends QEMU.")
	} else {
		b.WriteString("Tab completes. Ctrl-R searches what was typed, Ctrl-X Ctrl-E opens your editor. Ctrl-C stops waiting for an answer. quit ends QEMU, and asks first.")
	}
	return text.Wrap(b.String(), w.Width(), 2), nil
}

// describe says what is known of a name.
func (w *Words) describe(ctx context.Context, st cmdline.Statement) (string, error) {
	if st.ArgsErr != nil {
		return "", st.ArgsErr
	}
	return run.Describe(ctx, w.Schemas, st.Args, w.Width())
}

// json shows what a line would send.
func (w *Words) json(ctx context.Context, st cmdline.Statement) (string, error) {
	inner, err := w.Parse(st.Rest)
	if err == nil && inner.Kind != cmdline.QMP {
		err = &run.WordError{Word: ".json", Why: "takes a line of QMP, for example .json query-status"}
	}
	if err != nil {
		return "", err
	}
	blind := *w.Executor // what must not be seen must not be shown either
	blind.Inputs.Secret = func(context.Context, string) (string, error) { return "***", nil }
	line, err := blind.JSON(ctx, inner)
	return string(line), err
}

func (w *Words) exit(context.Context, cmdline.Statement) (string, error) { return "", run.ErrLeave }

// word runs one of our own words. It returns an error only to end the shell, and
// errStopped after Ctrl-C.
func (s *Shell) word(ctx context.Context, name string, st cmdline.Statement) error {
	w, err := s.words.find(name)
	if err != nil {
		s.Terminal.Show(s.Explain(err))
		return errFailed
	}
	if w.act != nil {
		return w.act(s, ctx, st)
	}
	var said string
	err = s.interruptible(ctx, func(ctx context.Context) error {
		said, err = w.text(s.words, ctx, st)
		return err
	})
	switch {
	case err == nil:
		if w.prose { // of the others somebody may copy a line
			said = text.Wrap(text.Clean(said), s.Width(), 2)
		}
		s.Terminal.Page(ctx, text.Plain(said))
		return nil
	case errors.Is(err, run.ErrLeave):
		return err
	case errors.Is(err, errStopped):
		s.stopped("stopped")
		return errStopped
	}
	s.Terminal.Show(s.Explain(err))
	return errFailed
}

func (s *Shell) history(context.Context, cmdline.Statement) error {
	s.Terminal.Show(text.Plain(strings.Join(s.Terminal.History(), "\n")))
	return nil
}

// reconnect opens the session again.
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
	s.Terminal.Show(s.Explain(err))
	return errFailed
}
