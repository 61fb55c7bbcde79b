package cmd_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// authority signs certificates for one test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // the certificate's
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, file: filepath.Join(t.TempDir(), "ca.pem")}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "qmpsh's test authority"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a.cert, a.key = a.issue(template, a.file)
	return a
}

// issue signs a certificate, or makes the authority's own, and writes it to file.
func (a *authority) issue(template *x509.Certificate, file string) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore = time.Now().Add(-time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	a.must(err)
	a.must(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
	cert, err := x509.ParseCertificate(raw)
	a.must(err)
	return cert, key
}

// server writes a folder as QEMU's tls-creds-x509 wants it, for these names.
func (a *authority) server(names ...string) (dir string) {
	a.t.Helper()
	return a.serverUntil(time.Now().Add(time.Hour), names...)
}

// serverUntil is server with an end.
func (a *authority) serverUntil(end time.Time, names ...string) (dir string) {
	a.t.Helper()
	dir = a.t.TempDir()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		NotAfter:    end,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	_, key := a.issue(template, filepath.Join(dir, "server-cert.pem"))
	a.writeKey(key, filepath.Join(dir, "server-key.pem"))
	ca, err := os.ReadFile(a.file)
	a.must(err)
	a.must(os.WriteFile(filepath.Join(dir, "ca-cert.pem"), ca, 0o600))
	return dir
}

// client writes a client's certificate and key and returns their flags.
func (a *authority) client() (flags []string) {
	a.t.Helper()
	dir := a.t.TempDir()
	cert, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	_, key := a.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "qmpsh"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, cert)
	a.writeKey(key, keyFile)
	return []string{"--tls-cert", cert, "--tls-key", keyFile}
}

func (a *authority) writeKey(key *ecdsa.PrivateKey, file string) {
	a.t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	a.must(err)
	a.must(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
}

func (a *authority) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// tlsQEMU starts a QEMU whose monitor speaks TLS with the credentials in dir and
// returns its port on 127.0.0.1. verify says that it asks clients for a
// certificate.
func tlsQEMU(t testing.TB, dir string, verify bool) (port string) {
	t.Helper()
	n := FreePort(t, "127.0.0.1")
	onOff := map[bool]string{true: "on", false: "off"}
	p := QEMU(t,
		"-object", fmt.Sprintf("tls-creds-x509,id=tls0,dir=%s,endpoint=server,verify-peer=%s", dir, onOff[verify]),
		"-chardev", fmt.Sprintf("socket,id=c0,host=127.0.0.1,port=%d,server=on,wait=off,tls-creds=tls0", n),
		"-mon", "chardev=c0,mode=control")
	AwaitTCP(t, p, n)
	return strconv.Itoa(n)
}

// tlsRun runs a command against a TLS server on this machine.
func tlsRun(t *testing.T, port string, args ...string) result {
	t.Helper()
	return run(t, "", append(args, "exec", "-s", "tls:localhost:"+port, "query-status")...)
}

func TestLiveTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	port := tlsQEMU(t, ca.server("localhost"), false)
	tlsRun(t, port, "--tls-ca", ca.file).must(t, 0).prints(t, prelaunch)
	script := "query-status\nhuman-monitor-command command-line=" + strings.Repeat("x", 100_000) + "\nquery-status\n"
	r := run(t, script, "connect", "--tls-ca", ca.file, "tls:localhost:"+port).must(t, 0)
	if !strings.HasPrefix(r.out, prelaunch) || !strings.HasSuffix(r.out, prelaunch) {
		t.Errorf("the script lost something: %.1000v", r)
	}
}

func TestLiveTLSWithClientCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	port := tlsQEMU(t, ca.server("localhost"), true)
	flags := append(ca.client(), "--tls-ca", ca.file)
	tlsRun(t, port, flags...).must(t, 0).prints(t, prelaunch)
}

func TestHintMissingClientCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	port := tlsQEMU(t, ca.server("localhost"), true)
	tlsRun(t, port, "--tls-ca", ca.file).must(t, 3).
		hints(t, "the server hung up in the TLS handshake. QEMU asks for a client's certificate unless it runs with verify-peer=off: give one with --tls-cert and --tls-key.")

	stranger := newAuthority(t)
	flags := append(stranger.client(), "--tls-ca", ca.file)
	tlsRun(t, port, flags...).must(t, 3).
		hints(t, "the server hung up in the TLS handshake: it does not accept the certificate of --tls-cert. QEMU takes those that the authority in its ca-cert.pem has signed.")
}

func TestHintUnknownAuthority(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	port := tlsQEMU(t, ca.server("localhost"), false)
	const hint = "the server's certificate is signed by an authority that this machine does not know: name it with --tls-ca FILE."
	tlsRun(t, port).must(t, 3).hints(t, hint)
	tlsRun(t, port, "--tls-ca", newAuthority(t).file).must(t, 3).hints(t, hint)
}

func TestHintWrongServerName(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	port := tlsQEMU(t, ca.server("vm.example"), false)
	tlsRun(t, port, "--tls-ca", ca.file).must(t, 3).
		hints(t, "the server's certificate carries another name: give that name with --tls-server-name NAME.")
	tlsRun(t, port, "--tls-ca", ca.file, "--tls-server-name", "vm.example").must(t, 0).prints(t, prelaunch)
}

func TestHintExpiredCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	dir := ca.serverUntil(time.Now().Add(-time.Minute), "localhost")
	port := tlsPeer(t, dir)
	tlsRun(t, port, "--tls-ca", ca.file).must(t, 3).
		hints(t, "the server's certificate is not valid (expired, not yet valid, or not meant for servers).")
}

// tls: to a server that speaks plainly.
func TestHintServerWithoutTLS(t *testing.T) {
	t.Parallel()
	port := tcpQEMU(t, "127.0.0.1")
	tlsRun(t, port).must(t, 3).hints(t, "this server does not speak TLS: connect to tcp:localhost:"+port+".")
}

// Plain to a server that speaks TLS.
func TestHintServerWithTLS(t *testing.T) {
	t.Parallel()
	port := tlsQEMU(t, newAuthority(t).server("localhost"), false)
	run(t, "", "exec", "-s", "localhost:"+port, "query-status").must(t, 3).
		hints(t, "this server speaks TLS: connect to tls:localhost:"+port+".")
}

// QEMU waits for the socket between two bytes of a command, although TLS may hold
// more of them: the last record of every message has to be one byte.
func TestTLSLastRecordIsOneByte(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	records := make(chan string, 100)
	port := tlsPeer(t, ca.server("localhost"), func(_ context.Context, p *Peer) error {
		reply := map[string]string{"qmp_capabilities": "{}", "query-status": statusReply}
		if err := p.WriteMessage([]byte(QEMUGreeting)); err != nil {
			return err
		}
		for message, buf := "", make([]byte, 64<<10); ; {
			n, err := p.Conn().Read(buf) // one record
			if err != nil {
				return nil
			}
			message += string(buf[:n])
			if !strings.HasSuffix(message, "\n") {
				continue
			}
			records <- string(buf[:n])
			var command struct {
				Execute string
				ID      json.RawMessage
			}
			if err := json.Unmarshal([]byte(message), &command); err != nil {
				return err
			}
			message = ""
			if err := p.WriteMessage(fmt.Appendf(nil, `{"return": %s, "id": %s}`, reply[command.Execute], command.ID)); err != nil {
				return err
			}
		}
	})
	tlsRun(t, port, "--tls-ca", ca.file).must(t, 0).prints(t, statusReply+"\n")
	close(records)
	for last := range records {
		if last != "\n" {
			t.Errorf("the last record of a message is %q, want one line feed", last)
		}
	}
}

// tlsPeer serves a scripted peer with TLS on 127.0.0.1 and returns its port.
func tlsPeer(t *testing.T, dir string, steps ...Step) (port string) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "server-cert.pem"), filepath.Join(dir, "server-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	l := serve(t, "tcp", "127.0.0.1:0", serviceFunc(func(ctx context.Context, conn net.Conn) error {
		secure := tls.Server(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return conn.Close() // the client's to judge
		}
		return Scenario(steps).Serve(ctx, secure)
	}))
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}
