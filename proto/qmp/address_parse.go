package qmp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Most bytes that a socket's name may have: sockaddr_un holds 108, of which a path's last is a NUL.
const (
	maxSocketPath = 107
	maxAbstract   = 108 // with the '@', which stands for a NUL
)

// addressParser knows the text that it complains about.
type addressParser struct{ text string }

// fail makes the error. A hint repeats the text, so there is none for a text that a terminal must not get.
func (p addressParser) fail(problem, hint string) (Address, error) {
	if !utf8.ValidString(p.text) || strings.ContainsFunc(p.text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		hint = ""
	}
	return Address{}, &AddressError{Address: p.text, Problem: problem, Hint: hint}
}

// unix reads the path of a socket.
func (p addressParser) unix(path string) (Address, error) {
	if clean, option := cutQEMUOptions(path); option != "" {
		return p.fail(fmt.Sprintf("%q is an option for QEMU, not for its clients", option), "write "+unixForm(clean))
	}
	switch {
	case path == "":
		return p.fail("the socket's path is missing", "write unix:/path or unix:@name")
	case path == "@":
		return p.fail("the abstract name is missing", "write unix:@name")
	case path == "~" || strings.HasPrefix(path, "~/"):
		return p.fail("~ is not replaced here", "write $HOME"+path[1:])
	case path[0] == '@':
		if len(path) > maxAbstract {
			return p.fail(fmt.Sprintf("the abstract name has %d bytes, %d can be used", len(path)-1, maxAbstract-1), "")
		}
		return Address{Kind: Unix, Path: path}, nil
	case strings.HasPrefix(p.text, "unix://") && !strings.HasPrefix(path, "///"):
		name := strings.TrimLeft(path, "/")
		return p.fail("unix: is followed by a path, not by //", "write unix:/"+name+" or unix:./"+name)
	case strings.HasPrefix(path, "//"):
		path = "/" + strings.TrimLeft(path, "/") // unix:///path, as URLs have it: the same file
	}
	if strings.HasSuffix(path, "/") {
		return p.fail("it names a directory, not a socket", "")
	}
	if len(path) > maxSocketPath {
		return p.fail(fmt.Sprintf("the path has %d bytes, a Unix socket's can have %d", len(path), maxSocketPath),
			"change to its directory and write ./NAME, or use a shorter link to it")
	}
	return Address{Kind: Unix, Path: path}, nil
}

func unixForm(path string) string {
	if path == "" {
		return "unix:/path"
	}
	return "unix:" + path
}

// cutQEMUOptions finds the options that QEMU takes behind an address, such as ",server=on,wait=off". It returns the text
// before them and the options, "" if there are none: a path may well hold a comma.
func cutQEMUOptions(s string) (before, options string) {
	for at := range len(s) {
		if s[at] != ',' {
			continue
		}
		word := s[at+1:]
		if end := strings.IndexAny(word, ",="); end >= 0 {
			word = word[:end]
		}
		switch word {
		case "server", "wait", "nowait":
			return s[:at], s[at+1:]
		case "reconnect", "reconnect-ms", "nodelay", "telnet", "websocket", "abstract", "tight", "ipv4", "ipv6", "tls-creds",
			"tls-authz", "id", "to", "keep-alive", "mux", "pretty", "mode":
			if !strings.Contains(s[at:], "/") { // else it is rather a folder's name
				return s[:at], s[at+1:]
			}
		}
	}
	return s, ""
}

// hostPort reads the host and port behind "tcp:" or "tls:"; kind is "" if the address has no such word.
func (p addressParser) hostPort(kind, rest string) (Address, error) {
	prefix := kind
	if kind != "" {
		prefix += ":"
	}
	if strings.HasPrefix(rest, "//") {
		return p.fail("no // stands in an address", "write "+prefix+strings.Trim(rest, "/"))
	}
	if clean, option := cutQEMUOptions(rest); option != "" {
		return p.fail(fmt.Sprintf("%q is an option for QEMU, not for its clients", option), "write "+prefix+clean)
	}
	host, port, err := p.splitHostPort(prefix, rest)
	if err != nil {
		return Address{}, err
	}
	if !isDigits(port) {
		return p.fail(fmt.Sprintf("the port %q is not a number", port), p.perhapsPath())
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return p.fail("the port "+port+" is out of range, the highest is 65535", "")
	}
	a := Address{Kind: TCP, Host: host, Port: strconv.FormatUint(n, 10)}
	if kind == "tls" {
		a.Kind = TLS
	}
	return a, nil
}

