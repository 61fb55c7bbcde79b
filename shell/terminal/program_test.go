package terminal

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/qmpsh/qmpsh/shell/text"
)

// programEnv makes the test binary the program of this file. Its value names
// the file in which the program notes what it gets.
const (
	programEnv = "QMPSH_TERMINAL_TEST_LOG"
	historyEnv = "QMPSH_TERMINAL_TEST_HISTORY"
	editorEnv  = "QMPSH_TERMINAL_TEST_EDITOR"
)

// program is a little shell. A line that it does not know is noted and shown.
func program() int {
	log, err := os.OpenFile(os.Getenv(programEnv), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer log.Close()
	fmt.Fprintln(log, "pid:", os.Getpid())
	t, err := Open(Config{In: os.Stdin, Out: os.Stdout, History: os.Getenv(historyEnv), Editor: os.Getenv(editorEnv)})
	if err != nil {
		fmt.Fprintln(log, "open:", err)
		return 1
	}
	defer t.Close()
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	defer cancel()
	t.SetPrompt("(vm) ")
	go func() { // notes that a resize has been dealt with
		for last := t.screen.columns(); ctx.Err() == nil; time.Sleep(time.Millisecond) {
			if cols := t.screen.columns(); cols != last {
				last = cols
				fmt.Fprintf(log, "columns: %d\n", cols)
			}
		}
	}()
	for {
		line, err := t.ReadLine(ctx, "")
		if err != nil {
			fmt.Fprintf(log, "error: %v\n", err)
			if err == ErrInterrupt {
				continue
			}
			return 3
		}
		fmt.Fprintf(log, "line: %q\n", line)
		if err := t.Remember(line); err != nil {
			fmt.Fprintf(log, "history: %v\n", err)
		}
		if command(ctx, t, line) {
			return 0
		}
	}
}

// command obeys a line and says whether the program ends.
func command(ctx context.Context, t *Terminal, line string) (exit bool) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "exit":
		return true
	case "panic": // at the next key, in a callback on readline's goroutine
		t.edit = func([]rune, int) ([]rune, int) { panic("on purpose") }
	case "storm": // events until the line is there
		go storm(ctx, t)
	case "event": // when the test wants it, see pane.event
		go func() {
			for os.Remove(os.Getenv(programEnv)+".event") != nil {
				time.Sleep(time.Millisecond)
			}
			t.Print(rest)
		}()
	case "prompt":
		t.SetPrompt(rest + " ")
	case "ask":
		yes, err := t.Confirm(ctx, "really?")
		t.Print(fmt.Sprint("answer ", yes, " ", err))
	case "page": // so many lines
		var lines strings.Builder
		n, _ := strconv.Atoi(rest)
		for i := range n {
			fmt.Fprintf(&lines, "line %d\n", i+1)
		}
		t.Page(ctx, text.Plain(lines.String()))
	case "busy": // a command that takes a while
		t.Print("busy")
		time.Sleep(time.Second)
	default:
		t.Print(fmt.Sprintf("got %q", line))
	}
	return false
}

// storm prints about 1000 events a second, all in all 3000.
func storm(ctx context.Context, t *Terminal) {
	var n atomic.Int32
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for n.Add(1) <= 3000 {
		select {
		case <-tick.C:
			t.Print(fmt.Sprintf("event %d", n.Load()))
		case <-ctx.Done():
			return
		}
	}
	t.Print("storm over")
}
