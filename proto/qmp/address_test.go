package qmp

import (
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto"
)

func TestE5_ParseAddress(t *testing.T) {
	for text, want := range map[string]Address{
		"/tmp/qmp.sock":            {Kind: Unix, Path: "/tmp/qmp.sock"},
		"//tmp/qmp.sock":           {Kind: Unix, Path: "/tmp/qmp.sock"},
		"./qmp.sock":               {Kind: Unix, Path: "./qmp.sock"},
		"../vm/qmp.sock":           {Kind: Unix, Path: "../vm/qmp.sock"},
		"/a b:c@d,e=f":             {Kind: Unix, Path: "/a b:c@d,e=f"},
		"/vm/a,id=7/qmp.sock":      {Kind: Unix, Path: "/vm/a,id=7/qmp.sock"},
		"unix:/tmp/qmp.sock":       {Kind: Unix, Path: "/tmp/qmp.sock"},
		"unix:///tmp/qmp.sock":     {Kind: Unix, Path: "/tmp/qmp.sock"},
		"unix:qmp.sock":            {Kind: Unix, Path: "qmp.sock"},
		"unix:@vm1":                {Kind: Unix, Path: "@vm1"},
		"localhost:4444":           {Kind: TCP, Host: "localhost", Port: "4444"},
		"vm-1.example:0080":        {Kind: TCP, Host: "vm-1.example", Port: "80"},
		"127.0.0.1:65535":          {Kind: TCP, Host: "127.0.0.1", Port: "65535"},
		"[::1]:4444":               {Kind: TCP, Host: "::1", Port: "4444"},
		"[fe80::1%eth0]:4444":      {Kind: TCP, Host: "fe80::1%eth0", Port: "4444"},
		"tcp:localhost:4444":       {Kind: TCP, Host: "localhost", Port: "4444"},
		"tcp:[::1]:0":              {Kind: TCP, Host: "::1", Port: "0"},
		"tls:vm.example:4444":      {Kind: TLS, Host: "vm.example", Port: "4444"},
		"tls:[::1]:4444":           {Kind: TLS, Host: "::1", Port: "4444"},
		"fd:3":                     {Kind: FD, FD: 3},
		"/" + fill(106):            {Kind: Unix, Path: "/" + fill(106)},
		"unix:@" + fill(107):       {Kind: Unix, Path: "@" + fill(107)},
		"/tmp/qmp.sock,serverless": {Kind: Unix, Path: "/tmp/qmp.sock,serverless"},
	} {
		got, err := ParseAddress(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := ParseAddress(got.String()); err != nil || again != got {
			t.Errorf("%q: written as %q, which reads %+v, %v", text, got, again, err)
		}
	}
}

func fill(n int) string { return strings.Repeat("x", n) }

func TestE5_BadAddressSaysWhatIsWrong(t *testing.T) {
	const option = `"server=on,wait=off" is an option for QEMU, not for its clients; `
	for text, want := range map[string]string{
		"":                                      "it is empty",
		"qmp.sock":                              "it is neither a path nor a host with a port; for a socket in this directory write ./qmp.sock, for a host qmp.sock:PORT",
		"vm/qmp.sock":                           "a socket's path starts with / or ./; write ./vm/qmp.sock",
		"~/qmp.sock":                            "~ is not replaced here; write $HOME/qmp.sock",
		"unix:~/q.sock":                         "~ is not replaced here; write $HOME/q.sock",
		"@vm1":                                  "an abstract socket needs the word unix; write unix:@vm1",
		"unix:":                                 "the socket's path is missing; write unix:/path or unix:@name",
		"unix:@":                                "the abstract name is missing; write unix:@name",
		"unix://vm/sock":                        "unix: is followed by a path, not by //; write unix:/vm/sock or unix:./vm/sock",
		"/tmp/":                                 "it names a directory, not a socket",
		"/tmp/q.sock\n":                         "it ends in a line break",
		"q\x1b[2J.sock":                         "it is neither a path nor a host with a port",
		"/tmp/\x00":                             "it holds a NUL byte",
		"unix:/tmp/q.sock,server=on,wait=off":   option + "write unix:/tmp/q.sock",
		"/tmp/q.sock,server,nowait":             `"server,nowait" is an option for QEMU, not for its clients; write unix:/tmp/q.sock`,
		"/tmp/q.sock,server=on,logfile=/tmp/x":  `"server=on,logfile=/tmp/x" is an option for QEMU, not for its clients; write unix:/tmp/q.sock`,
		"unix:,server=on,wait=off":              option + "write unix:/path",
		"tcp:localhost:4444,server=on,wait=off": option + "write tcp:localhost:4444",
		"localhost:4444,server=on,wait=off":     option + "write localhost:4444",
		"q.sock,server=on,wait=off":             option + "write ./q.sock",
		"socket,path=/tmp/q.sock,server=on":     "these are options for QEMU, not for its clients; write unix:/tmp/q.sock",
		"/" + fill(107):                         "the path has 108 bytes, a Unix socket's can have 107; change to its directory and write ./NAME, or use a shorter link to it",
		"unix:@" + fill(108):                    "the abstract name has 108 bytes, 107 can be used",
		"4444":                                  "the host is missing; write localhost:4444",
		":4444":                                 "the host is missing; write localhost:4444",
		"tcp:4444":                              "the host is missing; write tcp:localhost:4444",
		"tcp::4444":                             "the host is missing; write tcp:localhost:4444",
		"tcp:":                                  "host and port are missing; write tcp:host:port",
		"tls:":                                  "host and port are missing; write tls:host:port",
		"tcp:localhost":                         "the port is missing; write tcp:localhost:PORT",
		"localhost:":                            "the port is missing; write localhost:PORT",
		"127.0.0.1":                             "the port is missing; write 127.0.0.1:PORT",
		"::1":                                   "the port is missing; write [::1]:PORT",
		"[::1]":                                 "the port is missing; write [::1]:PORT",
		"[::1:4444":                             "the bracket is not closed",
		"::1:4444":                              "an IPv6 address needs brackets before a port; write [::1]:4444",
		"1:2:3:4:5:6:7:8:4444":                  "an IPv6 address needs brackets before a port; write [1:2:3:4:5:6:7:8]:4444",
		"[localhost]:4444":                      `"localhost" in brackets is not an IPv6 address`,
		"localhost:65536":                       "the port 65536 is out of range, the highest is 65535",
		"localhost:99999999999999999999":        "the port 99999999999999999999 is out of range, the highest is 65535",
		"localhost:-1":                          `the port "-1" is not a number`,
		"localhost:qmp":                         `the port "qmp" is not a number`,
		"vm:qmp.sock":                           `the port "qmp.sock" is not a number; for a socket write ./vm:qmp.sock`,
		"tcp:a b:1":                             `"a b" is not a host name`,
		"root@vm:22":                            `"root@vm" is not a host name`,
		"tcp://localhost:4444":                  "no // stands in an address; write tcp:localhost:4444",
		"http://localhost:4444/":                `"http://" is not a kind of address`,
		"socket:/tmp/q.sock":                    `"socket:" is not a kind of address; write unix:/tmp/q.sock`,
		"UNIX:/tmp/q.sock":                      "the word before the colon is written small; write unix:/tmp/q.sock",
		"Demo":                                  "it is neither a path nor a host with a port; for a socket in this directory write ./Demo, for a host Demo:PORT",
		"fd:":                                   "the descriptor's number is missing; write fd:3",
		"fd:-1":                                 `"-1" is not a descriptor's number`,
		"fd:x":                                  `"x" is not a descriptor's number`,
		"fd:99999999999":                        `"99999999999" is not a descriptor's number`,
		" localhost:4444":                       "it has white space around it",
	} {
		_, err := ParseAddress(text)
		var bad *AddressError
		if !errors.As(err, &bad) || bad.Address != text {
			t.Errorf("%q: got %v, want an AddressError", text, err)
			continue
		}
		got := bad.Problem
		if bad.Hint != "" {
			got += "; " + bad.Hint
		}
		if got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
		if strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("%q: the error has live control characters", text)
		}
	}
}

