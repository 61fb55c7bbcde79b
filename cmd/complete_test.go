package cmd_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	. "github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// What follows the last candidate: no files; no space behind a key.
const (
	noFiles = ":4"
	noSpace = ":6"
)

// candidates asks for completions as a user's shell does.
func candidates(t *testing.T, args ...string) (texts []string, directive string) {
	t.Helper()
	at := 0
	if i := slices.Index(args, "--"); i >= 0 { // global flags before the request
		at, args = i, slices.Delete(slices.Clone(args), i, i+1)
	}
	r := run(t, "", slices.Insert(args, at, "__complete")...).must(t, 0)
	lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
	for _, line := range lines[:len(lines)-1] {
		text, _, _ := strings.Cut(line, "\t")
		texts = append(texts, text)
	}
	if !strings.HasPrefix(r.err, "Completion ended with directive: ") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("it is not silent: %v", r)
	}
	return texts, lines[len(lines)-1]
}

// wantCandidates asks again when nothing is offered: on a busy machine an answer may take longer than a user waits for it.
func wantCandidates(t *testing.T, directive string, want []string, args ...string) {
	t.Helper()
	var got []string
	var ends string
	failure := func() string { return fmt.Sprintf("%q: got %q %s, want %q %s", args, got, ends, want, directive) }
	poll(t, func() bool {
		got, ends = candidates(t, args...)
		return len(got) > 0 || want == nil
	}, failure)
	if !slices.Equal(got, want) || ends != directive {
		t.Error(failure())
	}
}

func TestCompleteOffline(t *testing.T) {
	t.Parallel()
	file := schemaFile(t)
	for _, c := range []struct {
		words, last string
		directive   string
		want        []string
	}{
		{"", "query-block", noFiles, []string{"query-block", "query-block-exports", "query-block-jobs", "query-blockstats"}},
		{"device_add", "dr", noSpace, []string{"driver="}},
		{"block-dirty-bitmap-add", "", noSpace, []string{"name=", "node=", "disabled=", "granularity=", "persistent="}},
		{"block-dirty-bitmap-add name=x", "n", noSpace, []string{"node="}},
		{"blockdev-add", "driver=qco", noFiles, []string{"driver=qcow", "driver=qcow2"}},
		{"blockdev-add driver=raw", "file.driver=vv", noFiles, []string{"file.driver=vvfat"}},
		{"set_link name=x", "up=", noFiles, []string{"up=off", "up=on"}},
		{"nosuch", "a", noFiles, nil},
		{"query-status", "", noFiles, nil},
	} {
		args := append([]string{"exec", "--schema", file}, strings.Fields(c.words)...)
		wantCandidates(t, c.directive, c.want, append(args, c.last)...)
	}
	wantCandidates(t, noFiles, []string{"query-block-exports", "query-block-jobs"}, "describe", "--schema", file, "query-block-")
	wantCandidates(t, noFiles, nil, "describe", "--schema", file, "query-status", "")
	wantCandidates(t, noFiles, nil, "exec", "--schema", file+".no", "query-s")
}

// Whatever keeps the server from answering, nothing is said and nothing is offered.
func TestCompleteStaysSilent(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string][]Step{
		"held by another client": {Silence()},
		"held later":             {Greet(), Silence()},
		"busy":                   {Negotiate(), Expect("query-qmp-schema"), ExpectEnd()},
		"without a schema":       {Negotiate(), Expect("query-qmp-schema"), ReplyError("CommandNotFound", "no"), ExpectEnd()},
		"nonsense":               {Send("SSH-2.0-OpenSSH\r\n"), Silence()},
		"gone":                   {Negotiate(), Expect("query-qmp-schema"), Close()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCandidates(t, noFiles, nil, "exec", "-s", listen(t, steps...), "query-s")
		})
	}
	wantCandidates(t, noFiles, nil, "exec", "-s", "/no/such/socket", "query-s")
	wantCandidates(t, noFiles, nil, "exec", "-s", "nonsense", "query-s")
	wantCandidates(t, noFiles, nil, "exec", "query-s")
	wantCandidates(t, noFiles, nil, "describe", "-s", "/no/such/socket", "query-s")
}

