// Package cmd is qmpsh's command line: one cobra command a file, the flags
// they share, and the one place where an error becomes an exit code and the
// text that a person reads (exit.go).
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/render"
	"github.com/qmpsh/qmpsh/shell/text"
)

// System is what the commands know of the outside world.
type System struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
}

// Main runs one command line (without the program's name) and returns the exit
// code of docs/exit-codes.md.
func Main(args []string, sys System) int {
	// A closed stdout must come back as an error of Write, so that a script
	// can say where it stopped; unasked, the runtime would end the process.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(pipe)

	signals := watchSignals()
	defer signals.stop()
	printed := &sticky{w: forPeople(sys)(sys.Out)}
	sys = behindBoundary(sys)
	o := &options{sys: sys, signals: signals, stderr: newSwitchWriter(sys.Err.(*text.Writer)), printed: printed}
	root := newRootCmd(o)
	root.SetArgs(args)
	code, left := signals.supervise(func(ctx context.Context) int {
		err := root.ExecuteContext(ctx)
		if err == nil {
			err = o.printed.err
		}
		return report(o, err)
	})
	if left == nil {
		return code
	}
	reported := make(chan struct{})
	go func() { // nobody may read stderr either
		report(o, left)
		close(reported)
	}()
	select {
	case <-reported:
	case <-time.After(grace):
	}
	return o.judge(left).code
}

func newRootCmd(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   "qmpsh",
		Short: "A shell for the QEMU Machine Protocol (QMP)",
		Long: `qmpsh talks to QEMU, qemu-storage-daemon and the QEMU guest agent over QMP.

  qmpsh connect /tmp/qmp.sock                  a shell on a terminal
  qmpsh connect /tmp/qmp.sock < script         a script, one command a line
  qmpsh exec -s /tmp/qmp.sock query-status     one command, one result
  qmpsh connect demo:                          try it without QEMU

Addresses: ` + addressForms,
		Version: version(),

		SuggestionsMinimumDistance: 2, // letters that may be wrong in a command's name

		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              rejectArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error { return o.check() },
	}
	root.SetVersionTemplate(versionText() + "\n")
	root.SetIn(o.sys.In)
	root.SetOut(o.printed)
	root.SetErr(o.sys.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		msg := err.Error()
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) { // the rest of -pSECRET is none of ours to show
			msg, _, _ = strings.Cut(msg, " in -")
		}
		return &usageError{msg: msg, help: cmd.CommandPath()}
	})
	o.register(root)
	root.AddCommand(newConnectCmd(o), newExecCmd(o), newDescribeCmd(o), newCacheCmd(o), newVersionCmd())
	adoptBuiltins(root)
	return root
}

// rejectArgs answers a first word that is no command. qmp-shell took the
// socket there, so an address gets the command line that it meant.
func rejectArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := args[0]
	err := &usageError{msg: fmt.Sprintf("unknown command %q", word), help: cmd.CommandPath()}
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		err.msg += fmt.Sprintf(": did you mean %q?", near[0])
	} else if strings.ContainsAny(word, "/:") {
		err.msg += fmt.Sprintf(": to open the shell on an address, run `qmpsh connect %s`", cmdline.Redact(word))
	}
	return err
}

// options holds the flags that all commands share.
type options struct {
	sys     System
	stderr  *switchWriter
	printed *sticky // stdout, for what people read there: help, descriptions, names behind Tab
	signals *signals
	secrets cmdline.Secrets // of what was sent, for all that is shown of the traffic

	socket          string
	timeout         time.Duration
	timeoutSet      bool
	skipNegotiation bool
	agent           bool
	output          string
	pretty          bool
	color           string
	verbose         bool
	debug           bool
	noCache         bool
	tls             tlsFlags

	// Of the commands that read the command language.
	schemaFile string
	qemu       string // the binary whose schema it is
	noValidate bool
	hmp        bool
	filter     string

	format render.Format
}

