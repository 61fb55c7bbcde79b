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
}

// Failure renders f, without a line feed at the end.
func (p *Printer) Failure(f Failure) text.Painted {
	lines := []text.Painted{p.red.Paint(text.PlainLine(f.Program + f.Summary))}
	if f.Source != "" {
		lines = append(lines, text.Plain(f.Source))
	}
	if f.Chain != nil {
		chain := proto.Chain(f.Chain, proto.ChainOptions{Origins: f.Origins})
		if f.Origins || strings.Contains(chain, "\n") {
			for line := range strings.Lines(chain) {
				lines = append(lines, p.dim.Paint(text.PlainLine(strings.TrimSuffix(line, "\n"))))
			}
		}
	}
	if f.Hint != "" {
		lines = append(lines, text.Join(" ", p.bold.Paint(text.Plain("hint:")), text.Plain(f.Hint)))
	}
	return text.Join("\n", lines...)
}

// Dim returns a remark of qmpsh's own.
func (p *Printer) Dim(remark string) text.Painted { return p.dim.Paint(text.Plain(remark)) }
