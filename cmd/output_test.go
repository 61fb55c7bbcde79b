package cmd_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// onTerminal runs qmpsh with stdout and stderr on a terminal and returns its exit code and what the terminal got, with the
// line ends of files.
func onTerminal(t *testing.T, env []string, args ...string) (code int, shown string) {
	t.Helper()
	x := NewTerminal(t)
	c := child(t, env, args...)
	c.Stdin = strings.NewReader("")
	x.Start(c)
	code = x.Wait()
	x.End.Close()
	<-x.Copied
	return code, strings.ReplaceAll(x.Out.String(), "\r\n", "\n")
}

// On a terminal results are pretty and coloured, unless somebody says otherwise.
func TestOutputOnTerminal(t *testing.T) {
	t.Parallel()
	const (
		plain   = "{\n  \"name\": \"demo\"\n}\n"
		line    = "{\"name\": \"demo\"}\n"
		painted = "{\n  \x1b[34;1m\"name\"\x1b[0;22m: \x1b[32m\"demo\"\x1b[0m\n}\n"
	)
	for name, c := range map[string]struct {
		env  string
		args []string
		want string
	}{
		"usual":              {"TERM=xterm", nil, painted},
		"NO_COLOR":           {"TERM=xterm NO_COLOR=1", nil, plain},
		"empty NO_COLOR":     {"TERM=xterm NO_COLOR=", nil, painted},
		"NO_COLOR and flag":  {"TERM=xterm NO_COLOR=1", []string{"--color=always"}, painted},
		"dumb":               {"TERM=dumb", nil, plain},
		"dumb and flag":      {"TERM=dumb", []string{"--color=always"}, painted},
		"never":              {"TERM=xterm", []string{"--color=never"}, plain},
		"json":               {"TERM=xterm", []string{"-o", "json"}, line},
		"raw":                {"TERM=xterm", []string{"-o", "raw"}, `{"return": {"name": "demo"}, "id": 1}` + "\n"},
		"script, not a word": {"TERM=xterm", []string{"connect", "-s", "demo:", "/dev/null"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := c.args
			if len(args) == 0 || args[0] != "connect" {
				args = append(args, "exec", "-s", "demo:", "query-name")
			}
			code, shown := onTerminal(t, strings.Fields(c.env), args...)
			if code != 0 || shown != c.want {
				t.Errorf("want exit code 0 and %q, got %d and %q", c.want, code, shown)
			}
		})
	}
}

// What a guest or a server says cannot act on a terminal, in no format.
func TestOutputIsHarmlessOnTerminal(t *testing.T) {
	t.Parallel()
	// JSON has no raw C0 in strings, but all of these.
	const evil = `\u001b]0;gotcha\u0007\r` + " \u009b31m \x7f \u202e \u2066"
	path := listen(t, Negotiate(), func(_ context.Context, p *Peer) error {
		c, err := p.Receive()
		if err != nil {
			return err
		}
		member := `"return"`
		if c.Name == "fail" {
			member = `"error"`
		}
		raw := `{"timestamp": {"seconds": 1, "microseconds": 0}, "event": "` + evil + `", "data": {"` + evil + `": "` + evil + `"}}` + "\n" +
			`{` + member + `: {"class": "` + evil + `", "desc": "` + evil + `"}, "id": ` + string(c.ID) + "}\n"
		if err := p.Write([]byte(raw)); err != nil {
			return err
		}
		// A refusal may be looked up in the schema.
		return AnswerAll(nil)(context.Background(), p)
	})
	for _, args := range []string{"-o json", "-o pretty", "-o raw", "-v", "--debug"} {
		for _, command := range []string{"good", "fail"} {
			flags := append(strings.Fields(args), "--color=never", "exec", "-s", path, command)
			_, shown := onTerminal(t, []string{"TERM=xterm"}, flags...)
			if !strings.Contains(shown, "gotcha") || strings.ContainsFunc(shown, acts) || !utf8.ValidString(shown) {
				t.Errorf("%q shows %q", flags, shown)
			}
		}
	}
}

// acts says whether r could act on a terminal.
func acts(r rune) bool {
	return r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x2066
}

// A stdout that is thrown away on purpose is none that was closed.
func TestOutputThrownAway(t *testing.T) {
	t.Parallel()
	const query = "exec -s demo: query-status"
	for _, line := range []string{
		"qmpsh " + query + " > /dev/null",
		"exec 3<> /dev/null; (exec >&3; qmpsh " + query + "; exit $?)",
		`python3 -c 'import subprocess, sys
sys.exit(subprocess.run("qmpsh ` + query + `".split(), stdout=subprocess.DEVNULL).returncode)'`,
	} {
		if _, err := exec.LookPath("python3"); err != nil && strings.HasPrefix(line, "python3") {
			continue
		}
		var said buffer
		c := exec.Command("bash", "-c", line)
		c.Stdout, c.Stderr = &said, &said
		if err := c.Run(); err != nil || said.String() != "" {
			t.Errorf("%s: %v: %s", line, err, said.String())
		}
	}
}