// splitHostPort checks the form of host:port, and the host.
func (p addressParser) splitHostPort(prefix, rest string) (host, port string, err error) {
	fail := func(problem, hint string) (string, string, error) {
		_, err := p.fail(problem, hint)
		return "", "", err
	}
	colon := strings.LastIndexByte(rest, ':')
	if colon >= 0 {
		host, port = rest[:colon], rest[colon+1:]
	}
	switch {
	case rest == "":
		return fail("host and port are missing", "write "+prefix+"host:port")
	case isDigits(rest):
		return fail("the host is missing", "write "+prefix+"localhost:"+rest)
	case isIPv6(host) && isDigits(port):
		return fail("an IPv6 address needs brackets before a port", "write "+prefix+"["+host+"]:"+port)
	case isIPv6(rest):
		return fail("the port is missing", "write "+prefix+"["+rest+"]:PORT")
	case rest[0] == '[' && strings.IndexByte(rest, ']') < 0:
		return fail("the bracket is not closed", "")
	case colon < 0 || colon < strings.LastIndexByte(rest, ']'):
		return fail("the port is missing", "write "+prefix+rest+":PORT")
	case port == "":
		return fail("the port is missing", "write "+prefix+host+":PORT")
	case host == "":
		return fail("the host is missing", "write "+prefix+"localhost:"+port)
	case host[0] == '[' && host[len(host)-1] == ']':
		host = host[1 : len(host)-1]
		if _, zone, _ := strings.Cut(host, "%"); !isIPv6(host) || strings.ContainsFunc(zone, notInHost) {
			return fail(fmt.Sprintf("%q in brackets is not an IPv6 address", host), "")
		}
	case strings.ContainsFunc(host, notInHost):
		return fail(fmt.Sprintf("%q is not a host name", host), p.perhapsPath())
	}
	return host, port, nil
}

func notInHost(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune(`[]:/\,@"`, r) || r == unicode.ReplacementChar
}

// fd reads a descriptor's number.
func (p addressParser) fd(rest string) (Address, error) {
	switch n, err := strconv.ParseUint(rest, 10, 31); {
	case rest == "":
		return p.fail("the descriptor's number is missing", "write fd:3")
	case err != nil:
		return p.fail(fmt.Sprintf("%q is not a descriptor's number", rest), "")
	default:
		return Address{Kind: FD, FD: int(n)}, nil
	}
}

// bare reads what begins with none of the words and is no path: host:port, or a mistake.
func (p addressParser) bare() (Address, error) {
	s := p.text
	word, rest, named := strings.Cut(s, ":")
	switch lower := strings.ToLower(word); {
	case strings.TrimSpace(s) != s:
		return p.fail("it has white space around it", "")
	case strings.HasPrefix(s, "~"):
		return p.fail("~ is not replaced here", "write $HOME"+s[1:])
	case s[0] == '@':
		return p.fail("an abstract socket needs the word unix", "write unix:"+s)
	case named && lower != word && strings.Contains(" unix tcp tls fd ", " "+lower+" "):
		return p.fail("the word before the colon is written small", "write "+lower+":"+rest)
	case named && strings.HasPrefix(rest, "//"):
		return p.fail(fmt.Sprintf("%q is not a kind of address", word+"://"), "")
	case named && strings.HasPrefix(rest, "/"):
		return p.fail(fmt.Sprintf("%q is not a kind of address", word+":"), "write unix:"+rest)
	case strings.Contains(s, "path="):
		_, path, _ := strings.Cut(s, "path=")
		path, _, _ = strings.Cut(path, ",")
		return p.fail("these are options for QEMU, not for its clients", "write unix:"+path)
	case strings.Contains(s, "/"):
		return p.fail("a socket's path starts with / or ./", "write ./"+s)
	case named || isDigits(s) || isIPv6(s) || s[0] == '[' || isIPv4(s):
		return p.hostPort("", s)
	}
	if clean, option := cutQEMUOptions(s); option != "" {
		return p.fail(fmt.Sprintf("%q is an option for QEMU, not for its clients", option), "write ./"+clean)
	}
	return p.fail("it is neither a path nor a host with a port", "for a socket in this directory write ./"+s+", for a host "+s+":PORT")
}

// perhapsPath is the hint for something that may have been meant as a file.
func (p addressParser) perhapsPath() string {
	if strings.HasSuffix(p.text, ".sock") || strings.Contains(p.text, "/") {
		return "for a socket write ./" + p.text
	}
	return ""
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func isIPv6(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is6()
}

func isIPv4(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is4()
}
