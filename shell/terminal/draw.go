package terminal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/shell/text"
)

// maxQueue is how much text waits to be shown, in bytes. It fills only when
// the terminal takes nothing, or during a search.
const maxQueue = 4 << 20

// redraw says what has to be done before the line is drawn again.
type redraw struct {
	resized bool // the width may have changed
	moved   bool // the cursor is somewhere else: the process was stopped, others have written
}

// printQueue keeps texts that wait to be shown above the prompt. The oldest
// are dropped when there is too much.
type printQueue struct {
	texts   []string
	bytes   int
	dropped int
}

func (q *printQueue) add(shown string) {
	q.texts = append(q.texts, shown)
	q.bytes += len(shown)
	for q.bytes > maxQueue && len(q.texts) > 1 {
		q.bytes -= len(q.texts[0])
		q.texts = q.texts[1:]
		q.dropped++
	}
}

// take empties the queue.
func (q *printQueue) take() string {
	all := strings.Join(q.texts, "")
	if q.dropped > 0 {
		all = fmt.Sprintf("… %d messages not shown\n", q.dropped) + all
	}
	*q = printQueue{}
	return all
}

// Print is Show for words to the user, which it cleans and wraps between words.
func (t *Terminal) Print(words string) {
	t.Show(text.Plain(text.Wrap(t.screen.marks(text.Clean(words)), t.screen.width(), 2)))
}

// Show shows text, which ends with a newline or gets one, above the line that
// is being typed; when no ReadLine runs, where the cursor is. It returns at
// once during a ReadLine; then the text shows up as soon as readline has dealt
// with the current key, or when a history search is over.
func (t *Terminal) Show(p text.Painted) {
	if p == (text.Painted{}) {
		return
	}
	shown := t.screen.marks(p.Line().String())
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.reading {
		t.screen.direct(shown)
		return
	}
	t.queue.add(shown)
	t.in.wake()
}

// SetPrompt sets the prompt of ReadLine(ctx, ""). A ReadLine that shows it
// changes at once; questions and other prompts stay. What is not visible in it
// is spelt out, line ends too.
func (t *Terminal) SetPrompt(prompt string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.standing == prompt {
		return
	}
	t.standing = prompt
	if t.reading && t.asked == "" {
		t.in.wake()
	}
}

// draw does what other goroutines have asked for since the last time. It runs
// on readline's goroutine, outside of a search.
func (t *Terminal) draw() {
	t.mu.Lock()
	redo, queued := t.redo, t.queue.take()
	t.redo = redraw{}
	t.mu.Unlock()

	t.screen.begin()
	defer t.screen.end()
	if redo.resized {
		t.resize() // first: terminals have already wrapped the line anew
	}
	t.rl.Operation.Clean()
	if redo.moved {
		t.screen.discard() // there is no old line where the cursor is now
		t.screen.text("\r\x1b[J")
	}
	t.screen.text(queued)
	t.applyPrompt()
	t.rl.Operation.Refresh()
}

// applyPrompt gives readline the prompt that is due, in a form that it
// measures right. The old one must not be on the screen.
func (t *Terminal) applyPrompt() {
	t.mu.Lock()
	prompt := t.asked
	if prompt == "" {
		prompt = t.standing
	}
	t.mu.Unlock()
	prompt, width := fitPrompt(t.screen.marks(prompt), t.screen.columns(), t.screen.marks(text.Ellipsis))
	t.screen.setPrompt(width)
	t.rl.SetPrompt(prompt)
}

// painter adds the hint to a line and tells the screen where the cursor goes. It implements readline.Painter, which is called under
// readline's lock: it must not call readline.
type painter struct{ t *Terminal }

// interruptMark is what readline shows for Ctrl-C.
const interruptMark = "^C"

// Paint implements readline.Painter.
func (p painter) Paint(line []rune, pos int) []rune {
	defer p.t.guard()
	if p.t.cancelled.Load() {
		line = []rune(strings.TrimSuffix(string(line), interruptMark+"\n"))
		pos = len(line)
	}
	out := slices.Clone(line)
	out = append(out, []rune(p.t.screen.place(line, pos))...)
	if pos == len(line) && !p.t.cancelled.Load() {
		out = append(out, p.t.hintBehind(line)...)
	}
	return out
}
