package cmd

import (
	"cmp"
	"io"
	"strings"
	"sync"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/render"
	"github.com/qmpsh/qmpsh/shell/text"
)

// behindBoundary returns sys with everything that people read behind the boundary of shell/text:
// stderr wherever it goes, and stdout on a terminal. Results in a pipe are the server's bytes.
func behindBoundary(sys System) System {
	people := forPeople(sys)
	sys.Err = people(sys.Err)
	if isTerminal(sys.Out) {
		sys.Out = people(sys.Out)
	}
	return sys
}

// forPeople returns what puts a stream behind the boundary.
func forPeople(sys System) func(io.Writer) *text.Writer {
	if asciiOnly(sys.Getenv) {
		return text.NewASCIIWriter
	}
	return text.NewWriter
}

// asciiOnly says whether the locale is one without other characters. Nothing said is taken for
// UTF-8, which terminals show since long.
func asciiOnly(getenv func(string) string) bool {
	locale := cmp.Or(getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG"))
	if locale == "" {
		return false
	}
	_, charset, found := strings.Cut(locale, ".")
	charset, _, _ = strings.Cut(strings.ToLower(charset), "@")
	return locale == "C" || locale == "POSIX" || found && charset != "utf-8" && charset != "utf8"
}

// bare is the stream behind the boundary, to ask about it.
func bare(stream any) any {
	if w, ok := stream.(*text.Writer); ok {
		return w.Bare()
	}
	return stream
}

// printer makes text for w as the flags say.
func (o *options) printer(w io.Writer) *render.Printer {
	opts := render.Options{Format: o.format, Color: o.colored(w)}
	if isTerminal(w) {
		opts.Width = columns(w)
	}
	return render.New(opts)
}

// longest is how much of a server's message a person gets to read, in bytes.
const longest = 2000

// trace notes the secrets of a message, and with --verbose echoes it on stderr, without them.
func (o *options) trace(d qmp.Direction, m *qmp.Message) {
	arrow, limit, mask := "<-", 0, o.secrets.Received
	if d == qmp.Sent {
		arrow, mask = "->", o.secrets.Sent
	} else if !o.verbose {
		return
	}
	raw := mask(m.Raw)
	if !o.verbose {
		return
	}
	if isTerminal(o.sys.Err) { // a schema would scroll everything else away
		limit = longest
	}
	o.stderr.Print(o.printer(o.sys.Err).Message(arrow, raw, limit))
}

// eventLine is the line for an event, without the secrets of what was sent, which a server may repeat there.
func (o *options) eventLine(p *render.Printer, ev qmp.Event) text.Painted {
	ev.Data = o.secrets.Received(ev.Data)
	return p.Event(ev)
}

// secretless is stderr for a log: without the secrets of what was sent, which a
// server may repeat.
type secretless struct{ o *options }

func (s secretless) Write(p []byte) (int, error) {
	if _, err := s.o.stderr.Write([]byte(s.o.secrets.Text(string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// switchWriter is stderr, but for as long as a line is being edited on the same
// terminal: then its text goes above that line. Each Write is one whole text.
type switchWriter struct {
	mu    sync.Mutex
	plain *text.Writer
	above func(text.Painted) // set while the line editor has the terminal
}

func newSwitchWriter(plain *text.Writer) *switchWriter { return &switchWriter{plain: plain} }

// Write may be called from any goroutine.
func (s *switchWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.above != nil {
		s.above(text.Plain(string(p)))
		return len(p), nil
	}
	return s.plain.Write(p)
}

// Print writes lines with their colours. Nobody could be told that it failed.
func (s *switchWriter) Print(p text.Painted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.above != nil {
		s.above(p)
	} else {
		_ = s.plain.Print(p.Line())
	}
}

// redirect sends texts to above, or back to stderr when above is nil.
func (s *switchWriter) redirect(above func(text.Painted)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.above = above
}
