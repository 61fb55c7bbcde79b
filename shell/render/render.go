// Package render turns results, events and errors into the text that a person
// or a pipe gets. It is the only importer of fatih/color.
//
// Replies are never decoded into Go values: the server's key order and digits
// come out as they came in (Q10). What goes to a terminal has no live control
// characters, because a guest can influence much of it; what goes to a pipe has
// the server's bytes.
package render

import (
	"encoding/json"
	"io"

	"github.com/fatih/color"

	"github.com/qmpsh/qmpsh/proto/qmp"
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
	Color    bool // use colour
	Terminal bool // make control characters harmless
}

// Printer makes text for one destination. Its methods may be called from any
// goroutine; the text they return ends without a line feed.
type Printer struct {
	opts                            Options
	key, text, number, literal, dim style
	bold, red                       style
}

// style is a colour as the bytes that switch it on and off.
type style struct{ on, off string }

func (s style) wrap(text string) string { return s.on + text + s.off }

// New makes a Printer.
func New(o Options) *Printer {
	p := &Printer{opts: o}
	if !o.Color {
		return p
	}
	p.key = newStyle(color.FgBlue, color.Bold)
	p.text = newStyle(color.FgGreen)
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
func newStyle(attrs ...color.Attribute) style {
	const mark = "\x00"
	c := color.New(attrs...)
	c.EnableColor()
	painted := c.Sprint(mark)
	for i := range painted {
		if painted[i] == 0 {
			return style{painted[:i], painted[i+1:]}
		}
	}
	return style{}
}

// WriteResult writes a reply in the Printer's format, with a line feed, in one
// write unless it is long.
func (p *Printer) WriteResult(w io.Writer, r qmp.Reply) error {
	value := r.Return
	if p.opts.Format == Raw {
		value = r.Raw
	}
	if p.opts.Format == Pretty {
		return writeLine(w, p.Indent(value))
	}
	return writeLine(w, p.OneLine(value))
}

// longLine is from where on a second write is cheaper than a copy.
const longLine = 32 << 10

func writeLine(w io.Writer, line []byte) error {
	if len(line) < longLine {
		_, err := w.Write(append(append(make([]byte, 0, len(line)+1), line...), '\n'))
		return err
	}
	if _, err := w.Write(line); err != nil {
		return err
	}
	_, err := w.Write([]byte{'\n'})
	return err
}

// OneLine returns a JSON value on one line. A value that is on one line already,
// as QEMU sends it, comes back as it is, with the server's spaces.
func (p *Printer) OneLine(value json.RawMessage) []byte {
	line := []byte(value)
	if hasLineEnd(line) {
		line = compact(line)
	}
	if p.opts.Terminal {
		line = harmlessJSON(line)
	}
	return line
}

// Event returns the line for an event: its local time, its name and its data.
func (p *Printer) Event(ev qmp.Event) string {
	when := "            "
	if !ev.Time.IsZero() {
		when = ev.Time.Local().Format("15:04:05.000")
	}
	name := ev.Name
	if p.opts.Terminal {
		name = Sanitize(name)
	}
	line := p.dim.wrap(when) + " " + p.bold.wrap(name)
	if len(ev.Data) > 0 {
		line += " " + string(p.OneLine(ev.Data))
	}
	return line
}
