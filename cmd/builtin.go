package cmd

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qmpsh/qmpsh/shell/run"
)

// adoptBuiltins makes the commands that cobra brings along, help and completion,
// answer a mistake as the others do: one line, and the exit code of a mistake.
func adoptBuiltins(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.RunE = runHelp
		case "completion":
			c.RunE = func(c *cobra.Command, _ []string) error {
				return &usageError{msg: "completion needs a shell: bash, zsh, fish or powershell", help: c.CommandPath()}
			}
			for _, sub := range c.Commands() {
				if sub.Name() == "bash" {
					sub.RunE = completionForBash
				}
			}
		}
	}
	checkArgs(root)
}

// completionForBash prints the script for bash. In cobra's own one a quote that is still
// open ends the request for completions; here the quote is closed for the request.
func completionForBash(c *cobra.Command, _ []string) error {
	bare, err := c.Flags().GetBool("no-descriptions")
	if err != nil {
		return err
	}
	var script strings.Builder
	if err := c.Root().GenBashCompletionV2(&script, !bare); err != nil {
		return err
	}
	const before = `    # Use eval to handle any environment variables and such
`
	const closing = `    case "${cur}" in
        \'*|\"*) requestComp="${requestComp}${cur:0:1}"; cur="${cur:1}" ;;
    esac
`
	_, err = io.WriteString(c.OutOrStdout(), strings.Replace(script.String(), before, closing+before, 1))
	return err
}

func runHelp(c *cobra.Command, args []string) error {
	topic, rest, err := c.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return &usageError{msg: fmt.Sprintf("no help on %q: it is no command", args[len(args)-1]), help: c.Root().CommandPath()}
	}
	topic.InitDefaultHelpFlag()
	return topic.Help()
}

// checkArgs words the refusals of cobra's own checks as usage errors.
func checkArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			var usage *usageError
			if err == nil || errors.As(err, &usage) {
				return err
			}
			return &usageError{msg: err.Error(), help: c.CommandPath()}
		}
	}
	for _, sub := range c.Commands() {
		checkArgs(sub)
	}
}

// sticky is stdout for what cobra prints: it keeps the first error, which cobra
// drops when it prints help.
type sticky struct {
	w   io.Writer
	err error
}

func (o *sticky) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil && o.err == nil {
		o.err = &run.OutputError{Err: err}
	}
	return n, o.err
}
