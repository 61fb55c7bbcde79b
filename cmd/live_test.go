package cmd_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/qmpsh/qmpsh/cmd"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// tcpQEMU starts a QEMU with a monitor on TCP and returns its port.
func tcpQEMU(t testing.TB, host string) (port string) {
	t.Helper()
	n := qmptest.FreePort(t, host)
	args := []string{"-qmp", fmt.Sprintf("tcp:%s:%d,server=on,wait=off", host, n)}
	if strings.Contains(host, ":") { // -qmp takes no IPv6 address
		args = []string{"-chardev", fmt.Sprintf("socket,id=qmp,host=%s,port=%d,server=on,wait=off", host, n),
			"-mon", "chardev=qmp,mode=control"}
	}
	qmptest.AwaitTCP(t, qmptest.QEMU(t, args...), n)
	return strconv.Itoa(n)
}

// hasIPv6 says whether this machine has an address of IPv6 to listen on.
func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// prelaunch is what query-status says of a machine that qmptest starts.
const prelaunch = `{"status": "prelaunch", "singlestep": false, "running": false}` + "\n"

// bothWays runs query-status by exec and as a script.
func bothWays(t *testing.T, address string) {
	t.Helper()
	execAt(t, address).must(t, 0).prints(t, prelaunch).quiet(t)
	run(t, "query-status\nquery-name\n", "connect", address).must(t, 0).prints(t, prelaunch+"{}\n").quiet(t)
}

func TestLiveUnix(t *testing.T) {
	t.Parallel()
	path, _ := qmptest.QMP(t)
	bothWays(t, path)
	r := run(t, "query-status\ncont\nstop\nquery-status\nnosuch\nquery-status\n", "connect", path).must(t, 1)
	r.prints(t, prelaunch+"{}\n{}\n"+strings.Replace(prelaunch, "prelaunch", "paused", 1))
	r.says(t, " RESUME\n", " STOP\n", "qmpsh: stdin:5: CommandNotFound: The command nosuch has not been found\n")
	r = run(t, "query-name\nquit\n", "connect", path).must(t, 0).prints(t, "{}\n{}\n")
	r.says(t, ` SHUTDOWN {"guest": false, "reason": "host-qmp-quit"}`+"\n")
}

func TestLivePretty(t *testing.T) {
	t.Parallel()
	path := filepath.Join(qmptest.Dir(t), "qmp.sock")
	p := qmptest.QEMU(t, "-qmp-pretty", "unix:"+path+",server=on,wait=off")
	qmptest.AwaitUnix(t, p, path)
	bothWays(t, path)
	r := execAt(t, path, "-o", "pretty").must(t, 0)
	r.prints(t, "{\n  \"status\": \"prelaunch\",\n  \"singlestep\": false,\n  \"running\": false\n}\n")
	run(t, "", "exec", "-s", path, "query-qmp-schema").must(t, 0)
}

func TestLiveTCP(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			if host == "::1" && !hasIPv6() {
				t.Skip("this machine has no IPv6")
			}
			address := net.JoinHostPort(host, tcpQEMU(t, host))
			bothWays(t, address)
			bothWays(t, "tcp:"+address)
		})
	}
}

func TestLiveAbstract(t *testing.T) {
	t.Parallel()
	name := fmt.Sprintf("qmpsh-test-%d", os.Getpid())
	p := qmptest.QEMU(t, "-chardev", "socket,id=qmp,path="+name+",abstract=on,server=on,wait=off",
		"-mon", "chardev=qmp,mode=control")
	qmptest.AwaitUnix(t, p, "@"+name)
	bothWays(t, "unix:@"+name)
}

func TestLiveDescriptor(t *testing.T) {
	t.Parallel()
	path, _ := qmptest.QMP(t)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := conn.(*net.UnixConn).File()
	conn.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c := child(t, nil, "exec", "-s", "fd:3", "query-status")
	c.ExtraFiles = []*os.File{file}
	finish(t, c).must(t, 0).prints(t, prelaunch).quiet(t)
}

