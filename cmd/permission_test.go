package cmd_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// Whoever may not open the socket is told whose it is.
func TestHintPermission(t *testing.T) {
	t.Parallel()
	dir := Dir(t)
	path := filepath.Join(dir, "qmp.sock")
	serve(t, "unix", path, Scenario{Negotiate()})
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	hint := "you may not open this socket. The socket belongs to root (-rw-------). Run qmpsh as its owner, for example with sudo -u, or change the socket's mode."
	if os.Geteuid() == 0 {
		asNobody(t, nil, "exec", "-s", path, "query-status").must(t, 3).hints(t, hint)
		return
	}
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	execAt(t, path).must(t, 3).says(t, "hint: you may not open this socket. The socket belongs to ")
}

// A script that may not be read, and a socket that may not be made.
func TestPermissionOfFiles(t *testing.T) {
	t.Parallel()
	dir := Dir(t)
	path := filepath.Join(dir, "script")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(path, []byte("query-status\n"), 0)); err != nil {
		t.Fatal(err)
	}
	const listenHint = "you may not listen there. Choose a folder that you may write to, or a port above 1023."
	message := "qmpsh: cannot read the script: open " + path + ": permission denied\n"
	var script, socket result
	if os.Geteuid() == 0 {
		script = asNobody(t, nil, "connect", "demo:", path)
		socket = asNobody(t, nil, "connect", "--listen", filepath.Join(dir, "x.sock"))
	} else {
		script = run(t, "", "connect", "demo:", path)
		socket = run(t, "", "connect", "--listen", "/qmpsh-test.sock")
	}
	if script.must(t, 2).err != message {
		t.Errorf("want %q, got %v", message, script)
	}
	socket.must(t, 3).hints(t, listenHint)
}

// asNobody runs qmpsh as another user. Only root can.
func asNobody(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	c := child(t, nil, args...)
	c.Stdin = stdin
	// That user must reach the program. Another process copies it: a child that is
	// forked while we have it open to write would keep it from being run.
	dir := Dir(t)
	program := filepath.Join(dir, "qmpsh")
	if out, err := exec.Command("cp", c.Path, program).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(program, 0o755)); err != nil {
		t.Fatal(err)
	}
	c.Path = program
	const nobody = 65534
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return finish(t, c)
}
