package terminal

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// openEditor is the edit of Ctrl-X Ctrl-E: the line in the user's editor. What comes back is put
// into the line, to be looked at. It runs on readline's goroutine and waits for the editor, which
// ends with the ReadLine.
func (t *Terminal) openEditor(line []rune, pos int) ([]rune, int) {
	if t.editor == "" {
		return slices.Clone(line), pos
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	t.mu.Lock()
	t.stopEditor = stop
	gone := t.closed || t.ended != nil
	t.mu.Unlock()
	if gone {
		return slices.Clone(line), pos
	}
	t.rl.Operation.Clean()
	_ = t.tty.leave()
	edited, err := edited(ctx, t.editor, t.in.file, fromLine(string(line)))
	t.mu.Lock()
	t.stopEditor = nil
	gone = t.closed || t.ended != nil
	t.mu.Unlock()
	if !gone {
		_ = t.tty.enter()
	}
	t.again(redraw{resized: true})
	if err != nil {
		t.Print(fmt.Sprintf("the editor: %v; the line is as it was", err))
		return slices.Clone(line), pos
	}
	line = toLine(edited)
	return line, len(line)
}

// edited runs the editor on a file with the text, which nobody else may read, and returns what the
// file holds then.
func edited(ctx context.Context, editor string, tty *os.File, text string) (string, error) {
	dir, err := os.MkdirTemp("", "qmpsh")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "line")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		return "", err
	}
	// As git has it: the variable may have words of its own.
	cmd := exec.CommandContext(ctx, "sh", "-c", editor+` "$@"`, editor, path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return "", err
	}
	content, err := os.ReadFile(path)
	return strings.TrimRight(string(content), "\r\n"), err
}

func (t *Terminal) editorRuns() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stopEditor != nil
}

// endEditor ends the editor, if one runs.
func (t *Terminal) endEditor() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopEditor != nil {
		t.stopEditor()
	}
}
