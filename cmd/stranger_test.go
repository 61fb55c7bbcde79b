package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// Whoever sends a secret to a process of another user is told once that it is one. Only
// root can start such a process.
func TestASecretForAStranger(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can run a server as somebody else")
	}
	socat := qmptest.Require(t, "socat")
	const uid = 54321
	for _, c := range []struct {
		owner int
		want  string
		line  string
	}{
		{0, "qmpsh: a secret goes to user 54321: the process behind ", "set_password protocol=vnc password=x"},
		{0, "", "device_del id=x"},
		{uid, "", "set_password protocol=vnc password=x"},
	} {
		dir := qmptest.Dir(t)
		path := filepath.Join(dir, "qmp.sock")
		server := filepath.Join(dir, "server")
		const talk = "#!/bin/sh\nprintf '%s\\r\\n' '" + qmptest.QEMUGreeting + "'\n" +
			"while read line; do printf '{\"return\": {}, \"id\": 1}\\r\\n'; done\n"
		if err := os.WriteFile(server, []byte(talk), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		peer := exec.Command(socat, "UNIX-LISTEN:"+path, "EXEC:"+server)
		peer.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		if err := peer.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = peer.Process.Kill(); _ = peer.Wait() })
		listens := regexp.MustCompile(" 00010000 [0-9 ]+ " + path + "\n")
		eventually(t, func() bool {
			table, err := os.ReadFile("/proc/net/unix")
			return err == nil && listens.Match(table)
		})
		if err := os.Chown(path, c.owner, -1); err != nil {
			t.Fatal(err)
		}
		r := run(t, "", "exec", "-s", path, c.line).must(t, 0)
		if c.want == "" && r.err != "" || !strings.HasPrefix(r.err, c.want) || strings.Count(r.err, "\n") > 1 {
			t.Errorf("%+v: %v", c, r)
		}
	}
}
