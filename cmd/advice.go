package cmd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

// advice says in one sentence or two what most likely helps. It is empty where
// the error alone says all there is to say.
func advice(o *options, absent *noSessionError) string {
	var (
		greeting    *qmp.GreetingError
		negotiation *qmp.NegotiationError
		sync        *qmp.AgentSyncError
		dns         *net.DNSError
	)
	err, addr := absent.err, absent.addr
	switch {
	case errors.As(err, &greeting):
		return greetingHint(o, greeting, addr)
	case errors.As(err, &sync):
		return "no guest agent answered. Is qemu-ga running in the guest, and is this its socket? A QMP monitor is reached without --agent."
	case errors.As(err, &negotiation):
		return negotiationHint(negotiation)
	case errors.As(err, &dns) && !dns.IsNotFound:
		return fmt.Sprintf("the name %s could not be looked up. Is the network up? An IP address needs no look-up.", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %s is not known. Check the spelling, or use the IP address.", dns.Name)
	case absent.listen:
		return listenHint(err, addr)
	case isTLS(err):
		return tlsHint(o, err, addr)
	case errors.Is(err, syscall.ENOENT):
		return fmt.Sprintf("no such socket. Start QEMU with %s.", qemuOption(addr))
	case errors.Is(err, syscall.ECONNREFUSED):
		return refusedHint(addr)
	case addr.Kind == qmp.Unix && (errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)):
		return permissionHint(addr)
	case addr.Kind == qmp.Unix && errors.Is(err, context.DeadlineExceeded): // a Unix socket lets us in at once, or its queue is full
		return heldHint + " Others wait for it already, so many that the queue is full."
	case addr.Kind == qmp.FD && (errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.ENOTSOCK)):
		return fmt.Sprintf("descriptor %d is no open socket: the program that starts qmpsh has to open it and pass it on.", addr.FD)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("nothing answered at %s within %v. Is the host up, and does a firewall drop the packets? --timeout gives it longer.", addr, o.timeout)
	}
	return ""
}

// listenHint is for --listen.
func listenHint(err error, addr endpoint) string {
	var occupied *proto.OccupiedError
	switch {
	case errors.As(err, &occupied):
		return "only a dead socket of your own is replaced. Choose another path, or remove what stands there if nobody needs it."
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("another process listens at %s. Choose another address, or end that process.", addr)
	case errors.Is(err, syscall.ENOENT):
		return "the folder for this socket does not exist."
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return "you may not listen there. Choose a folder that you may write to, or a port above 1023."
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("%s is no address of this machine.", addr.Host)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("nobody connected. Start QEMU with %s.", qemuOptionAs("server=off", addr))
	}
	return ""
}

// negotiationHint is for a server that has greeted. One that refuses has said why.
func negotiationHint(e *qmp.NegotiationError) string {
	if timedOut(e) {
		return stalledHint
	}
	return ""
}

const stalledHint = "the server began to speak and then fell silent: it may be stopped or very busy. --timeout gives it longer."

func greetingHint(o *options, e *qmp.GreetingError, addr endpoint) string {
	switch e.Kind {
	case qmp.HMPMonitor:
		return "this is an HMP monitor, made for people (-monitor). qmpsh needs a QMP monitor: start QEMU with " + qemuOption(addr) + "."
	case qmp.TLSServer:
		return fmt.Sprintf("this server speaks TLS: connect to tls:%s.", hostPort(addr))
	case qmp.VNCServer:
		return "this is a VNC server, not a QMP monitor."
	case qmp.Silent:
		if len(e.Received) > 0 {
			return stalledHint
		}
		return silentHint(o, addr)
	case qmp.Closed:
		if addr.Kind == qmp.TLS {
			return clientCertHint(o)
		}
		return "the server closed the connection at once. A monitor behind a proxy or a server that ends does that."
	}
	return "this is no QMP monitor. A guest agent is reached with --agent."
}

// silentHint tells a held monitor from other silent servers. QEMU serves one
// client at a time: the connection of a second one waits in the listener's
// queue, which the kernel shows.
func silentHint(o *options, addr endpoint) string {
	if addr.Kind == qmp.Unix {
		switch {
		case unixQueued(addr.Path):
			return heldHint
		case listenerName(addr.Path) == "qemu-ga":
			return "this is a guest agent: try --agent."
		}
		return "the server took the connection and sent no greeting. A guest agent's socket behaves so: try --agent."
	}
	tlsToo := ""
	if addr.Kind == qmp.TCP {
		tlsToo = fmt.Sprintf(" A server that speaks TLS is silent too: try tls:%s. A guest agent: try --agent.", hostPort(addr))
	}
	return heldHint + tlsToo
}

const heldHint = "either another client holds the monitor (QEMU serves one at a time): close that client, or give QEMU a second -qmp socket. Or QEMU itself is stopped or too busy to answer."

// unixQueued looks at the socket from outside: whether connections wait there
// that nobody has accepted, ours among them.
func unixQueued(path string) bool {
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(table)) {
		// Num RefCount Protocol Flags Type State Inode Path; a connection
		// that waits for accept has no inode yet.
		if f := strings.Fields(line); len(f) == 8 && f[6] == "0" && sameSocket(f[7], path) {
			return true
		}
	}
	return false
}

