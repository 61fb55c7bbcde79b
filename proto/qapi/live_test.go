package qapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// live is a session with a real server and its own schema.
type live struct {
	*qmp.Client
	schema *qapi.Schema
}

func connect(t *testing.T, path string) live {
	t.Helper()
	address, err := qmp.ParseAddress("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	c := qmp.NewClient(qmp.Options{})
	if err := c.Connect(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Disconnect(context.Background()) })
	raw, err := c.Execute(t.Context(), "query-qmp-schema", nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := qapi.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return live{c, s}
}

// servers runs a test against QEMU with a few devices, so that its answers are not empty, and the storage daemon.
func servers(t *testing.T, test func(t *testing.T, s live)) {
	t.Run("QEMU", func(t *testing.T) {
		t.Parallel()
		path, _ := qmptest.QMP(t, "-blockdev", "null-co,node-name=n0", "-device", "virtio-blk-pci,drive=n0,id=disk0",
			"-chardev", "ringbuf,id=ring0", "-object", "iothread,id=io0", "-netdev", "hubport,id=hub0,hubid=0",
			"-device", "e1000,netdev=hub0", "-object", "memory-backend-ram,id=m0,size=1M")
		test(t, connect(t, path))
	})
	t.Run("StorageDaemon", func(t *testing.T) {
		t.Parallel()
		path, _ := qmptest.StorageDaemon(t)
		test(t, connect(t, path))
	})
}

func TestLive_SchemaHoldsTheServersCommands(t *testing.T) {
	t.Parallel()
	servers(t, func(t *testing.T, s live) {
		raw, err := s.Execute(t.Context(), "query-commands", nil)
		if err != nil {
			t.Fatal(err)
		}
		var list []struct{ Name string }
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			if s.schema.Command(c.Name) == nil {
				t.Errorf("no %s", c.Name)
			}
		}
		if len(list) < 50 || len(list) > len(s.schema.Commands()) {
			t.Errorf("the server has %d commands, the schema %d", len(list), len(s.schema.Commands()))
		}
	})
}

// The words of QEMU's visitors and of its JSON parser.
var typeError = regexp.MustCompile(`^(Invalid parameter (type )?for|Invalid parameter '|Parameter '.*' (is unexpected|is missing|does not accept value|expects)|JSON parse error|QMP input )`)

func TestLive_AnswersAreWhatTheSchemaSays(t *testing.T) {
	t.Parallel()
	servers(t, func(t *testing.T, s live) {
		answers := 0
		for _, c := range s.schema.Commands() {
			if !strings.HasPrefix(c.Name, "query-") || c.Check(nil) != nil {
				continue
			}
			raw, err := s.Execute(t.Context(), c.Name, nil)
			if err != nil {
				if typeError.MatchString(desc(err)) {
					t.Errorf("%s: we take what the server does not: %v", c.Name, err)
				}
				continue
			}
			answers++
			if err := c.Returns.Check(raw); err != nil {
				t.Errorf("%s: %v\n%.300s", c.Name, err, raw)
			}
		}
		t.Logf("%d answers", answers)
		if answers < 8 {
			t.Errorf("only %d answers", answers)
		}
	})
}

func desc(err error) string {
	var e *qmp.ExecuteError
	if errors.As(err, &e) {
		return e.Desc
	}
	return ""
}

// Commands that change nothing, and others that fail for the server's state before they do: no such job, device, node.
func harmless(name string) bool {
	return strings.HasPrefix(name, "query-") || strings.HasPrefix(name, "block-job-") || strings.HasPrefix(name, "job-") ||
		strings.HasPrefix(name, "block-dirty-bitmap-") || slices.Contains([]string{"device_del", "qom-get", "qom-list",
		"qom-list-properties", "device-list-properties", "netdev_del", "object-del", "blockdev-del", "set_link",
		"block_set_io_throttle", "block-set-write-threshold", "x-blockdev-change", "block-export-del", "announce-self",
		"blockdev-snapshot-sync", "blockdev-change-medium", "ringbuf-write", "ringbuf-read", "chardev-remove"}, name)
}

var integers = regexp.MustCompile(`([:\[] ?)(42|4096|-1|9223372036854775807|18446744073709551615)\b`)

// narrow makes integers small: how wide they may be is not in the schema.
func narrow(args []byte) []byte { return integers.ReplaceAll(args, []byte("${1}1")) }

