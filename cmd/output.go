package cmd

import (
	"fmt"
	"io"
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
	line := p.OneLine(cmdline.RedactMessage(m.Raw))
	fmt.Fprintf(o.stderr, "%s\n", p.Dim(arrow+" "+string(line)))
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
