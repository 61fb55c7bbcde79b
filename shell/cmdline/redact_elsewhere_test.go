package cmdline

import (
	"strings"
	"testing"
)

// Lines from elsewhere, and JSON that is not quite a command, are masked as well, in every text that is made of them.
func TestSecretsInLinesFromElsewhere(t *testing.T) {
	for _, line := range []string{
		`object-add qom-type=secret,id=s,data=hunter2`, `object-add qom-type="secret,id=s,data=hunter2"`, `obj_add secret,id=s,data=hunter2`,
		`obj-add qom-type=secret id=s data=hunter2`, `add-object id=s data=hunter2 qom-type=secret`, "object\u200b-add qom-type=secret id=s data=hunter2",
		`$ sudo qmpsh -s /tmp/x.sock exec -v --debug object-add id=s data=hunter2`, `setpw vnc hunter2`, `set-vnc-pw hunter2`,
		`"set_password vnc hunter2"`, `'set_password vnc hunter2'`, `exec "object-add qom-type=secret id=s data=hunter2"`,
		`virsh qemu-monitor-command vm1 '{"execute":"object-add","arguments":{"qom-type":"secret","data":"hunter2"}}'`,
		`echo '{"execute":"set_password","arguments":{"protocol":"vnc","password":"hunter2"}}' | socat - unix:/x`,
		`guest-exec path=/bin/mysql arg=["--password", "hunter2"]`,
		`[{"execute": "set_password", "arguments": {"protocol": "vnc", "pw": "hunter2"}}]`,
		`{"execute": "set_password", "arguments": {"pw": "hunter2"}} {"execute": "query-status"}`,
		`{"execute": "set_password", "args": {"protocol": "vnc", "p": "hunter2"}}`, `{"execute": "set_password", "protocol": "vnc", "p": "hunter2"}`,
		`{"command": "set_password", "arguments": {"protocol": "vnc", "p": "hunter2"}}`, `{"execute": "object-add", "qom-type": "secret", "data": "hunter2"}`,
		`{"execute": "set_password vnc hunter2"}`, `{"execute": "object-add qom-type=secret data=hunter2", "arguments": {}}`,
		`{"execute": "object-create", "arguments": {"data": "hunter2", "qom-type": "secret"}}`,
		`{"execute": "object-add", "arguments": {"qom-type": "secret,id=s,data=hunter2"}}`,
	} {
		if got := Redact(line) + Recallable(line); strings.Contains(got, "hunter") {
			t.Errorf("%s is shown as %s", line, got)
		}
		if got := string(RedactMessage([]byte(line))); (line[0] == '{' || line[0] == '[') && strings.Contains(got, "hunter") {
			t.Errorf("%s is sent as %s", line, got)
		}
		if _, err := Parse(line); err != nil {
			checkSilent(t, line, "hunter2", err)
		}
	}
	for _, line := range []string{
		`exec "query-status"`, `object-add qom-type=memory-backend-ram,id=m,size=1G`, `.describe "a b"`, `guest-exec path=/bin/ls arg=["--all", "x"]`,
		`{"execute": "object-add", "arguments": {"qom-type": "iothread", "id": "secret"}, "id": 7}`, `{"execute": "query-status", "id": "pw"}`,
		`[{"execute": "query-status", "args": {"a": "b"}}]`, `{"return": "change password", "id": 1}`,
	} {
		if got := Redact(line); got != line {
			t.Errorf("%s is shown as %s", line, got)
		}
	}
}

// The value of a secret's property is one too, in the answer that brings it and behind that.
func TestSecretsThatWereAskedFor(t *testing.T) {
	for _, asked := range []string{
		`{"execute": "qom-get", "arguments": {"path": "/objects/s", "property": "data"}, "id": "a-1"}`,
		`{"execute": "human-monitor-command", "arguments": {"command-line": "qom-get /objects/s data"}, "id": "a-1"}`,
	} {
		var s Secrets
		s.Sent([]byte(asked))
		other := `{"return": "hunter2", "id": "a-2"}`
		if got := string(s.Received([]byte(other))); got != other {
			t.Errorf("%s: the answer to something else is shown as %s", asked, got)
		}
		for _, answer := range []string{`{"return": "hunter2", "id": "a-1"}`, `{"return": "\"hunter2\"\r\n", "id": "a-1"}`} {
			s.Sent([]byte(asked))
			if got := string(s.Received([]byte(answer))); strings.Contains(got, "hunter") {
				t.Errorf("%s: the answer is shown as %s", asked, got)
			}
		}
		if got := s.Text("it was hunter2"); got != "it was ***" {
			t.Error(got)
		}
	}
	var s Secrets
	s.Sent([]byte(`{"execute": "qom-get", "arguments": {"path": "/objects/s", "property": "loaded"}, "id": "a-1"}`))
	if answer := `{"return": "yes it is", "id": "a-1"}`; string(s.Received([]byte(answer))) != answer {
		t.Error("a harmless property is masked")
	}
}
