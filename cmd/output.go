package cmd

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
	"github.com/qmpsh/qmpsh/shell/render"
)

// printer makes text for w as the flags say.
func (o *options) printer(w io.Writer) *render.Printer {
	return render.New(render.Options{Format: o.format, Color: o.colored(w), Terminal: isTerminal(w)})
}

// trace echoes one message on stderr, without its secrets.
func (o *options) trace(d qmp.Direction, m *qmp.Message) {
	p := o.printer(o.sys.Err)
	arrow := "<-"
	if d == qmp.Sent {
		arrow = "->"
	}
	line := string(p.OneLine(cmdline.RedactMessage(m.Raw)))
	if isTerminal(o.sys.Err) { // a schema would scroll everything else away
		line = shorten(line)
	}
	fmt.Fprintln(o.stderr, p.Dim(arrow+" "+line))
}

// shorten keeps a message of the server's to what a person can read, and says how
// long it is.
func shorten(text string) string {
	const most = 2000 // bytes
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
}

// switchWriter is stderr, but for as long as a line is being edited on the
// terminal: then its text goes above that line. Each Write is one whole text.
type switchWriter struct {
	mu    sync.Mutex
	plain io.Writer
	above func(string) // set while the line editor has the terminal
}

func newSwitchWriter(plain io.Writer) *switchWriter { return &switchWriter{plain: plain} }

// Write may be called from any goroutine.
func (s *switchWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.above != nil {
		s.above(string(p))
		return len(p), nil
	}
	return s.plain.Write(p)
}

// redirect sends texts to above, or back to stderr when above is nil.
func (s *switchWriter) redirect(above func(string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.above = above
}
