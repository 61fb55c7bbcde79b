package cmdline

import (
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// Kind says what a statement is.
type Kind uint8

// The kinds of statements.
const (
	Empty Kind = iota // nothing but space and comments
	QMP               // a command for the server
	Dot               // a word of the shell itself
)

// Statement is a parsed statement. The values of a QMP statement have no types yet: Bind gives them, once Sources have
// been read and it is known whether there is a schema.
type Statement struct {
	Kind Kind

	// Of a QMP statement.
	Name     string    // the command's name
	Sources  []Source  // where values come from that are not in the text; Binding.Sources holds what was found there
	Filter   string    // the jq filter behind |, without the space around it; empty if there is none
	FilterAt int       // where it starts in the text, in bytes
	Output   *Redirect // where the result goes in place of stdout; nil if nowhere

	// Of a Dot statement.
	Word    string   // with its dot
	Args    []string // the words behind it, without quotes and comments; nil if ArgsErr is set
	ArgsErr error    // an *Error: the words behind it do not follow the language's rules (they need not)
	Rest    string   // everything behind Word as typed, without the space around it and with continued lines joined

	text    string
	words   []Token      // the user's own shell split it into these; nil: the lexer does
	raw     *qmp.Command // of raw QMP
	args    *node        // of a command or a transaction
	actions []action     // of a transaction
	nameAt  int          // offset of the command's name
	end     int          // offset behind the command's last word
}

// SourceKind says where a value comes from.
type SourceKind uint8

// The kinds of sources.
const (
	File   SourceKind = iota + 1 // key=@file:PATH
	Env                          // key=@env:NAME
	Prompt                       // key=@prompt: typed unseen
)

// Source is where one value comes from. Reading it is up to the caller.
type Source struct {
	Kind SourceKind
	Name string // the file's path or the variable's name; empty for Prompt
	Key  string // the argument that takes the value, as typed
	At   int    // where the source is named in the text, in bytes
}

// Redirect is the file that takes a result.
type Redirect struct {
	Path   string
	Append bool // behind what the file holds: >>
	At     int  // where the path starts in the text, in bytes
}

// Bare says whether the statement is a command's name and no more.
func (st Statement) Bare() bool {
	return st.Kind == QMP && st.raw == nil && len(st.args.kids) == 0 && st.Output == nil && st.Filter == ""
}

// Raw says whether the statement is raw QMP, which is sent as it is.
func (st Statement) Raw() bool { return st.raw != nil }

// ErrorAt makes an error for the place at, in bytes, of the statement's text: for a source that cannot be read, a filter
// that does not compile.
func (st Statement) ErrorAt(at int, msg, hint string) *Error {
	f := fault{at: max(at, 0), msg: oneLine(msg), hint: hint}
	return st.fails(&f)
}

// fails makes the error for a fault in the statement.
func (st Statement) fails(f *fault) *Error {
	if st.words != nil {
		return f.among(st.text, st.words, true)
	}
	return f.in(st.text)
}

func oneLine(s string) string { return showable(strings.ReplaceAll(s, "\n", " ")) }

// NeedsSchema says whether a schema could change what the statement sends. It cannot where there are no arguments, in raw
// QMP and behind :=, nor where a value looks like nothing but a string: drive0, virtio-net-pci, /tmp/x, "1".
func (st Statement) NeedsSchema() bool {
	return st.Kind == QMP && st.raw == nil && st.args.needsSchema()
}
