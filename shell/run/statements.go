package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// maxStatement is the longest statement of a script in bytes. QEMU's own
// parser takes 64 MiB; without a limit /dev/zero would fill the memory.
const maxStatement = 64 << 20

// piece is one statement's text and where it came from, or why reading ends.
type piece struct {
	text string
	line int // of its first line, counted from 1
	err  error
}

// maxBatch is how many statements are handed over at once. Waking the goroutine
// that reads, for each single one, would cost as much as running it.
const maxBatch = 64

// statements splits a script into statements: a line each, but for JSON,
// transactions and continued lines, which go over several.
type statements struct {
	in    *bufio.Reader
	lines bool // each line is a statement
	line  int  // lines read so far
}

// feed hands the statements of a script over in batches. Before it reads on, which
// may take for ever, it hands over what it has.
type feed struct {
	ctx   context.Context
	in    io.Reader
	to    chan<- []piece
	batch []piece
}

// Read reads from the script.
func (f *feed) Read(p []byte) (int, error) {
	f.handOver()
	return f.in.Read(p)
}

func (f *feed) handOver() {
	if len(f.batch) == 0 {
		return
	}
	select {
	case f.to <- f.batch:
	case <-f.ctx.Done():
	}
	f.batch = nil
}

// read sends the statements of in, or its lines, until it ends, fails, or nobody wants them.
func read(ctx context.Context, in io.Reader, lines bool, to chan<- []piece) {
	defer close(to)
	f := &feed{ctx: ctx, in: in, to: to}
	s := &statements{in: bufio.NewReaderSize(f, 64<<10), lines: lines}
	for ctx.Err() == nil {
		p := s.next()
		if p.err != io.EOF {
			f.batch = append(f.batch, p)
		}
		if p.err != nil || len(f.batch) == maxBatch {
			f.handOver()
		}
		if p.err != nil {
			return
		}
	}
}

// next returns the next statement that is not blank, or io.EOF in its err. What
// the end of the script cuts short comes as it is: parsing it says what lacks.
func (s *statements) next() piece {
	var join cmdline.Joiner
	first := s.line + 1
	for {
		line, err := s.readLine(maxStatement - join.Len())
		if err != nil && err != io.EOF {
			return piece{line: s.line, err: err}
		}
		whole := false
		if line != "" {
			whole = join.Add(line) || s.lines
		}
		if !whole && err == nil {
			continue
		}
		if text := join.Text(); strings.TrimSpace(text) != "" {
			return piece{text: text, line: first}
		}
		if err == io.EOF {
			return piece{err: io.EOF}
		}
		join, first = cmdline.Joiner{}, s.line+1
	}
}

// readLine reads one line with its end. The last line of a script may lack it.
func (s *statements) readLine(limit int) (string, error) {
	s.line++
	var line []byte
	for {
		part, err := s.in.ReadSlice('\n')
		if len(line)+len(part) > limit {
			return "", &ReadError{Err: fmt.Errorf("a statement is longer than %d MiB", maxStatement>>20)}
		}
		if err == nil && line == nil {
			return string(part), nil
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return string(line), readError(err)
		}
	}
}

func readError(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &ReadError{Err: err}
}

// ReadError is a script that could not be read to its end.
type ReadError struct {
	Err error
}

func (e *ReadError) Error() string { return fmt.Sprintf("the script cannot be read: %v", e.Err) }

// Unwrap returns the cause.
func (e *ReadError) Unwrap() error { return e.Err }