func (o *options) register(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVarP(&o.socket, "socket", "s", "", "`ADDRESS` of the server (default $QMPSH_SOCKET, then $QMP_SOCKET)")
	f.DurationVar(&o.timeout, "timeout", 5*time.Second, "limit for connecting, greeting and negotiation together")
	f.BoolVarP(&o.skipNegotiation, "skip-negotiation", "N", false, "do not negotiate capabilities")
	f.BoolVar(&o.agent, "agent", false, "the server is a guest agent (qemu-ga)")
	f.StringVarP(&o.output, "output", "o", "", "`FORMAT` of results: json, pretty or raw (default pretty on a terminal, json elsewhere)")
	f.BoolVarP(&o.pretty, "pretty", "p", false, "the same as --output pretty")
	f.StringVar(&o.color, "color", "auto", "`WHEN` to use colour: auto, always or never")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "echo the messages of both directions on stderr, secrets masked")
	f.BoolVar(&o.debug, "debug", false, "log what the connection does, and show where an error was made")
	f.BoolVar(&o.noCache, "no-cache", false, "neither use nor keep what is known of QEMU binaries")
	f.StringVar(&o.tls.ca, "tls-ca", "", "`FILE` of the certificate authority that signed the server's certificate")
	f.StringVar(&o.tls.cert, "tls-cert", "", "`FILE` of the client's certificate")
	f.StringVar(&o.tls.key, "tls-key", "", "`FILE` of the client certificate's key")
	f.StringVar(&o.tls.serverName, "tls-server-name", "", "`NAME` that the server's certificate must carry (default the host)")
	f.SortFlags = false
	fixed := func(words ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	must(root.RegisterFlagCompletionFunc("socket", completeAddress))
	must(root.RegisterFlagCompletionFunc("output", fixed("json", "pretty", "raw")))
	must(root.RegisterFlagCompletionFunc("color", fixed("auto", "always", "never")))
	for _, name := range []string{"tls-ca", "tls-cert", "tls-key"} {
		must(root.MarkPersistentFlagFilename(name))
	}
}

// must guards calls that fail only when a flag's name is misspelt here.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// check refuses flag values that no command can use.
func (o *options) check() error {
	if f, ok := o.sys.Out.(*os.File); ok && closedAtStart(f, o.sys.Getenv) {
		return usagef("stdout is closed, and the result would be lost: send it to a file, or to /dev/null")
	}
	if o.pretty {
		if o.output != "" && o.output != "pretty" {
			return usagef("--pretty and --output %s exclude each other", o.output)
		}
		o.output = "pretty"
	}
	switch o.output {
	case "json":
		o.format = render.JSON
	case "pretty":
		o.format = render.Pretty
	case "raw":
		o.format = render.Raw
	case "":
		o.format = render.JSON
		if isTerminal(o.sys.Out) {
			o.format = render.Pretty
		}
	default:
		return usagef("--output %q is none of json, pretty, raw", o.output)
	}
	if !slices.Contains([]string{"auto", "always", "never"}, o.color) {
		return usagef("--color %q is none of auto, always, never", o.color)
	}
	if o.timeout <= 0 {
		return usagef("--timeout %v must be longer than nothing", o.timeout)
	}
	if o.schemaFile != "" && o.qemu != "" {
		return usagef("--schema and --qemu exclude each other")
	}
	return o.tls.check()
}

// colored says whether w is to get colour.
func (o *options) colored(w io.Writer) bool {
	switch o.color {
	case "always":
		return true
	case "never":
		return false
	}
	return o.sys.Getenv("NO_COLOR") == "" && o.sys.Getenv("TERM") != "dumb" && isTerminal(w)
}

// isTerminal says whether stream is an open terminal.
func isTerminal(stream any) bool {
	f, ok := bare(stream).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// usageError is a command line that qmpsh does not understand.
type usageError struct {
	msg  string
	help string // the command whose --help says more; empty for none
}

// Error returns the text, in which the user's words stand in quotes, without their secrets.
func (e *usageError) Error() string {
	return quotedWord.ReplaceAllStringFunc(e.msg, func(quoted string) string {
		word, err := strconv.Unquote(quoted)
		if shown := cmdline.Redact(word); err == nil && shown != word {
			return strconv.Quote(shown)
		}
		return quoted
	})
}

// quotedWord is constant: a word as %q writes it.
var quotedWord = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func usagef(format string, args ...any) error {
	return &usageError{msg: fmt.Sprintf(format, args...)}
}
