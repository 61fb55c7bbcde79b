package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/terminal"
)

// Reading: a text is a line that was typed, or a whole block that was pasted. It may
// begin, go on with, and end statements.

// open is a statement that more lines may complete.
type open struct {
	cmdline.Joiner
	refused int // actions of a typed transaction that were left out
}

// What ends a text before its end. The user has read why.
var (
	errStopped = errors.New("stopped")          // Ctrl-C
	errFailed  = errors.New("failed")           // a statement was refused or went wrong
	errNo      = errors.New("the user said no") // to a question of ours
)

// loop reads texts and runs them.
func (s *Shell) loop(ctx context.Context) error {
	var st open
	for {
		s.Assist.setAbove(&st.Joiner)
		select {
		case <-s.Keys: // of the past
		default:
		}
		text, err := s.Terminal.ReadLine(ctx, prompt(&st.Joiner))
		switch {
		case errors.Is(err, terminal.ErrInterrupt), errors.Is(err, io.EOF) && st.Need() != cmdline.Nothing:
			st = open{}
			continue
		case errors.Is(err, io.EOF):
			return run.ErrLeave
		case err != nil:
			return err
		}
		err = s.text(ctx, &st, text)
		switch {
		case errors.Is(err, errStopped), errors.Is(err, errFailed), errors.Is(err, errNo):
		case err != nil:
			return err
		}
	}
}

// text runs the statements that text completes. Ctrl-C, a statement that fails and a
// question that is answered with no drop those to come.
func (s *Shell) text(ctx context.Context, st *open, text string) error {
	lines := strings.Split(text, "\n")
	first := 0 // where the statement at hand begins
	for i, line := range lines {
		select {
		case <-s.Keys:
			s.tellRest(lines, i-1, i)
			return errStopped
		default:
		}
		before := st.Joiner
		if st.Len() == 0 {
			first = i
		}
		if !st.Add(line+"\n") && !s.HMP {
			err := s.badAction(ctx, &before, &st.Joiner, line)
			switch {
			case err == nil:
			case len(lines) == 1:
				s.Terminal.Show(s.Explain(err))
				st.Joiner = before
				st.refused++
			default: // in part it is not what was meant
				s.Terminal.Show(s.Explain(err))
				*st = open{}
				s.Terminal.Print("The transaction was dropped, and nothing of it was sent.")
				s.tellRest(lines, i, i+1)
				return errFailed
			}
			continue
		}
		whole := *st
		*st = open{}
		if err := s.whole(ctx, whole); err != nil {
			at := first
			s.tellRest(lines, at, i+1)
			return err
		}
	}
	return nil
}

// tellRest says which line of a pasted block it was, counted from 0, and that those
// from next on were not run.
func (s *Shell) tellRest(lines []string, at, next int) {
	for len(lines) > next && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	rest := len(lines) - next
	if at < 0 || len(lines) < 2 || rest == 0 && at == 0 { // one statement, or the last: the user sees that
		return
	}
	what := fmt.Sprintf("That was line %d of %d", at+1, len(lines))
	switch rest {
	case 0:
		what += "."
	case 1:
		what += fmt.Sprintf("; line %d was not run.", next+1)
	default:
		what += fmt.Sprintf("; lines %d to %d were not run.", next+1, len(lines))
	}
	s.Terminal.Print(what)
}

// whole runs a whole statement. A transaction from which actions were left out is not
// what the user had in mind.
func (s *Shell) whole(ctx context.Context, st open) error {
	if st.refused > 0 {
		left := "An action was refused and is not in it."
		if st.refused > 1 {
			left = fmt.Sprintf("%d actions were refused and are not in it.", st.refused)
		}
		s.Terminal.Print(left + " If you have typed it again, all is well.")
		yes, err := s.Terminal.Confirm(ctx, "Send the transaction?")
		if err != nil {
			return err
		}
		if !yes {
			s.Terminal.Print("The transaction was dropped, and nothing of it was sent.")
			return errNo
		}
	}
	return s.statement(ctx, st.Text())
}

// badAction says what is wrong with the line that was added to an open
// transaction, so that the line can be typed again without the others. It looks
// at that line alone: a pasted transaction may have thousands.
func (s *Shell) badAction(ctx context.Context, before, after *cmdline.Joiner, line string) error {
	if before.Need() != cmdline.EndTransaction || after.Need() != cmdline.EndTransaction {
		return nil
	}
	st, err := cmdline.Parse("transaction(\n" + line + "\n)")
	if err == nil && len(st.Sources) == 0 {
		bind := func(schema *qapi.Schema) error {
			_, err := st.Bind(cmdline.Binding{Schema: schema, Validate: !s.NoValidate})
			return err
		}
		if err = bind(s.Schemas.Known()); err != nil && s.Schemas.Doubtful() {
			ctx, cancel := context.WithTimeout(ctx, askLimit)
			defer cancel()
			err = bind(s.Schemas.Own(ctx)) // the server itself has the last word
		}
	}
	var fault *cmdline.Error
	if errors.As(err, &fault) && !fault.Unfinished {
		return fault
	}
	return nil
}

// prompt says what a statement waits for. It is empty for a new statement, which
// stands for the prompt that showPrompt keeps true.
func prompt(join *cmdline.Joiner) string {
	switch join.Need() {
	case cmdline.EndTransaction:
		return "TRANS> "
	case cmdline.Nothing:
		return ""
	}
	return "... "
}