// What lives on a server that says nothing more is not waited for longer than the
// rest.
func TestCompleteWithoutLiveValues(t *testing.T) {
	t.Parallel()
	path := listen(t, Negotiate(), Expect("query-qmp-schema"), Reply(string(qapitest.RawQEMU(t))), Silence())
	wantCandidates(t, noFiles, nil, "exec", "-s", path, "block-dirty-bitmap-add", "node=")
}

func TestLiveComplete(t *testing.T) {
	t.Parallel()
	path, _ := QMP(t, "-blockdev", "null-co,node-name=disk7,size=1048576", "-device", "virtio-rng-pci,id=rng0",
		"-object", "memory-backend-ram,id=mem1,size=1048576")
	// A busy machine may need longer than a user waits for it. Then nothing is offered,
	// and never anything else.
	for _, c := range []struct {
		directive string
		want      string
		words     []string
	}{
		{noSpace, "driver=", []string{"device_add", "dr"}},
		{noFiles, "node=disk7", []string{"block-dirty-bitmap-add", "node=d"}},
		{noFiles, "id=rng0", []string{"device_del", "id=rn"}},
		{noFiles, "id=mem1", []string{"object-del", "id="}},
	} {
		poll(t, func() bool {
			got, ends := candidates(t, append([]string{"exec", "-s", path}, c.words...)...)
			return slices.Contains(got, c.want) && ends == c.directive
		}, func() string { return c.want + " is not offered" })
	}
}

// Addresses complete to sockets, also behind unix:, where a shell's own completion of
// files does not look.
func TestCompleteAddresses(t *testing.T) {
	dir := Dir(t)
	t.Chdir(dir)
	l, err := net.Listen("unix", "vm.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := errors.Join(os.WriteFile("vm.log", nil, 0o600), os.Mkdir("vms", 0o700)); err != nil {
		t.Fatal(err)
	}
	for last, want := range map[string][]string{
		"vm":                    {"vm.sock", "vms/"},
		"unix:vm":               {"unix:vm.sock", "unix:vms/"},
		"unix:" + dir + "/vm.s": {"unix:" + dir + "/vm.sock"},
		"uni":                   {"unix:"},
		"d":                     {"demo:"},
	} {
		for _, args := range [][]string{{"exec", "-s", last}, {"connect", last}} {
			if got, _ := candidates(t, args...); !slices.Equal(got, want) {
				t.Errorf("%q: got %q, want %q", args, got, want)
			}
		}
	}
}

// An agent's commands complete too.
func TestCompleteOfAGuestAgent(t *testing.T) {
	t.Parallel()
	path := listen(t, AgentSync(), AnswerAll(map[string]string{"guest-info": guestInfo}))
	wantCandidates(t, noFiles, []string{"guest-ping"}, "exec", "--agent", "-s", path, "guest-p")
}

// Inside an open quote of bash's there are completions as well.
func TestCompleteInBashInsideAQuote(t *testing.T) {
	t.Parallel()
	bash := Require(t, "bash")
	script := run(t, "", "completion", "bash").must(t, 0).out
	for _, word := range []string{"query-statu", "'query-statu", `"query-statu`} {
		var out []byte
		poll(t, func() bool {
			c := exec.Command(bash, "-c", script+`
			_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
			COMP_WORDS=(qmpsh exec -s demo: "$1") COMP_CWORD=4 COMP_TYPE=9
			__start_qmpsh
			printf '%s\n' "${COMPREPLY[@]}"`, "bash", word)
			var err error
			if out, err = c.Output(); err != nil {
				t.Fatal(err)
			}
			return len(bytes.TrimSpace(out)) > 0 // as in wantCandidates
		}, func() string { return word + ": nothing is offered" })
		if strings.TrimSpace(string(out)) != "query-status" {
			t.Errorf("%s: %q", word, out)
		}
	}
}
