package render

import (
	"strings"

	"github.com/qmpsh/qmpsh/proto"
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

// Failure renders f.
func (p *Printer) Failure(f Failure) string {
	lines := []string{p.red.wrap(p.oneText(f.Program + f.Summary))}
	if f.Source != "" {
		lines = append(lines, p.clean(f.Source))
	}
	if f.Chain != nil {
		chain := proto.Chain(f.Chain, proto.ChainOptions{Origins: f.Origins})
		if f.Origins || strings.Contains(chain, "\n") {
			for line := range strings.Lines(chain) {
				lines = append(lines, p.dim.wrap(p.clean(strings.TrimSuffix(line, "\n"))))
			}
		}
	}
	if f.Hint != "" {
		lines = append(lines, p.bold.wrap("hint:")+" "+p.clean(f.Hint))
	}
	return strings.Join(lines, "\n")
}

// clean makes text harmless for the Printer's destination.
func (p *Printer) clean(text string) string {
	if p.opts.Terminal {
		return Sanitize(text)
	}
	return text
}

// oneText is clean for text that must stay on one line, wherever it goes.
func (p *Printer) oneText(text string) string {
	if p.opts.Terminal || strings.ContainsAny(text, "\r\n") {
		return SanitizeLine(text)
	}
	return text
}

// Dim returns a remark of qmpsh's own.
func (p *Printer) Dim(text string) string { return p.dim.wrap(p.clean(text)) }

// Text returns plain text of the server's, such as the human monitor's answer.
func (p *Printer) Text(text string) string { return p.clean(text) }
