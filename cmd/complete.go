package cmd

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qmpsh/qmpsh/completion"
	"github.com/qmpsh/qmpsh/shell"
	"github.com/qmpsh/qmpsh/shell/run"
)

// completeLimit bounds what Tab in the user's own shell may take, connecting
// included. What is not there by then is not offered.
const completeLimit = 300 * time.Millisecond

// completeExec completes the words of exec with what the server knows. Whatever
// goes wrong, it stays silent: the user is in the middle of a line.
func completeExec(o *options) cobra.CompletionFunc {
	return func(c *cobra.Command, words []string, last string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if o.hmp {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return o.completions(c.Context(), func(e completion.Env) []completion.Candidate {
			candidates, _ := completion.CompleteWords(words, last, e)
			return candidates
		})
	}
}

// completeNames completes the words that describe takes: a name, and what it
// consists of.
func completeNames(o *options) cobra.CompletionFunc {
	return func(c *cobra.Command, words []string, last string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return o.completions(c.Context(), func(e completion.Env) []completion.Candidate {
			e.Words = []completion.Word{{Name: ".describe", Takes: completion.TakesCommands | completion.TakesEvents | completion.TakesDevices}}
			before := strings.Join(append([]string{".describe"}, words...), " ") + " "
			r := completion.Complete(before+last, len(before)+len(last), e)
			if r.Start < len(before) {
				return nil
			}
			for i := range r.Candidates { // the user's own shell replaces the whole word
				r.Candidates[i].Text = last[:r.Start-len(before)] + r.Candidates[i].Text
			}
			return r.Candidates
		})
	}
}

// completions asks for candidates with the server's schema at hand.
func (o *options) completions(ctx context.Context, ask func(completion.Env) []completion.Candidate) ([]cobra.Completion, cobra.ShellCompDirective) {
	const nothing = cobra.ShellCompDirectiveNoFileComp
	ctx, cancel := context.WithTimeout(ctx, completeLimit)
	defer cancel()
	e := completion.Env{Files: shell.Files}
	var schemas *run.Schemas
	if !o.asksSchema() && !o.agent {
		x, err := o.executor(ctx, nil)
		if err != nil {
			return nil, nothing
		}
		schemas = x.Schemas
	} else {
		s, err := o.session(ctx, "")
		if err != nil || s.open(ctx) != nil {
			return nil, nothing
		}
		defer s.leave(ctx)
		schemas = s.executor.Schemas
	}
	e.Schema = schemas.Get(ctx)
	cache := completion.NewCache(schemas.Ask, completion.CacheOptions{Limit: completeLimit})
	defer cache.Close()
	e.Live = cache.Within(ctx)
	e = shell.WithDevices(e, schemas)
	guest, _ := schemas.Guest(ctx)
	for _, name := range guest.Commands {
		e.Words = append(e.Words, completion.Word{Name: name})
	}
	directive := nothing
	var list []cobra.Completion
	for _, c := range ask(e) {
		list = append(list, cobra.CompletionWithDesc(c.Text, c.Label))
		if !c.Final {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
	}
	return list, directive
}

// completeAddress completes an address: sockets, bare and behind unix:, and what needs
// no more than its name.
func completeAddress(_ *cobra.Command, _ []string, last string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var list []cobra.Completion
	directive := cobra.ShellCompDirectiveNoFileComp
	for _, form := range []string{"unix:", "demo:"} {
		if len(last) < len(form) && strings.HasPrefix(form, last) && last != "" {
			list = append(list, form)
		}
	}
	path, _ := strings.CutPrefix(last, "unix:")
	form := strings.TrimSuffix(last, path)
	for _, c := range shell.Files(path) {
		info, err := os.Stat(c.Text)
		if err != nil || c.Final && info.Mode()&os.ModeSocket == 0 {
			continue
		}
		if !c.Final {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		list = append(list, form+c.Text)
	}
	return list, directive
}

// completeConnect completes the words of connect: an address unless -s names it, then a
// script.
func completeConnect(o *options) cobra.CompletionFunc {
	return func(c *cobra.Command, words []string, last string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if o.socket == "" && len(words) == 0 {
			return completeAddress(c, words, last)
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
}
