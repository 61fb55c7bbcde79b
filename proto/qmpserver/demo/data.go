package demo

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

// The schema of a real QEMU 7.2 for x86_64, the value of "return" as it came,
// compressed. It was captured, and can be again, by
//
//	printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"query-qmp-schema"}' '{"execute":"quit"}' |
//	  qemu-system-x86_64 -M q35,accel=tcg -nodefaults -display none -S -qmp stdio |
//	  sed -n '3s/^{"return": \(.*\)}\r$/\1/p' | gzip -9n > proto/qmpserver/demo/data/schema.json.gz
//
//go:embed data/schema.json.gz
var schemaFile []byte

// The names of all commands of that QEMU, one a line, in the order of its query-commands; " oob" follows where the schema
// says allow-oob, " needs" where it has an argument that must be given. They stand apart so that a command without
// arguments does not unpack the schema.
//
//go:embed data/commands.txt
var commandsFile string

// Replies that never change: a command's name and the value of "return" on each
// line. They come from that QEMU with the demo's machine; names of nodes, thread
// ids, counters and the monitor's address were made the demo's own.
//
//go:embed data/replies.txt
var repliesFile string

// rawSchema unpacks the schema: about a millisecond, and only when somebody asks.
func rawSchema() (json.RawMessage, error) {
	z, err := gzip.NewReader(bytes.NewReader(schemaFile))
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	return bytes.TrimSpace(raw), nil
}

// readSchema indexes the schema: another millisecond.
func readSchema() (*qapi.Schema, error) {
	raw, err := rawSchema()
	if err != nil {
		return nil, err
	}
	return qapi.Parse(raw)
}

// traits are what commandsFile says of a command.
type traits struct {
	oob   bool // may come out of band
	needs bool // has an argument that must be given
}

// knows reports whether QEMU 7.2 has a command, and what is to be known of it.
func knows(name string) (t traits, known bool) {
	for line := range strings.Lines(commandsFile) {
		if words := strings.Fields(line); words[0] == name {
			return traits{slices.Contains(words, "oob"), slices.Contains(words, "needs")}, true
		}
	}
	return traits{}, false
}

// commandList is the reply to query-commands.
func commandList() any {
	type entry struct {
		Name string `json:"name"`
	}
	var list []entry
	for line := range strings.Lines(commandsFile) {
		name, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		list = append(list, entry{name})
	}
	return list
}

// fixedReply returns a reply that never changes.
func fixedReply(name string) (json.RawMessage, bool) {
	for line := range strings.Lines(repliesFile) {
		if have, raw, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); have == name {
			return json.RawMessage(raw), true
		}
	}
	return nil, false
}

// fixedReplyNames gives the names that fixedReply knows.
func fixedReplyNames(yield func(string) bool) {
	for line := range strings.Lines(repliesFile) {
		if name, _, _ := strings.Cut(line, " "); !yield(name) {
			return
		}
	}
}
