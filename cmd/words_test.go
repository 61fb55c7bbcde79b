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
