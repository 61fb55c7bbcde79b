package render

import (
	"strings"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/shell/text"
)

// Failure is what a person reads of an error: the summary line, the lines that
// it is about, the chain with a link a line, and the hint. Empty parts are left
// out; so is the chain of an error that wraps nothing, which the summary says
// already.
type Failure struct {
	Program string // what the summary line begins with, such as "qmpsh: "
	Summary string
	Chain   error  // nil: no chain
	Origins bool   // show where links were made
	Source  string // lines of the user's that the error is about, such as a caret's
	Hint    string

	Hide func(string) string // masks secrets in all of it; nil: there are none
}

// Failure renders f, without a line feed at the end.
func (p *Printer) Failure(f Failure) text.Painted {
	hide := f.Hide
	if hide == nil {
		hide = func(s string) string { return s }
	}
	lines := []text.Painted{p.red.Paint(p.wrapped(hide(f.Program+f.Summary), 2))}
	if f.Source != "" {
		lines = append(lines, text.Plain(hide(f.Source)))
	}
	if f.Chain != nil {
		chain := hide(proto.Chain(f.Chain, proto.ChainOptions{Origins: f.Origins}))
		if f.Origins || strings.Contains(chain, "\n") {
			for line := range strings.Lines(chain) {
				lines = append(lines, p.dim.Paint(p.wrapped(strings.TrimSuffix(line, "\n"), 4)))
			}
		}
	}
	if f.Hint != "" {
		const label = "hint:"
		hint := text.Wrap(label+" "+text.Clean(hide(f.Hint)), p.opts.Width, 2)
		lines = append(lines, text.Join("", p.bold.Paint(text.Plain(label)), text.Plain(hint[len(label):])))
	}
	return text.Join("\n", lines...)
}

// wrapped returns a line for people, whose further parts are set in by hang columns.
func (p *Printer) wrapped(line string, hang int) text.Painted {
	return text.Plain(text.Wrap(text.CleanLine(line), p.opts.Width, hang))
}

// Dim returns a remark of qmpsh's own.
func (p *Printer) Dim(remark string) text.Painted { return p.dim.Paint(text.Plain(remark)) }
