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
	"fmt"
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
	Width    int            // columns at which text for people is wrapped between words; 0: not at all
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
// sends it, is written as it is, without a copy. On a *text.Writer the result has
// escapes for what is not visible, in every format.
func (p *Printer) WriteResult(w io.Writer, r qmp.Reply) error {
	value := []byte(r.Return)
	if p.opts.Format == Raw {
		value = r.Raw
	}
	s := sink{w: w}
	if people, ok := w.(*text.Writer); ok {
		s.w, s.clean = people.Bare(), true
	}
	if p.opts.Format == Pretty {
		p.layOut(&s, value, true)
	} else {
		p.oneLine(&s, value)
	}
	s.writeString("\n")
	s.flush()
	return s.err
}

func (p *Printer) oneLine(s *sink, value []byte) {
	if hasLineEnd(value) {
		p.layOut(s, value, false)
	} else {
		s.json(value)
	}
}

// line returns a JSON value on one line for people: as it is where it is on one
// line already, with the server's spaces.
func (p *Printer) line(value []byte) text.Painted {
	if !hasLineEnd(value) {
		return text.PlainJSON(value)
	}
	var s sink
	p.layOut(&s, value, false)
	return text.PlainJSON(s.buf)
}

// Width is the columns that text for people may take; 0 means any.
func (p *Printer) Width() int { return p.opts.Width }

// Event returns the line for an event: its time, its name and its data.
func (p *Printer) Event(ev qmp.Event) text.Painted {
	const layout = "15:04:05.000"
	when := "            " // the server does not know
	if !ev.Time.IsZero() {
		when = ev.Time.In(p.opts.Location).Format(layout)
	}
	parts := []text.Painted{p.dim.Paint(text.Plain(when)), p.bold.Paint(text.PlainLine(ev.Name))}
	if len(ev.Data) > 0 {
		parts = append(parts, p.line(ev.Data))
	}
	return text.Join(" ", parts...)
}

// Message returns the line for a message that was sent or received, which arrow
// says, of at most limit bytes; 0 means no limit.
func (p *Printer) Message(arrow string, message json.RawMessage, limit int) text.Painted {
	line := p.line(message)
	if limit > 0 {
		line = text.PlainLine(Shorten(line.String(), limit))
	}
	return p.dim.Paint(text.Join(" ", text.PlainLine(arrow), line))
}

// Shorten keeps a text of the server's to about limit bytes, and says how long it is.
func Shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:limit], ""), len(s))
}
