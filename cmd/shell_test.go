package cmd_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// inSizes runs a test in each window that a person must be able to work in.
func inSizes(t *testing.T, f func(t *testing.T, s size)) {
	t.Parallel()
	for _, s := range sizes() {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			f(t, s)
		})
	}
}

// machine starts a QEMU named vm1 with a second monitor, on which the result is
// a client.
func machine(t *testing.T) (path string, vm *qmptest.Process, other *qmp.Client) {
	t.Helper()
	second := filepath.Join(qmptest.Dir(t), "second.sock")
	path, vm = qmptest.QMP(t, "-name", "vm1", "-qmp", "unix:"+second+",server=on,wait=off")
	qmptest.AwaitUnix(t, vm, second)
	other = qmp.NewClient(qmp.Options{})
	if err := other.Connect(t.Context(), qmp.Address{Kind: qmp.Unix, Path: second}); err != nil {
		t.Fatal(err)
	}
	// Tests end the machine while the client is there.
	t.Cleanup(func() { _ = other.Disconnect(context.Background()) })
	return path, vm, other
}

func execute(t *testing.T, c *qmp.Client, command string) {
	t.Helper()
	if _, err := c.Execute(t.Context(), command, nil); err != nil {
		t.Fatal(err)
	}
}

func TestShellGreets(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		path, _, _ := machine(t)
		p := openPane(t, s, "connect", path)
		p.shows("Connected to QEMU 7.", "VM vm1", path, ".help for help", "\n(vm1 prelaunch)")
		p.enters(".exit")
		p.leaves(0)
	})
}

func TestShellGreetsOnTheDemo(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		p := openPane(t, s, "connect", "demo:")
		p.shows("Connected to QEMU 7.", "a simulation, not a real QEMU", "VM demo", "\n(demo)")
		p.enters("query-status")
		p.shows("(demo) query-status\n{\n", `  "status": "running"`, "\n}\n(demo)")
		p.keys("C-d")
		p.leaves(0)
	})
}

// What another client does shows at once: in events above the line that is being
// typed, which survives, and in the prompt.
func TestShellFollowsTheMachine(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		path, _, other := machine(t)
		p := openPane(t, s, "connect", path)
		p.ends("(vm1 prelaunch)")
		p.types("query-st")
		execute(t, other, "cont")
		p.ends("(vm1) query-st")
		p.shows("RESUME", "\n(vm1) query-st")
		execute(t, other, "stop")
		p.ends("(vm1 paused) query-st")
		p.shows("RESUME\n", "STOP\n(vm1 paused) query-st")
		if strings.Count(p.text(), ") query-st") != 1 {
			t.Errorf("the line is there more than once:\n%s", p.text())
		}
		p.enters("atus")
		p.shows("(vm1 paused) query-status\n{\n", `"status": "paused"`, "\n}\n(vm1 paused)")
		execute(t, other, "cont")
		p.ends("(vm1)")
		p.keys("C-d")
		p.leaves(0)
	})
}

func TestShellQuitAsksFirst(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		path, vm, _ := machine(t)
		p := openPane(t, s, "connect", path)
		const question = "quit ends QEMU itself; .exit leaves the shell and lets QEMU run.\nEnd QEMU? (y/N)"
		for _, no := range []string{"n", "", "no", "qui"} {
			p.ends("(vm1 prelaunch)")
			p.enters("quit")
			p.ends("(vm1 prelaunch) quit", strings.Split(question, "\n")[0], "End QEMU? (y/N)")
			p.enters(no)
		}
		p.ends("(vm1 prelaunch)")
		p.enters(`{"execute": "quit"}`)
		p.ends(strings.Split(question, "\n")...)
		p.keys("C-c")
		p.ends("(vm1 prelaunch)")
		p.enters("query-name")
		p.shows("End QEMU? (y/N)", "\n(vm1 prelaunch) query-name\n", `"vm1"`, "\n(vm1 prelaunch)")
		select {
		case <-vm.Ended():
			t.Fatal("QEMU has ended")
		default:
		}
		p.enters("quit", "y")
		p.leaves(0)
		p.ends("QEMU has quit")
		<-vm.Ended()
		all := p.text()
		last := all[strings.LastIndex(all, "(y/N) y"):]
		if strings.Contains(last, "(vm1") || !inOrder(last, "\n{}\n", "QEMU has quit") || !strings.Contains(last, "SHUTDOWN {") {
			t.Errorf("no clean end:\n%s", last)
		}
	})
}

