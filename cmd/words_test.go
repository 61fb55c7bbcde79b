package cmd_test

import (
	"strings"
	"testing"
)

// What cobra says of words that it does not take shows no secret among them.
func TestSecretsInWordsThatAreNotTaken(t *testing.T) {
	for _, args := range [][]string{
		{"exec", "-phunter2"}, {"exec", "set_password", "protocol=vnc", "-phunter2"}, {"exec", "--password=hunter2"},
		{"set_password vnc hunter2"}, {"password=hunter2"}, {"exec", "--timeout=password=hunter2", "x"},
		{"help", "password=hunter2"}, {"completion", "password=hunter2"}, {"cache", "password=hunter2"}, {"version", "password=hunter2"},
		{"describe", "--nosuch", "password=hunter2"}, {"exec", "--color=password=hunter2", "x"}, {"exec", "-o", "password=hunter2", "x"},
	} {
		r := run(t, "", args...)
		if strings.Contains(r.out+r.err, "unter2") {
			t.Errorf("%q: %s%s", args, r.out, r.err)
		}
	}
}

// A server that repeats a secret in an event, or with escapes in an error, does not get it shown.
func TestSecretsThatAServerRepeats(t *testing.T) {
	d := newDesk(t)
	d.set("set_password", `{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "ECHO", "data": {"line": "set_password vnc hunt\u00e9r2", "other": "seen"}}`+"\r\n"+
		`{"error": {"class": "GenericError", "desc": "no {\"password\": \"hunt\\u00e9r2\"} here"}, "id": %s}`)
	r := run(t, "set_password protocol=vnc password=huntér2\n", "connect", "-s", d.path, "--keep-going")
	for _, line := range strings.Split(r.err, "\n") {
		if strings.Contains(line, "hunt") {
			t.Errorf("stderr: %s", line)
		}
	}
	for _, want := range []string{"ECHO", "seen", "***"} {
		if !strings.Contains(r.err, want) {
			t.Errorf("stderr lacks %s: %s", want, r.err)
		}
	}
}
