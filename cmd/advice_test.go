package cmd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// execAt runs one command at an address, which may take its time on a busy machine where the flags do not say otherwise.
func execAt(t testing.TB, address string, flags ...string) result {
	t.Helper()
	return run(t, "", append([]string{"exec", "-s", address, "--timeout", hangLimit.String(), "query-status"}, flags...)...)
}

const heldHint = "either another client holds the monitor (QEMU serves one at a time): close that client, or give QEMU a second -qmp socket. Or QEMU itself is stopped or too busy to answer."

// The whole text that a user sees, hint included.
func TestHintAbsentSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(Dir(t), "qmp.sock")
	want := strings.ReplaceAll(`qmpsh: ConnectError: failed to establish connection: dial unix /tmp/qmp.sock: connect: no such file or directory
  | ConnectError: failed to establish connection to unix:/tmp/qmp.sock
  | net.OpError: dial unix /tmp/qmp.sock
  | os.SyscallError: connect
  | syscall.Errno: no such file or directory (ENOENT)
hint: no such socket. Start QEMU with -qmp unix:/tmp/qmp.sock,server=on,wait=off.
`, "/tmp/qmp.sock", path)
	if r := execAt(t, path).must(t, 3); r.err != want {
		t.Errorf("want %s\ngot %v", want, r)
	}
	// A script fails in the same way, and --debug says where each error was made.
	if r := run(t, "query-status\n", "connect", path).must(t, 3); r.err != want {
		t.Errorf("want %s\ngot %v", want, r)
	}
	execAt(t, path, "--debug").must(t, 3).says(t,
		"  | ConnectError: failed to establish connection to unix:"+path+"\n  |     at proto.", ".go:")
}

func TestHintStaleSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(Dir(t), "qmp.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	hint := "nobody listens on this socket: the file is left from a QEMU that has ended. Start QEMU again with -qmp unix:" + path + ",server=on,wait=off."
	execAt(t, path).must(t, 3).hints(t, hint)
}

// A QEMU that was killed leaves its socket behind.
func TestHintStaleSocketOfQEMU(t *testing.T) {
	t.Parallel()
	path, p := QMP(t)
	p.Kill()
	execAt(t, path).must(t, 3).says(t, "hint: nobody listens on this socket: the file is left from a QEMU that has ended.")
}

func TestHintAbstractName(t *testing.T) {
	t.Parallel()
	execAt(t, "unix:@qmpsh-test-nobody").must(t, 3).
		hints(t, "nobody listens on this name. Start QEMU with -chardev socket,id=qmp,path=qmpsh-test-nobody,abstract=on,server=on,wait=off -mon chardev=qmp,mode=control.")
}

func TestHintNotASocket(t *testing.T) {
	t.Parallel()
	dir := Dir(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, dir, "/dev/null"} {
		execAt(t, path).must(t, 3).
			hints(t, path+" is no socket. The address is the path that follows unix: in QEMU's -qmp option.")
	}
}

func TestHintRefusedTCP(t *testing.T) {
	t.Parallel()
	port := strconv.Itoa(FreePort(t, "127.0.0.1"))
	hint := "nobody listens on 127.0.0.1:" + port + ". Start QEMU with -qmp tcp:127.0.0.1:" + port + ",server=on,wait=off."
	execAt(t, "127.0.0.1:"+port).must(t, 3).hints(t, hint)
	execAt(t, "tls:127.0.0.1:"+port).must(t, 3).
		hints(t, "nobody listens on 127.0.0.1:"+port+". Start QEMU with -chardev socket,id=qmp,host=127.0.0.1,port="+port+",server=on,wait=off,tls-creds=ID -mon chardev=qmp,mode=control.")
	if hasIPv6() {
		port := strconv.Itoa(FreePort(t, "::1"))
		execAt(t, "[::1]:"+port).must(t, 3).
			hints(t, "nobody listens on [::1]:"+port+". Start QEMU with -chardev socket,id=qmp,host=::1,port="+port+",server=on,wait=off -mon chardev=qmp,mode=control.")
	}
}

