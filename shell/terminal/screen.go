package terminal

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/chzyer/readline"

	"github.com/qmpsh/qmpsh/shell/text"
)

// defaultColumns is the width of a terminal that does not tell its own.
const defaultColumns = 80

// screen is where readline draws. It joins what belongs together into one
// write and puts the cursor where it belongs. All methods may be called from
// any goroutine, but the drawing is readline's: see Terminal for who may when.
type screen struct {
	out   io.Writer
	fds   []int // asked for the width, in this order
	steps *regexp.Regexp
	erase *regexp.Regexp
	ascii bool // the terminal shows ASCII only

	mu      sync.Mutex
	cols    int    // the width that readline reckons with
	prompt  int    // columns of the prompt
	line    []rune // the line last painted, without a hint
	pos     int    // of the cursor in it
	cursor  []byte // how to get from the end of the line just painted to the cursor; nil: stay
	frame   []byte // what has been drawn since begin
	framing bool
	muted   bool // drawing is dropped
}

// file is what os.File offers to those who ask the kernel about it.
type file interface{ Fd() uintptr }

func newScreen(out io.Writer, in file) *screen {
	s := &screen{
		out:  out,
		cols: defaultColumns,
		// The steps in which readline walks back from the end of the line.
		steps: regexp.MustCompile(`(?:\x08|\x1b\[A\r\x1b\[[0-9]+C)+$`),
		// How it erases the line, from the row that it believes the cursor to be in.
		erase: regexp.MustCompile(`^\x1b\[J(?:\x1b\[2K\r\x1b\[A)*\x1b\[2K\r$`),
	}
	if f, ok := out.(file); ok {
		s.fds = append(s.fds, int(f.Fd()))
	}
	s.fds = append(s.fds, int(in.Fd()))
	return s
}

// width asks for the width in columns; never less than 1.
func (s *screen) width() int {
	for _, fd := range s.fds {
		if n, _, err := readline.GetSize(fd); err == nil && n > 0 {
			return n
		}
	}
	return defaultColumns
}

// measure asks for the width and remembers it.
func (s *screen) measure() int {
	cols := s.width()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cols = cols
	return cols
}

// setPrompt tells the width of the prompt in columns.
func (s *screen) setPrompt(width int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prompt = width
}

// Write draws for readline. Errors are not for readline: it would not see them,
// and a terminal that is gone shows itself at its input.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(p)
	if bytes.IndexByte(p, 0xf3) >= 0 || bytes.IndexByte(p, 0xf4) >= 0 { // as the private runes begin in UTF-8
		p = bytes.Map(s.shown, p)
	}
	if s.erase.Match(p) { // readline takes some characters for narrower than they are
		row, _ := s.walkLocked(s.line[:s.pos])
		p = []byte("\x1b[J" + strings.Repeat("\x1b[2K\r\x1b[A", row) + "\x1b[2K\r")
	}
	if s.cursor != nil {
		if at := s.steps.FindIndex(p); at != nil {
			p = append(bytes.Clone(p[:at[0]]), s.cursor...)
		}
		s.cursor = nil
	}
	switch {
	case s.muted:
	case s.framing:
		s.frame = append(s.frame, p...)
	default:
		_, _ = s.out.Write(p)
	}
	return n, nil
}

// begin collects all drawing until end, which shows it with one write.
func (s *screen) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.framing, s.frame = true, s.frame[:0]
}

// discard drops what has been drawn since begin.
func (s *screen) discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frame = s.frame[:0]
}

// text adds to the drawing as it is.
func (s *screen) text(text string) { _, _ = s.Write([]byte(text)) }

func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.framing = false
	if !s.muted && len(s.frame) > 0 {
		_, _ = s.out.Write(s.frame)
	}
}

// mute drops all further drawing.
func (s *screen) mute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.muted = true
}

// marks gives text with our own marks in a form that the terminal can show.
func (s *screen) marks(shown string) string {
	if s.ascii {
		return text.ASCII(shown)
	}
	return shown
}

// shown gives the rune that stands for r of a line. It is as wide as r, or
// readline would lose count of the columns.
func (s *screen) shown(r rune) rune {
	switch {
	case r == runeNewline && s.ascii:
		return '$'
	case r == runeNewline:
		return '↵'
	case r == runeTab:
		return ' '
	case r < runeWake:
		return r
	case s.ascii:
		return '?'
	}
	return utf8.RuneError
}

// direct writes past readline.
func (s *screen) direct(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text != "" {
		_, _ = io.WriteString(s.out, text)
	}
}

// forget is told that the cursor stands in an empty row.
func (s *screen) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line, s.pos = nil, 0
}

// place notes where the cursor belongs in the line that is about to be drawn, and returns what has
// to be drawn behind the line. pos counts runes.
func (s *screen) place(line []rune, pos int) (behind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line, s.pos = slices.Clone(line), min(pos, len(line))
	s.cursor = nil
	if _, col := s.walkLocked(line); col == 0 && len(line) > 0 && s.widthLocked(line) != s.prompt+(readline.Runes{}).WidthAll(line) {
		behind = " \b" // the cursor goes to the next row; readline does so where it counts right
	}
	if pos >= len(line) {
		return behind
	}
	row, col := s.walkLocked(line[:pos])
	last, _ := s.walkLocked(line)
	s.cursor = append(s.cursor, '\r')
	if up := last - row; up > 0 {
		s.cursor = append(s.cursor, "\x1b["+strconv.Itoa(up)+"A"...)
	}
	if col > 0 {
		s.cursor = append(s.cursor, "\x1b["+strconv.Itoa(col)+"C"...)
	}
	return behind
}

// widthLocked gives the columns of the prompt and the line together.
func (s *screen) widthLocked(line []rune) int {
	n := s.prompt
	for _, r := range line {
		n += columnsOf(r)
	}
	return n
}

// columnsOf gives the columns of a rune of a line. A newline is the one with which Enter ends it.
func columnsOf(r rune) int {
	if r == '\n' {
		return 0
	}
	return text.Columns(r)
}

// room gives the columns that are free behind a line on its last row. The last
// one of a row is not: a character in it would make the terminal wrap.
func (s *screen) room(line []rune) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, col := s.walkLocked(line)
	if col == 0 && len(line) > 0 {
		return 0 // where a full row ends, terminals differ
	}
	return s.cols - col - 1
}

// walkLocked gives the row below the prompt's first one, and the column, both
// from 0, of the cell behind the runes. A full row counts as left: readline
// sees to it that the cursor really goes to the next one.
func (s *screen) walkLocked(runes []rune) (row, col int) {
	row, col = s.prompt/s.cols, s.prompt%s.cols
	for _, r := range runes {
		w := columnsOf(r)
		if col+w > s.cols { // a wide character does not fit
			row, col = row+1, 0
		}
		if col += w; col >= s.cols {
			row, col = row+1, 0
		}
	}
	return row, col
}

// columns gives the width last measured.
func (s *screen) columns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cols
}