func TestShellHelp(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		p := openPane(t, s, "connect", "demo:")
		for _, word := range []string{".help", "help"} {
			p.ends("(demo)")
			p.enters(word)
			p.shows("(demo) "+word+"\n", "key=value", "{\"execute\"", ".reconnect ", ".exit ", "Ctrl-C", "quit", "\n(demo)")
		}
		for row := range strings.Lines(p.text()) { // a row that goes on in the next one comes as one
			if row = strings.TrimSuffix(row, "\n"); utf8.RuneCountInString(row) > s.Cols {
				t.Errorf("it is broken within a word: %s", row)
			}
		}
		p.enters(".nonsense")
		p.ends(".nonsense is no word of the shell; .help lists them", "(demo)")
		p.enters("nonsense")
		p.shows("(demo) nonsense\n", "nonsense", "\n(demo)") // said by the schema, or by the server if that is not read yet
		p.enters("query-status )")
		p.shows("(demo) query-status )\n", "^\n", "\n(demo)")
		p.enters("# a comment", "  ", "exit")
		p.leaves(0)
	})
}

func TestShellStatementsOverLines(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		p := openPane(t, s, "connect", "demo:")
		p.ends("(demo)")
		p.enters("transaction(")
		p.ends("(demo) transaction(", "TRANS>")
		p.enters("block-dirty-bitmap-add node=disk0 name=b0")
		p.ends("TRANS>")
		p.enters("block-dirty-bitmap-add =x") // refused at once; the others stay
		p.shows("^\n", "\nTRANS>")
		p.enters("block-dirty-bitmap-add node=disk0 name=b1", ")")
		p.ends("An action was refused and is not in it. If you have typed it again, all is well.", "Send the transaction? (y/N)")
		p.enters("y")
		p.ends("Send the transaction? (y/N) y", "{}", "(demo)")
		p.enters("{")
		p.ends("(demo) {", "...")
		p.enters(`"execute":`, `"query-name"`)
		p.ends(`... "query-name"`, "...")
		p.enters("}")
		p.ends("... }", "{", `  "name": "demo"`, "}", "(demo)")
		p.enters(`block-dirty-bitmap-remove node=disk0 \`)
		p.ends("...")
		p.enters("name=b0")
		p.ends("... name=b0", "{}", "(demo)")
		p.enters("block-dirty-bitmap-remove node=disk0 name=b0") // proves that it was there, and is gone
		p.shows("... name=b0", "GenericError: ", "\n(demo)")
		p.keys("C-d")
		p.leaves(0)
	})
}

// A pasted block is shown whole; each of its lines runs.
func TestShellRunsAPastedBlock(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		p := openPane(t, s, "connect", "demo:")
		p.ends("(demo)")
		p.pastes("stop\nquery-status\n\n# note\n{\"execute\":\n\t\"query-name\"}\ncont\n")
		p.ends(`(demo) stop↵query-status↵↵# note↵{"execute":↵ "query-name"}↵cont`)
		p.keys("Enter")
		p.shows("\n{}\n", `"status": "paused"`, `"name": "demo"`, "\n{}\n")
		p.ends("(demo)")
		// What a block leaves open waits for more.
		p.pastes("query-version\ntransaction(\nabort")
		p.keys("Enter")
		p.ends("TRANS>")
		p.shows(`"package"`, "TRANS>")
		p.keys("C-c")
		p.ends("(demo)")
		p.keys("C-d")
		p.leaves(0)
	})
}