func TestHintUnknownHost(t *testing.T) {
	// Not parallel: it takes the place of the resolver that the whole process uses.
	usual := net.DefaultResolver
	defer func() { net.DefaultResolver = usual }()

	// An empty label is refused without asking anyone, so this needs no network.
	execAt(t, "no..where.invalid:4444").must(t, 3).
		hints(t, "the name no..where.invalid is not known. Check the spelling, or use the IP address.")

	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("there is no network")
		},
	}
	execAt(t, "nowhere.invalid:4444").must(t, 3).
		hints(t, "the name nowhere.invalid could not be looked up. Is the network up? An IP address needs no look-up.")
}

func TestHintSilentServer(t *testing.T) {
	t.Parallel()
	path := listen(t, Silence())
	execAt(t, path, "--timeout", "200ms").must(t, 4).
		says(t, "GreetingError: the server sent no greeting: no session with unix:"+path+" within 200ms").
		hints(t, "the server took the connection and sent no greeting. A guest agent's socket behaves so: try --agent.")

	l := serve(t, "tcp", "127.0.0.1:0", Scenario{Silence()})
	address := l.Addr().String()
	execAt(t, address, "--timeout", "200ms").must(t, 4).
		hints(t, heldHint+" A server that speaks TLS is silent too: try tls:"+address+". A guest agent: try --agent.")
}

// Half a greeting is as silent as none; so is a negotiation without an answer.
func TestHintServerFallsSilent(t *testing.T) {
	t.Parallel()
	const hint = "the server began to speak and then fell silent: it may be stopped or very busy. --timeout gives it longer."
	for name, steps := range map[string][]Step{
		"in the greeting":    {Send(QEMUGreeting[:40]), Silence()},
		"in the negotiation": {Greet(), Expect("qmp_capabilities"), Silence()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A second, for the server to be heard on a busy machine before it falls silent.
			execAt(t, listen(t, steps...), "--timeout", "1s").must(t, 4).hints(t, hint)
		})
	}
}

// An address that swallows packets: the queue of a listener that accepts nobody.
func TestHintNoAnswerFromHost(t *testing.T) {
	t.Parallel()
	address := fullTCP(t)
	execAt(t, address, "--timeout", "200ms").must(t, 4).
		hints(t, "nothing answered at tcp:"+address+" within 200ms. Is the host up, and does a firewall drop the packets? --timeout gives it longer.")
}

// fullTCP returns the address of a listener whose queue is full: the system drops
// whatever tries to connect.
func fullTCP(t testing.TB) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	conn, err := net.Dial("tcp", address) // takes the one place there is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address
}

// QEMU lets a second client wait in the queue of its socket.
func TestHintHeldMonitor(t *testing.T) {
	t.Parallel()
	path, _ := QMP(t)
	holder, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if _, err := holder.Read(make([]byte, 1)); err != nil { // it has been greeted
		t.Fatal(err)
	}
	execAt(t, path, "--timeout", "200ms").must(t, 4).hints(t, heldHint)
	// Those who gave up stay in the queue. Behind them nobody is let in at all.
	full := "\nhint: " + heldHint + " Others wait for it already, so many that the queue is full.\n"
	for range 20 {
		if r := execAt(t, path, "--timeout", "50ms").must(t, 4); strings.HasSuffix(r.err, full) {
			return
		}
	}
	t.Error("the queue never gets full")
}

func TestHintHeldMonitorTCP(t *testing.T) {
	t.Parallel()
	port := tcpQEMU(t, "127.0.0.1")
	holder, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if _, err := holder.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	execAt(t, "127.0.0.1:"+port, "--timeout", "200ms").must(t, 4).says(t, "hint: "+heldHint)
}

func TestHintHMPMonitor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(Dir(t), "hmp.sock")
	p := QEMU(t, "-monitor", "unix:"+path+",server=on,wait=off")
	AwaitUnix(t, p, path)
	execAt(t, path).must(t, 3).
		says(t, "GreetingError: this is a human monitor (HMP), not QMP").
		hints(t, "this is an HMP monitor, made for people (-monitor). qmpsh needs a QMP monitor: start QEMU with -qmp unix:"+path+",server=on,wait=off.")
}

