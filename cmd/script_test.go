package cmd_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// TestScripts runs testdata/script: qmpsh as a black box. Beside testscript's
// own commands there are
//
//	exits CODE PROGRAM ...   run a program, which must end with this code
//	sh CODE COMMAND          the same for a line of the shell
//	peer FILE                a scripted peer at a new $SOCK; see steps
//	recorder                 a peer at a new $SOCK that answers every command with {} and
//	                         adds it, as it came, to the file "sent"
//	qemu [ARG ...]           a real QEMU with a monitor at $SOCK
//	storage-daemon, agent    a real qemu-storage-daemon or qemu-ga at $SOCK
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		UpdateScripts:      Update(),
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			tb := env.T().(testing.TB)
			env.Values[tbKey{}] = tb
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
			env.Setenv("SOCK", filepath.Join(Dir(tb), "absent.sock"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":          exits,
			"sh":             shell,
			"peer":           peer,
			"recorder":       recorder,
			"qemu":           qemu,
			"storage-daemon": func(ts *testscript.TestScript, _ bool, _ []string) { realPeer(ts, StorageDaemon) },
			"agent":          func(ts *testscript.TestScript, _ bool, _ []string) { realPeer(ts, Agent) },
		},
	})
}

// tbKey is the key of the script's testing.TB.
type tbKey struct{}

func tb(ts *testscript.TestScript) testing.TB { return ts.Value(tbKey{}).(testing.TB) }

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		code = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func shell(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sh CODE COMMAND")
	}
	exits(ts, neg, []string{args[0], "bash", "-c", args[1]})
}

func qemu(ts *testscript.TestScript, _ bool, args []string) {
	path, _ := QMP(tb(ts), args...)
	ts.Setenv("SOCK", path)
}

// realPeer starts a real peer.
func realPeer(ts *testscript.TestScript, start func(testing.TB) (string, *Process)) {
	path, _ := start(tb(ts))
	ts.Setenv("SOCK", path)
}

func peer(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: peer FILE")
	}
	script, err := steps(ts.ReadFile(args[0]))
	ts.Check(err)
	startPeer(ts, script)
}

// startPeer serves a peer at a new $SOCK: those of earlier ones stay as they are.
func startPeer(ts *testscript.TestScript, script Scenario) {
	ts.Setenv("SOCK", listen(tb(ts), script...))
}

func recorder(ts *testscript.TestScript, _ bool, _ []string) {
	sent, err := os.Create(ts.MkAbs("sent"))
	ts.Check(err)
	tb(ts).Cleanup(func() { sent.Close() })
	record := func(_ context.Context, p *Peer) error {
		for {
			c, err := p.Receive()
			if err == io.EOF {
				return nil
			}
			if err == nil {
				_, err = fmt.Fprintf(sent, "%s\n", c.Raw)
			}
			if err == nil {
				err = p.Answer(c, nil, nil)
			}
			if err != nil {
				return err
			}
		}
	}
	startPeer(ts, Scenario{Negotiate(), record})
}

// steps reads a script for a peer: one step a line.
//
//	negotiate           greet, and accept qmp_capabilities
//	send TEXT           with TEXT quoted as in Go
//	expect NAME
//	raw MESSAGE         expect exactly this message
//	reply JSON
//	error CLASS DESC
//	event NAME [JSON]
//	wait DURATION
//	end                 wait for the client's end
//	all JSON            answer all commands
//	hmp, vnc, silence, sync, pretty, close
func steps(text string) (Scenario, error) {
	var script Scenario
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		step, ok := plainSteps()[line]
		if !ok {
			var err error
			if step, err = stepOf(line); err != nil {
				return nil, err
			}
		}
		script = append(script, step)
	}
	return script, nil
}

// plainSteps are the steps without words behind them.
func plainSteps() map[string]Step {
	return map[string]Step{
		"negotiate": Negotiate(),
		"greet":     Greet(),
		"end":       ExpectEnd(),
		"hmp":       Steps(Send(HMPBanner), Silence()),
		"vnc":       Steps(Send(VNCBanner), Silence()),
		"silence":   Silence(),
		"sync":      AgentSync(),
		"pretty":    Pretty(),
		"close":     Close(),
	}
}

func stepOf(line string) (Step, error) {
	word, rest, _ := strings.Cut(line, " ")
	first, second, _ := strings.Cut(rest, " ")
	switch word {
	case "send":
		raw, err := strconv.Unquote(rest)
		return Send(raw), err
	case "wait":
		d, err := time.ParseDuration(rest)
		return Wait(d), err
	case "expect":
		return Expect(rest), nil
	case "raw":
		return ExpectRaw(rest), nil
	case "reply":
		return Reply(rest), nil
	case "error":
		return ReplyError(first, second), nil
	case "event":
		return Event(first, second), nil
	case "all":
		return AnswerAll(map[string]string{"*": rest}), nil
	}
	return nil, fmt.Errorf("no such step: %s", line)
}