// A pasted block ends with what fails in it. It says which line that was, and that the
// rest was not run; a transaction is never sent in part.
func TestShellPastedBlockFails(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		d := newDesk(t)
		d.set("bad", `{"error": {"class": "GenericError", "desc": "no"}, "id": %s}`)
		p := openPane(t, s, "connect", "--no-validate", d.path)
		for _, c := range []struct{ block, says, rest string }{
			{"one\nbad\nnever\n", "GenericError: no", "That was line 2 of 3; line 3 was not run."},
			{"two\n\n{\"execute\":\n\"bad\"}\nnever\nagain", "GenericError: no", "That was line 3 of 6; lines 5 to 6 were not run."},
			{"a ==\nnever", "^", "That was line 1 of 2; line 2 was not run."},
			{".xyzzy\nnever", ".xyzzy is no word", "That was line 1 of 2; line 2 was not run."},
			{"three\nbad", "GenericError: no", "That was line 2 of 2."},
			{"transaction(\na x=1\nb =x\nc\n)\nnever", "The transaction was dropped, and nothing of it was sent.", "That was line 3 of 6; lines 4 to 6 were not run."},
		} {
			p.ends("(desk)")
			p.pastes(c.block)
			p.keys("Enter")
			p.shows(c.says, c.rest)
			p.ends("(desk)")
			p.keys("C-l")
		}
		// What was typed before the block belongs to the same transaction.
		p.enters("transaction(")
		p.ends("TRANS>")
		p.pastes("a x=1\nb =x\n")
		p.keys("Enter")
		p.shows("nothing of it was sent.", "That was line 2 of 2.")
		p.ends("(desk)")
		p.pastes("quit\nnever")
		p.keys("Enter")
		p.ends("End QEMU? (y/N)")
		p.enters("n")
		p.shows("(y/N) n", "That was line 1 of 2; line 2 was not run.")
		p.ends("(desk)")
		p.keys("C-d")
		p.leaves(0)
		d.gets(t, "one", "bad", "two", "bad", "three", "bad")
	})
}

// A typed transaction from which an action was refused is sent when the user says so.
func TestShellTypedTransactionAsks(t *testing.T) {
	inSizes(t, func(t *testing.T, s size) {
		d := newDesk(t)
		p := openPane(t, s, "connect", "--no-validate", d.path)
		for _, answer := range []string{"n", "y"} {
			p.ends("(desk)")
			p.enters("transaction(", "a x=1", "b =x")
			p.shows("^", "TRANS>")
			p.enters(")")
			p.ends("Send the transaction? (y/N)")
			p.enters(answer)
			p.ends("(desk)")
		}
		p.shows("(y/N) n", "The transaction was dropped, and nothing of it was sent.", "(y/N) y")
		d.gets(t, `transaction{"actions": [{"type": "a", "data": {"x": 1}}]}`)
		// Ctrl-D goes back to the prompt.
		p.enters("transaction(")
		p.ends("TRANS>")
		p.keys("C-d")
		p.ends("(desk)")
		p.keys("C-d")
		p.leaves(0)
	})
}

// In whatever form QEMU is told to end, the shell asks first.
func TestShellAsksBeforeHMPEndsQEMU(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := openPane(t, sizes()[0], "connect", "--no-validate", d.path)
	for _, line := range []string{
		"human-monitor-command command-line=quit", "human-monitor-command command-line=q",
		`{"execute": "human-monitor-command", "arguments": {"command-line": " q"}}`, `{"execute": "quit"}`,
	} {
		p.ends("(desk)")
		p.enters(line)
		p.ends("End QEMU? (y/N)")
		p.enters("n")
	}
	p.ends("(desk)")
	p.keys("C-d")
	p.leaves(0)
	d.gets(t)
}