func TestE5_LongestSocketNamesWork(t *testing.T) {
	dir := shortDir(t)
	for _, text := range []string{filepath.Join(dir, fill(maxSocketPath-len(dir)-1)), "unix:@" + filepath.Join(dir, fill(maxAbstract-len(dir)-2))} {
		a, err := ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("unix", a.Path)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		l.Close()
		if _, err := ParseAddress(text + "x"); err == nil {
			t.Errorf("%s with one byte more is accepted", text)
		}
		if l, err := net.Listen("unix", a.Path+"x"); err == nil {
			l.Close()
			t.Errorf("%s: the system takes one byte more", text)
		}
	}
}

func TestE5_Endpoint(t *testing.T) {
	config := &tls.Config{ServerName: "other", MinVersion: tls.VersionTLS13}
	for text, want := range map[string]proto.Address{
		"unix:@x":        {Network: "unix", Addr: "@x"},
		"[::1]:4444":     {Network: "tcp", Addr: "[::1]:4444"},
		"tls:[::1]:4444": {Network: "tcp", Addr: "[::1]:4444", TLS: config},
	} {
		a, err := ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.endpoint(config)
		if err != nil || got.Network != want.Network || got.Addr != want.Addr || (got.TLS != nil) != (want.TLS != nil) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
		if got.TLS != nil && (got.TLS == config || got.TLS.ServerName != "other" || got.TLS.MinVersion != tls.VersionTLS13) {
			t.Errorf("%s: the TLS configuration is no copy", text)
		}
		if got, _ := a.endpoint(nil); (got.TLS != nil) != (want.TLS != nil) {
			t.Errorf("%s without a configuration: got %+v", text, got)
		}
	}
	for _, a := range []Address{{Kind: FD, FD: 3}, {}} {
		var bad *AddressError
		if _, err := a.endpoint(nil); !errors.As(err, &bad) {
			t.Errorf("%v: got %v, want an AddressError", a, err)
		}
	}
}

// FuzzParseAddress wants that every address that is accepted reads the same when it is written out.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"/tmp/qmp.sock", "./x", "unix:@name", "unix:///x", "localhost:4444", "[::1]:4444", "tls:host:1", "fd:3", "demo:x",
		"unix:/x,server=on", "::1:4444", "[fe80::1%e]:1", "unix:~", "path=", "[", "]:1", "a:b:c", "tcp://", "\xff:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			var bad *AddressError
			if !errors.As(err, &bad) || bad.Problem == "" || a != (Address{}) || strings.ContainsAny(err.Error(), "\x00\x1b\n") {
				t.Fatalf("%q: got %+v, %q", s, a, err)
			}
			return
		}
		if again, err := ParseAddress(a.String()); err != nil || again != a {
			t.Fatalf("%q: %+v is written as %q, which reads %+v, %v", s, a, a, again, err)
		}
		if len(a.Path) > maxAbstract || len(a.Path) > maxSocketPath && a.Path[0] != '@' || (a.Kind == Unix) != (a.Path != "") {
			t.Fatalf("%q: got %+v", s, a)
		}
		if _, err := a.endpoint(nil); (err == nil) != (a.Kind == Unix || a.Kind == TCP || a.Kind == TLS) {
			t.Fatalf("%q: %+v: %v", s, a, err)
		}
	})
}
