package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// underShell runs an interactive shell on the terminal in place of qmpsh, for job control.
func underShell(t *testing.T, dir string) *tty {
	t.Helper()
	bash := qmptest.Require(t, "bash")
	s := openTTY(t, dir, func(c *exec.Cmd) {
		c.Path, c.Args = bash, []string{"bash", "--norc", "--noprofile", "-i"}
		c.Env = append(c.Env, "PS1=READY> ", "HISTFILE=")
	})
	s.shows("READY> ")
	return s
}

// C10: Ctrl-Z and fg at the unseen question: what is typed then is not seen either, and the
// question stands there again.
func TestStoppedQuestionStaysUnseen(t *testing.T) {
	t.Parallel()
	file := schemaFile(t)
	s := underShell(t, qmptest.Dir(t))
	s.types(qmpshPath(t) + " exec --dry-run --schema " + file + " set_password protocol=vnc password=@prompt > " + s.dir + "/out\r")
	s.asksUnseen()
	for n := range 2 {
		s.types("forgotten\x1a")
		stopped := slices.Repeat([]string{"Stopped", "READY> "}, n+1)
		s.shows(stopped...)
		asked := strings.Count(s.out.String(), "password: ")
		s.types("fg\r")
		poll(t, func() bool { return strings.Count(s.out.String(), "password: ") > asked }, s.out.String)
		poll(t, func() bool { return s.state().Lflag&unix.ECHO == 0 }, s.out.String)
	}
	s.types("sesame\r")
	s.shows(slices.Repeat([]string{"READY> "}, 4)...)
	s.types("exit\r")
	s.leaves()
	if got := s.out.String(); strings.Contains(got, "sesame") || strings.Contains(got, "forgotten") {
		t.Errorf("it was seen: %q", got)
	}
	got, err := os.ReadFile(filepath.Join(s.dir, "out"))
	if err != nil || !strings.Contains(string(got), `"password": "sesame"`) {
		t.Errorf("sent would be %q, %v", got, err)
	}
}
