package cmd_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// tape keeps every byte that clients send.
type tape struct {
	net.Conn
	buffer
}

func (c *tape) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.buffer.Write(p[:n])
	return n, err
}

func (c *tape) Write(p []byte) (int, error) { return c.Conn.Write(p) }

// exec sends the negotiation and the command, and not a byte more.
func TestExecSendsTwoMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args, sent string
		steps      []Step
	}{
		"usual": {
			args: "",
			sent: `{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": 1}` + "\n" +
				`{"execute": "query-status", "id": 1}` + "\n",
			steps: []Step{Negotiate()},
		},
		"without oob": {
			sent: `{"execute": "qmp_capabilities", "id": 1}` + "\n" +
				`{"execute": "query-status", "id": 1}` + "\n",
			steps: []Step{GreetWith(strings.Replace(QEMUGreeting, `"oob"`, ``, 1)), Expect("qmp_capabilities"), Reply("{}")},
		},
		"without negotiation": {
			args:  "-N",
			sent:  `{"execute": "query-status", "id": 1}` + "\n",
			steps: []Step{Greet()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(Dir(t), "qmp.sock")
			recorded := make(chan string, 1)
			serve(t, "unix", path, serviceFunc(func(ctx context.Context, conn net.Conn) error {
				c1 := &tape{Conn: conn}
				script := append(c.steps, Expect("query-status"), Reply(statusReply), ExpectEnd())
				err := Scenario(script).Serve(ctx, c1)
				recorded <- c1.String()
				return err
			}))
			args := append(strings.Fields(c.args), "exec", "-s", path, "query-status")
			run(t, "", args...).must(t, 0).prints(t, statusReply+"\n").quiet(t)
			if got := <-recorded; got != c.sent {
				t.Errorf("want these bytes sent:\n%s\ngot\n%s", c.sent, got)
			}
		})
	}
}

// A script sends its commands in order, one at a time: a command that fails must
// be the last one that the server has seen.
func TestScriptSendsNothingBehindAnError(t *testing.T) {
	t.Parallel()
	path := listen(t, Negotiate(), Expect("a"), Reply("1"), Expect("b"), ReplyError("GenericError", "no"),
		Expect("query-qmp-schema"), ReplyError("CommandNotFound", "no"), ExpectEnd()) // asked why
	run(t, "a\nb\nc\nd\n", "connect", path).must(t, 1).prints(t, "1\n").
		says(t, "qmpsh: stdin:2: GenericError: no\n")
}

// A script looks into the schema before it sends anything that has arguments, and
// never for what has none.
func TestScriptIsCheckedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	path := listen(t, Negotiate(), Expect("query-status"), Reply("{}"),
		Expect("query-qmp-schema"), Reply(string(qapitest.RawQEMU(t))), ExpectEnd())
	run(t, "query-status\nblockdev-add drver=qcow2\n", "connect", path).must(t, 2).prints(t, "{}\n").
		says(t, "qmpsh: stdin:2: \"blockdev-add\" has no argument \"drver\"", "did you mean driver?")
}

// Results come out as they come in, not when the script ends, and stdin is read
// as it comes: a program may hold a conversation over both.
func TestScriptAnswersLineByLine(t *testing.T) {
	t.Parallel()
	path := listen(t, Negotiate(), AnswerAll(map[string]string{"a": "1", "b": "2"}))
	in, script := io.Pipe()
	var out, stderr buffer
	c := child(t, nil, "connect", path)
	c.Stdin, c.Stdout, c.Stderr = in, &out, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(script, "a\n")
	eventually(t, func() bool { return out.String() == "1\n" })
	io.WriteString(script, "b\nnosuch\n")
	eventually(t, func() bool { return strings.Contains(stderr.String(), "qmpsh: stdin:3: CommandNotFound") })
	script.Close()
	ended(t, c, &out, &stderr).must(t, 1).prints(t, "1\n2\n")
}

// Many at once on one monitor take turns, as far as QEMU's queue lets them in.
func TestLiveManyAtOnce(t *testing.T) {
	t.Parallel()
	path, _ := QMP(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if r := execAt(t, path); r.code != 0 || r.out != prelaunch {
				t.Errorf("one of many: %v", r)
			}
		})
	}
	all.Wait()
}
