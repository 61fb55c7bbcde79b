// Package render turns results, events and errors into the text that a person
// or a pipe gets. It is the only importer of fatih/color.
//
// Replies are never decoded into Go values: the server's key order and digits
// come out as they came in (Q10). Text for people is clean wherever it goes, see
// shell/text, because a guest can influence much of it; so is a result on a
// terminal. A result in a pipe has the server's bytes.
package render

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/text"
)

// Format is a form of results.
type Format int

// The forms of results. JSON is the zero value.
const (
	JSON   Format = iota // the value of "return" on one line
	Pretty               // the same, indented
	Raw                  // the whole reply on one line
)

// Options say where a Printer's text goes.
type Options struct {
	Format   Format
	Color    bool           // use colour
	Terminal bool           // results go to a terminal: escapes for what is not visible
	Location *time.Location // of the times of events; nil: local
}

// Printer makes text for one destination. Its methods may be called from any
// goroutine; text for people ends without a line feed.
type Printer struct {
	opts                           Options
	key, str, number, literal, dim text.Style
	bold, red                      text.Style
}

// New makes a Printer.
func New(o Options) *Printer {
	if o.Location == nil {
		o.Location = time.Local
	}
	p := &Printer{opts: o}
	if !o.Color {
		return p
	}
	p.key = newStyle(color.FgBlue, color.Bold)
	p.str = newStyle(color.FgGreen)
	p.number = newStyle(color.FgCyan)
	p.literal = newStyle(color.FgYellow)
	p.dim = newStyle(color.Faint)
	p.bold = newStyle(color.Bold)
	p.red = newStyle(color.FgRed, color.Bold)
	return p
}

// newStyle asks fatih/color for the sequences once, so that a large reply is not
// painted by one call a token. The instance has colour whatever the environment
// says: the caller has decided.
func newStyle(attrs ...color.Attribute) text.Style {
	const mark = "\x00"
	c := color.New(attrs...)
	c.EnableColor()
	painted := c.Sprint(mark)
	on, off, _ := strings.Cut(painted, mark)
	return text.NewStyle(on, off)
}

// WriteResult writes a reply in the Printer's format, with a line feed, in one
// write unless it is long. A value on one line that needs no change, as QEMU
// sends it, is written as it is, without a copy.
func (p *Printer) WriteResult(w io.Writer, r qmp.Reply) error {
	value := []byte(r.Return)
	if p.opts.Format == Raw {
		value = r.Raw
	}
	s := sink{w: w}
	if p.opts.Format == Pretty {
		p.layOut(&s, value, true)
	} else {
		p.oneLine(&s, value)
	}
	s.writeString("\n")
	s.flush()
	return s.err
}

// OneLine returns a JSON value on one line. A value that is on one line already,
// as QEMU sends it, comes back as it is, with the server's spaces and not
// copied; one of many lines gets the spaces that QEMU puts on one line.
func (p *Printer) OneLine(value json.RawMessage) []byte {
	if !hasLineEnd(value) && (!p.opts.Terminal || text.IsClean(value)) {
		return value
	}
	var s sink
	p.oneLine(&s, value)
	return s.buf
}

func (p *Printer) oneLine(s *sink, value []byte) {
	switch {
	case hasLineEnd(value):
		p.layOut(s, value, false)
	case p.opts.Terminal:
		s.writeClean(value)
	default:
		s.write(value)
	}
}

// Event returns the line for an event: its time, its name and its data.
func (p *Printer) Event(ev qmp.Event) text.Painted {
	const layout = "15:04:05.000"
	when := "            " // the server does not know
	if !ev.Time.IsZero() {
		when = ev.Time.In(p.opts.Location).Format(layout)
	}
	parts := []text.Painted{p.dim.Paint(text.Plain(when)), p.bold.Paint(text.PlainLine(ev.Name))}
	if len(ev.Data) > 0 {
		parts = append(parts, text.PlainJSON(p.OneLine(ev.Data)))
	}
	return text.Join(" ", parts...)
}