// QEMU connects to us (server=off).
func TestLiveListen(t *testing.T) {
	t.Parallel()
	qmptest.Require(t, "qemu-system-x86_64") // before qmpsh waits for it
	path := filepath.Join(qmptest.Dir(t), "qmp.sock")
	address := fmt.Sprintf("127.0.0.1:%d", qmptest.FreePort(t, "127.0.0.1"))
	for _, c := range []struct{ ours, qemus string }{{path, "unix:" + path}, {address, "tcp:" + address}} {
		t.Run(c.qemus[:4], func(t *testing.T) {
			t.Parallel()
			var out, stderr buffer
			done := start(cmd.System{In: strings.NewReader("query-status\n"), Out: &out, Err: &stderr}, "connect", "--listen", c.ours)
			said := "qmpsh: listening on " + c.qemus + " for QEMU to connect\n"
			eventually(t, func() bool { return stderr.String() == said })
			qmptest.QEMU(t, "-qmp", c.qemus+",server=off")
			r := result{<-done, out.String(), stderr.String()}
			r.must(t, 0).prints(t, prelaunch)
			if r.err != said {
				t.Errorf("want stderr %q, got %v", said, r)
			}
			if _, err := os.Stat(path); c.ours == path && err == nil {
				t.Error("the socket's file is left")
			}
		})
	}
}

func TestLiveStorageDaemon(t *testing.T) {
	t.Parallel()
	path, _ := qmptest.StorageDaemon(t)
	execAt(t, path).must(t, 1).says(t, "CommandNotFound: The command query-status has not been found")
	run(t, "", "exec", "-s", path, "blockdev-add", "driver=null-co", "node-name=n0", "size=1048576").must(t, 0).prints(t, "{}\n")
	run(t, `transaction(
block-dirty-bitmap-add node=n0 name=b0
block-dirty-bitmap-add node=n0 name=b1 disabled=true
)
transaction( block-dirty-bitmap-remove node=n0 name=b1 block-dirty-bitmap-remove node=n0 name=b0 )
`, "connect", path).must(t, 2).prints(t, "{}\n").says(t, "qmpsh: stdin:5: ")
	run(t, "blockdev-del node-name=n0\nquery-named-block-nodes\n", "connect", path).must(t, 0).prints(t, "{}\n[]\n")
}

func TestLiveAgent(t *testing.T) {
	t.Parallel()
	path, _ := qmptest.Agent(t)
	agent := func(words ...string) result {
		t.Helper()
		return run(t, "", append([]string{"exec", "--agent", "-s", path}, words...)...)
	}
	agent("guest-ping").must(t, 0).prints(t, "{}\n").quiet(t)
	agent("guest-sync", "id=9223372036854775807").must(t, 0).prints(t, "9223372036854775807\n")
	agent("nosuch").must(t, 1).says(t, "CommandNotFound: The command nosuch has not been found")
	run(t, "guest-ping\nguest-sync id=7\nguest-info", "connect", "--agent", path).must(t, 0).says(t)
}

// A QEMU that is killed while a command is pending, and one while the script
// waits for its next line.
func TestLiveKilled(t *testing.T) {
	t.Parallel()
	t.Run("pending", func(t *testing.T) {
		t.Parallel()
		path, p := qmptest.QMP(t)
		var out, stderr buffer
		in, script := io.Pipe()
		defer script.Close()
		done := start(cmd.System{In: in, Out: &out, Err: &stderr}, "connect", "-v", path)
		io.WriteString(script, "query-status\n")
		eventually(t, func() bool { return out.String() == prelaunch })
		syscall.Kill(p.Pid, syscall.SIGSTOP)
		io.WriteString(script, "query-name\nquery-status\n")
		eventually(t, func() bool { return strings.Contains(stderr.String(), `-> {"execute": "query-name"`) })
		p.Kill()
		r := result{<-done, out.String(), stderr.String()}
		r.must(t, 5).prints(t, prelaunch).says(t, "qmpsh: stdin:2: InterruptedError: the session ended before the reply")
	})
	t.Run("waiting", func(t *testing.T) {
		t.Parallel()
		path, p := qmptest.QMP(t)
		var out, stderr buffer
		in, script := io.Pipe()
		defer script.Close()
		done := start(cmd.System{In: in, Out: &out, Err: &stderr}, "connect", path)
		io.WriteString(script, "query-status\n")
		eventually(t, func() bool { return out.String() == prelaunch })
		p.Kill()
		r := result{<-done, out.String(), stderr.String()}
		r.must(t, 5).prints(t, prelaunch).says(t, "qmpsh: InterruptedError: ")
	})
}

// start runs qmpsh in this process beside the test; its exit code comes by the
// channel.
func start(sys cmd.System, args ...string) <-chan int {
	sys.Getenv = func(string) string { return "" }
	done := make(chan int, 1)
	go func() { done <- cmd.Main(args, sys) }()
	return done
}