func TestHintVNCServer(t *testing.T) {
	t.Parallel()
	dir := Dir(t)
	path := filepath.Join(dir, "vnc.sock")
	p := Start(t, "qemu-system-x86_64", "-M", "none", "-nodefaults", "-S", "-vnc", "unix:"+path)
	AwaitUnix(t, p, path)
	execAt(t, path).must(t, 3).hints(t, "this is a VNC server, not a QMP monitor.")
}

func TestHintAgentWithoutFlag(t *testing.T) {
	t.Parallel()
	path, _ := Agent(t)
	execAt(t, path, "--timeout", "1s").must(t, 4).hints(t, "this is a guest agent: try --agent.")
}

func TestHintAgentFlagOnMonitor(t *testing.T) {
	t.Parallel()
	path, _ := QMP(t)
	execAt(t, path, "--agent").must(t, 3).
		says(t, "this is a QMP server, not a guest agent", "A QMP monitor is reached without --agent.")
}

func TestHintAgentSilent(t *testing.T) {
	t.Parallel()
	path := listen(t, Silence())
	execAt(t, path, "--agent", "--timeout", "200ms").must(t, 4).
		says(t, "AgentSyncError: the guest agent could not be synchronised", "hint: no guest agent answered.")
}

func TestHintNoMonitorAtAll(t *testing.T) {
	t.Parallel()
	for what, first := range map[string]string{
		"web server":  "HTTP/1.1 400 Bad Request\r\n\r\n",
		"SSH server":  "SSH-2.0-OpenSSH_9.2p1\r\n",
		"other JSON":  "{\"hello\": \"world\"}\r\n",
		"JSON list":   "[1, 2]\r\n",
		"broken JSON": "{\"QMP\": }\r\n",
		"binary":      "\x00\x01\x02\xff\xfe\x1b[31m",
		"escapes":     "\x1b]0;title\x07\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path := listen(t, Send(first), Silence())
			r := execAt(t, path).must(t, 3).
				says(t, "GreetingError: ").
				hints(t, "this is no QMP monitor. A guest agent is reached with --agent.")
			if strings.ContainsAny(r.err, "\x1b\x07\x00") {
				t.Errorf("control characters of the server's reach stderr: %q", r.err)
			}
		})
	}
	execAt(t, listen(t, Close())).must(t, 3).
		hints(t, "the server closed the connection at once. A monitor behind a proxy or a server that ends does that.")
}

func TestHintAddressInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(Dir(t), "qmp.sock")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "connect", "--listen", path).must(t, 3).says(t, path+" is taken: it is no socket").
		hints(t, "only a dead socket of your own is replaced. Choose another path, or remove what stands there if nobody needs it.")
	if _, err := os.Stat(path); err != nil {
		t.Errorf("a file that was not ours: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address := l.Addr().String()
	run(t, "", "connect", "--listen", address).must(t, 3).hints(t, "another process listens at tcp:"+address+". Choose another address, or end that process.")
	run(t, "", "connect", "--listen", path+"-absent/x").must(t, 3).hints(t, "the folder for this socket does not exist.")
	run(t, "", "connect", "--listen", "192.0.2.1:4444").must(t, 3).hints(t, "192.0.2.1 is no address of this machine.")
}

func TestHintNobodyConnects(t *testing.T) {
	t.Parallel()
	path := filepath.Join(Dir(t), "qmp.sock")
	run(t, "", "connect", "--listen", "--timeout", "50ms", path).must(t, 4).
		hints(t, "nobody connected. Start QEMU with -qmp unix:"+path+",server=off.")
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket's file is left")
	}
}

func TestHintBadDescriptor(t *testing.T) {
	t.Parallel()
	const hint = "descriptor %d is no open socket: the program that starts qmpsh has to open it and pass it on."
	execAt(t, "fd:7777").must(t, 3).hints(t, fmt.Sprintf(hint, 7777))
	sh := child(t, nil, "exec", "-s", "fd:0", "query-status")
	sh.Stdin = strings.NewReader("")
	finish(t, sh).must(t, 3).hints(t, fmt.Sprintf(hint, 0))
}
