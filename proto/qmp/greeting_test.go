package qmp

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestQ1_ParseGreeting(t *testing.T) {
	raw := `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian 1:7.2"}, "capabilities": ["oob", "new"]}}`
	m, err := ParseMessage([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	g, err := parseGreeting(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Version{Major: 7, Minor: 2, Micro: 22, Package: "Debian 1:7.2"}); g.Version != want || string(g.Raw) != raw {
		t.Errorf("got %+v", g)
	}
	if !slices.Equal(g.Capabilities, []string{"oob", "new"}) || !g.Offers("oob") || g.Offers("x") {
		t.Errorf("got capabilities %q", g.Capabilities)
	}
	if g.Version.String() != "7.2.22 (Debian 1:7.2)" || (Version{Major: 9}).String() != "9.0.0" {
		t.Errorf("got version %s", g.Version)
	}
}

func TestQ1_ParseGreetingRefuses(t *testing.T) {
	const version = `"version": {"qemu": {"major": 7}}`
	for raw, want := range map[string]string{
		`{"return": {}}`: "the member QMP is missing",
		`{"QMP": 1}`:     "cannot unmarshal",
		`{"QMP": {}}`:    "QMP.version.qemu is missing",
		`{"QMP": {"version": {}, "capabilities": []}}`:     "QMP.version.qemu is missing",
		`{"QMP": {` + version + `}}`:                       "QMP.capabilities is missing",
		`{"QMP": {` + version + `, "capabilities": null}}`: "QMP.capabilities is missing",
		`{"QMP": {` + version + `, "capabilities": {}}}`:   "cannot unmarshal",
	} {
		m, err := ParseMessage([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		_, err = parseGreeting(m)
		var bad *GreetingError
		if !errors.As(err, &bad) || bad.Kind != NotQMP || string(bad.Received) != raw || !strings.Contains(bad.Err.Error(), want) {
			t.Errorf("%s: got %v, want %s", raw, err, want)
		}
	}
}

func TestQ1_SniffTellsServersApart(t *testing.T) {
	for received, want := range map[string]GreetingKind{
		"QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ": HMPMonitor,
		"Q":                        NotJSON,
		"QEMU 7.2":                 HMPMonitor,
		"\x1b[K(qemu) ":            HMPMonitor,
		"\x15\x03\x01\x00\x02\x02": TLSServer,
		"\x15":                     TLSServer,
		"\x16\x03\x03":             TLSServer,
		"\x15\x04":                 NotJSON,
		"RFB 003.008\n":            VNCServer,
		"HTTP/1.1 400 Bad Request": NotJSON,
		"SSH-2.0-OpenSSH":          NotJSON,
		"":                         NotJSON,
	} {
		if got := sniffGreeting([]byte(received)); got != want {
			t.Errorf("%q: got %v, want %v", received, got, want)
		}
	}
}