// sameSocket says whether a listener's name for its socket and ours may mean the same
// file. The kernel keeps the name that the listener gave, which may be relative to a
// folder that we do not know.
func sameSocket(listener, path string) bool {
	if listener == path {
		return true
	}
	if strings.HasPrefix(path, "@") || strings.HasPrefix(listener, "@") {
		return false
	}
	if !filepath.IsAbs(listener) {
		return filepath.Base(listener) == filepath.Base(path)
	}
	here, err := filepath.Abs(path)
	return err == nil && here == filepath.Clean(listener)
}

// listenerName connects once more to learn who listens: the kernel gives the
// peer's credentials without the peer's help. It must not be asked of a listener
// whose queue is in use: the place there is taken until the listener accepts.
func listenerName(path string) string {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return ""
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return ""
	}
	var name string
	raw.Control(func(fd uintptr) {
		cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		if err != nil {
			return
		}
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cred.Pid))
		if err == nil {
			name = strings.TrimSpace(string(comm))
		}
	})
	return name
}

func refusedHint(addr endpoint) string {
	if addr.Kind != qmp.Unix {
		return fmt.Sprintf("nobody listens on %s. Start QEMU with %s.", hostPort(addr), qemuOption(addr))
	}
	if strings.HasPrefix(addr.Path, "@") {
		return fmt.Sprintf("nobody listens on this name. Start QEMU with %s.", qemuOption(addr))
	}
	if info, err := os.Stat(addr.Path); err == nil && info.Mode()&os.ModeSocket == 0 {
		return addr.Path + " is no socket. The address is the path that follows unix: in QEMU's -qmp option."
	}
	return fmt.Sprintf("nobody listens on this socket: the file is left from a QEMU that has ended. Start QEMU again with %s.", qemuOption(addr))
}

func permissionHint(addr endpoint) string {
	owner := ""
	if info, err := os.Stat(addr.Path); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			owner = fmt.Sprintf(" The socket belongs to %s (%s).", userName(int(st.Uid)), info.Mode().Perm())
		}
	}
	return "you may not open this socket." + owner + " Run qmpsh as its owner, for example with sudo -u, or change the socket's mode."
}

func isTLS(err error) bool {
	var (
		record *tls.RecordHeaderError
		header tls.RecordHeaderError
		alert  tls.AlertError
		verify *tls.CertificateVerificationError
	)
	return errors.As(err, &record) || errors.As(err, &header) || errors.As(err, &alert) ||
		errors.As(err, &verify) || operation(err) == "remote error"
}

// operation names what failed in the network. crypto/tls reports an alert of the
// other side as one too.
func operation(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op
	}
	return ""
}

// clientCertHint is for a server that hangs up when it has seen the client's
// certificate. With TLS 1.3 that is after the client takes the handshake for done.
func clientCertHint(o *options) string {
	if o.tls.cert == "" {
		return "the server hung up in the TLS handshake. QEMU asks for a client's certificate unless it runs with verify-peer=off: give one with --tls-cert and --tls-key."
	}
	return "the server hung up in the TLS handshake: it does not accept the certificate of --tls-cert. QEMU takes those that the authority in its ca-cert.pem has signed."
}

func tlsHint(o *options, err error, addr endpoint) string {
	var (
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &record):
		return fmt.Sprintf("this server does not speak TLS: connect to tcp:%s.", hostPort(addr))
	case errors.As(err, &authority):
		return "the server's certificate is signed by an authority that this machine does not know: name it with --tls-ca FILE."
	case errors.As(err, &name):
		return "the server's certificate carries another name: give that name with --tls-server-name NAME."
	case errors.As(err, &invalid):
		return "the server's certificate is not valid (expired, not yet valid, or not meant for servers)."
	}
	return clientCertHint(o)
}

// qemuOption is the option that makes QEMU listen at addr.
func qemuOption(addr endpoint) string { return qemuOptionAs("server=on,wait=off", addr) }

// qemuOptionAs is qemuOption for either side of a connection.
func qemuOptionAs(side string, addr endpoint) string {
	const chardev = "-chardev socket,id=qmp,%s,%s -mon chardev=qmp,mode=control"
	switch addr.Kind {
	case qmp.Unix:
		if name, ok := strings.CutPrefix(addr.Path, "@"); ok {
			return fmt.Sprintf(chardev, "path="+name+",abstract=on", side)
		}
		return fmt.Sprintf("-qmp unix:%s,%s", addr.Path, side)
	case qmp.TLS:
		return fmt.Sprintf(chardev, "host="+addr.Host+",port="+addr.Port, side+",tls-creds=ID")
	case qmp.TCP:
		if strings.Contains(addr.Host, ":") { // -qmp takes no IPv6 address
			return fmt.Sprintf(chardev, "host="+addr.Host+",port="+addr.Port, side)
		}
		return fmt.Sprintf("-qmp tcp:%s,%s", hostPort(addr), side)
	}
	return "-qmp unix:/tmp/qmp.sock," + side
}

func hostPort(addr endpoint) string { return net.JoinHostPort(addr.Host, addr.Port) }