func TestLive_WhatWeTakeIsNoTypeErrorThere(t *testing.T) {
	t.Parallel()
	servers(t, func(t *testing.T, s live) {
		sent := 0
		for _, c := range s.schema.Commands() {
			if !harmless(c.Name) {
				continue
			}
			for _, sample := range qapitest.Samples(c) {
				sent++
				_, err := s.Execute(t.Context(), c.Name, narrow(sample.JSON))
				if text := desc(err); typeError.MatchString(text) {
					t.Errorf("%s %s: %s", c.Name, sample.JSON, text)
				} else if err != nil && text == "" {
					t.Fatalf("%s %s: %v", c.Name, sample.JSON, err)
				}
			}
		}
		t.Logf("%d sent", sent)
	})
}

func TestLive_WhatWeRefuseTheServerRefuses(t *testing.T) {
	t.Parallel()
	servers(t, func(t *testing.T, s live) {
		sent, exact := 0, 0
		for _, c := range s.schema.Commands() {
			// The first stands outside of command mode; the others check their arguments by themselves ('gen': false).
			if c.Name == "qmp_capabilities" || c.Name == "query-qmp-schema" || c.Open {
				continue
			}
			type place struct {
				fault qapi.Fault
				path  string
			}
			seen := map[place]bool{}
			for _, sample := range qapitest.Samples(c) {
				for _, m := range sample.Mutants() {
					// What is no object, or has a member twice, does not pass our own client.
					if at := (place{m.Fault, m.Path}); seen[at] || m.Path == "" || m.Fault == qapi.DuplicateMember {
						continue
					} else if seen[at] = true; c.Check(m.JSON) == nil {
						t.Errorf("%s %s: we take it", c.Name, m.JSON)
					}
					sent++
					_, err := s.Execute(t.Context(), c.Name, narrow(m.JSON))
					if judge(t, c.Name, m, err) {
						exact++
					}
				}
			}
		}
		t.Logf("%d sent, for %d the server names the same path", sent, exact)
		if exact < sent*9/10 {
			t.Error("that are too few")
		}
	})
}

// judge wants that the server refused m for the same member. It reports whether the server gave the same path: QEMU 7.2
// leaves the way out for values of enums and for unions, and calls some elements of arrays 'null'.
func judge(t *testing.T, command string, m qapitest.Mutant, err error) bool {
	t.Helper()
	text := desc(err)
	last := m.Path[strings.LastIndexByte(m.Path, '.')+1:]
	switch {
	case err == nil:
		t.Errorf("%s %s: the server takes it (%s)", command, m.JSON, m.Name)
	case text == "":
		t.Fatalf("%s %s: %v", command, m.JSON, err)
	case strings.Contains(text, "'"+m.Path+"'"):
		return true
	case !strings.Contains(text, last+"'") && !strings.Contains(text, "'null'"):
		t.Errorf("%s %.300s: we say %q, the server says: %s", command, m.JSON, m.Path, text)
	}
	return false
}

// The client would refuse some of these by itself, so they go over a bare socket.
func TestLive_JSONThatTheServersParserRefuses(t *testing.T) {
	t.Parallel()
	path, _ := qmptest.QMP(t)
	c := connect(t, path)
	check := c.schema.Command("qom-set").Check
	if err := c.Disconnect(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	ask := func(text string) string {
		if text != "" {
			if _, err := conn.Write([]byte(text + "\n")); err != nil {
				t.Fatal(err)
			}
		}
		answer, err := answers.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	ask("")
	ask(`{"execute":"qmp_capabilities"}`)
	for _, value := range append(slices.Clone(takenJSON), refusedJSON...) {
		args := `{"path":"/no","property":"p","value":` + value + `}`
		answer := ask(`{"execute":"qom-set","arguments":` + args + `}`)
		taken := strings.Contains(answer, "DeviceNotFound")
		if err := check([]byte(args)); (err == nil) != taken {
			t.Errorf("%.60s: we say %v, the server %s", value, err, answer)
		}
		// What QEMU's parser does not understand may leave it waiting for the end of something.
		for !strings.Contains(answer, `"id": "sync"`) {
			answer = ask("\xff" + `{"execute":"query-name","id":"sync"}`)
			for !strings.Contains(answer, `"id": "sync"`) {
				answer = ask("")
			}
		}
	}
}
