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
