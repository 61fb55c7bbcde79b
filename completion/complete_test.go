package completion

import (
	"slices"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
)

// fakeLive knows what it holds, and nothing of the rest.
type fakeLive map[Query][]Value

func (f fakeLive) Values(q Query) ([]Value, bool) {
	list, known := f[q]
	return list, known
}

func boolType() *qapi.Type { return &qapi.Type{Kind: qapi.KindBool} }

// testEnv has the schema of QEMU 7.2 and a few things that live on a server.
func testEnv(t testing.TB) Env {
	return Env{
		Schema: qapitest.QEMU(t),
		Live: fakeLive{
			{Kind: Devices}:                    {{Text: "disk0", Label: "virtio-blk-pci"}, {Text: "net1", Label: "e1000"}},
			{Kind: Nodes}:                      {{Text: "#block042", Label: "file"}, {Text: "a b", Label: "raw"}, {Text: "n0", Label: "qcow2"}},
			{Kind: Backends}:                   {{Text: "drive0", Label: "qcow2"}},
			{Kind: Jobs}:                       {{Text: "job0", Label: "mirror, ready"}},
			{Kind: Bitmaps}:                    {{Text: "b0"}, {Text: "b1"}},
			{Kind: Bitmaps, Of: "n0"}:          {{Text: "b1", Label: "of n0"}},
			{Kind: Chardevs}:                   {{Text: "c0", Label: "null"}},
			{Kind: Netdevs}:                    {{Text: "un0", Label: "user"}},
			{Kind: Nics}:                       {{Text: "e1", Label: "nic"}, {Text: "un0", Label: "user"}},
			{Kind: Objects}:                    {{Text: "mem0", Label: "memory-backend-ram"}},
			{Kind: Exports}:                    {{Text: "ex0", Label: "nbd of n0"}},
			{Kind: Children, Of: "/"}:          {{Text: "machine"}, {Text: "objects"}},
			{Kind: Children, Of: "/machine"}:   {{Text: "peripheral"}, {Text: "unattached"}},
			{Kind: ObjectProperties, Of: "/m"}: {{Text: "realized", Label: "bool", Type: boolType()}, {Text: "type", Label: "string"}},
		},
		Devices: fakeLive{
			{Kind: DeviceTypes}: {{Text: "virtio-blk-pci"}, {Text: "virtio-net-pci"}},
			{Kind: Properties, Of: "virtio-net-pci"}: {
				{Text: "mq", Label: "bool", Type: boolType()}, {Text: "netdev", Label: "str", Type: &qapi.Type{Kind: qapi.KindString}},
				{Text: "memdev", Label: "link<memory-backend>"}, {Text: "bus", Label: "str"},
			},
		},
		Words: []Word{
			{Name: ".describe", Does: "what the schema says", Takes: TakesCommands | TakesEvents | TakesDevices},
			{Name: ".events", Does: "events", Takes: TakesEvents, Choices: []string{"on", "off"}},
			{Name: ".json", Does: "the message", Takes: TakesLine},
			{Name: ".source", Does: "run a file", Takes: TakesFiles},
			{Name: ".wait", Does: "wait", Takes: TakesEvents | TakesData},
			{Name: "help", Does: "help"},
		},
		Files: func(prefix string) []Candidate {
			var list []Candidate
			for _, f := range []Candidate{{Text: "/vm/"}, {Text: "/vm/a b", Final: true}, {Text: "/vm/x.qcow2", Final: true}} {
				if strings.HasPrefix(f.Text, prefix) && !(prefix == "/vm/" && f.Text == prefix) {
					list = append(list, f)
				}
			}
			return list
		},
	}
}

// split takes the cursor, a ¦, out of text.
func split(text string) (string, int) {
	before, behind, _ := strings.Cut(text, "¦")
	return before + behind, len(before)
}

func texts(list []Candidate) []string {
	found := make([]string, len(list))
	for i, c := range list {
		found[i] = c.Text
	}
	return found
}

// places are texts with the cursor at ¦, and what is offered there: all of it, or with "…" at the end the first of it.
var places = []struct{ name, text, want string }{
	{"command", "query-stat¦", "query-stats query-stats-schemas query-status"},
	{"command behind space", "   query-cpu-d¦", "query-cpu-definitions"},
	{"command, empty line", "¦", "add-fd add_client …"},
	{"command in the middle", "query-¦status", "query-status"},
	{"command that goes on behind the cursor", "query-¦stat", "query-stats query-stats-schemas query-status"},
	{"command that does not fit", "query-¦zzz", ""},
	{"transaction", "transac¦", "transaction("},
	{"plain word of the shell", "he¦", "help"},
	{"second line of a pasted block", "query-status\nquery-nam¦", "query-name query-named-block-nodes"},
	{"first line of a pasted block", "query-nam¦\nquery-status", "query-name query-named-block-nodes"},
	{"behind a comment line", "# set up\nquery-nam¦", "query-name query-named-block-nodes"},

	{"required first", "block-dirty-bitmap-add ¦", "name= node= disabled= granularity= persistent="},
	{"used ones gone", "block-dirty-bitmap-add node=n ¦", "name= disabled= granularity= persistent="},
	{"used behind the cursor", "block-dirty-bitmap-add ¦ node=n name=x", "disabled= granularity= persistent="},
	{"key begun", "block-dirty-bitmap-add n¦", "name= node="},
	{"key in the middle", "block-dirty-bitmap-add no¦=x", "node="},
	{"key in the middle, more of it", "block-dirty-bitmap-add n¦e=x", "name= node="},
	{"behind a continued line", "block-dirty-bitmap-add \\\n  node=n \\\n  na¦", "name="},
	{"behind a quoted value", `block-dirty-bitmap-add node="a b" na¦`, "name="},
	{"unknown command", "frobnicate ¦", ""},
	{"no arguments", "query-status ¦", ""},

	{"enum", "blockdev-add driver=qc¦", "qcow qcow2"},
	{"enum in quotes", `blockdev-add driver="qc¦`, `"qcow" "qcow2"`},
	{"enum in closed quotes", `blockdev-add driver="qc¦"`, `"qcow" "qcow2"`},
	{"enum, quote closed", `blockdev-add driver="qc"¦`, ""},
	{"enum as JSON", `blockdev-add driver:="qc¦`, `"qcow" "qcow2"`},
	{"bool", "set_link up=¦", "off on"},
	{"bool in another spelling", "set_link up=y¦", "yes"},
	{"bool in quotes", `set_link up="o¦`, ""},
	{"bool as JSON", "set_link up:=t¦", "true"},
	{"number", "balloon value=¦", ""},

	{"branch", "blockdev-add driver=luks file=x ¦", "auto-read-only= cache. detect-zeroes= discard= force-share= key-secret= node-name= read-only="},
	{"branch, tag behind", "blockdev-add key¦ driver=luks", "key-secret="},
	{"branch, tag in quotes", `blockdev-add driver='luks' key¦`, "key-secret="},
	{"no branch yet", "blockdev-add ¦", "driver= auto-read-only= cache. detect-zeroes= discard= force-share= node-name= read-only="},
	{"key or members", "blockdev-add driver=qcow2 fi¦", "file. file="},
	{"nested", "blockdev-add driver=qcow2 file.¦", "driver= …"},
	{"nested branch", "blockdev-add driver=qcow2 file.driver=file file.fi¦", "filename="},
	{"nested value", "blockdev-add driver=qcow2 file.driver=fi¦", "file"},
	{"nested twice", "nbd-server-start addr.type=inet addr.data.po¦", "port="},
	{"below a value", "blockdev-add driver=qcow2 file=x file.¦", ""},
	{"array", "send-key ¦", "keys. hold-time="},
	{"index", "send-key keys.¦", "0."},
	{"next index", "send-key keys.0.type=qcode keys.¦", "0. 1."},
	{"in an element", "send-key keys.0.type=qcode keys.0.¦", "data="},
	{"enum in an element", "send-key keys.0.type=qcode keys.0.data=ret¦", "ret"},
	{"element of an array of strings", "announce-self interfaces.¦", "0="},
	{"alternate's element", "block-dirty-bitmap-merge bitmaps.¦", "0. 0="},

	{"action", "transaction( block-dirty-bitmap-a¦", "block-dirty-bitmap-add"},
	{"action right behind the bracket", "transaction(blockdev-b¦", "blockdev-backup"},
	{"action behind transaction (", "transaction ( blockdev-b¦", "blockdev-backup"},
	{"action on a second line", "transaction( abort\nblockdev-b¦", "blockdev-backup"},
	{"end of a transaction", "transaction( abort\n)¦", ")"},
	{"argument of an action", "transaction(\nblock-dirty-bitmap-add no¦", "node="},
	{"argument of a second action", "transaction(\nabort\nblock-dirty-bitmap-add node=n na¦", "name="},
	{"value in an action", "transaction(\nblock-dirty-bitmap-add persistent=o¦", "off on"},
	{"id in an action", "transaction(\nblock-dirty-bitmap-clear node=n0 name=¦", "b1"},
	{"behind a transaction", "transaction( abort\n) ¦", ""},
	{"the next command behind a transaction", "transaction( abort\n)\nquery-stat¦us", "query-status"},

	{"device", "device_del id=¦", "disk0 net1"},
	{"node", "blockdev-del node-name=n¦", "n0"},
	{"node that needs quotes", "blockdev-del node-name=¦", `"a b" #block042 n0`},
	{"node in quotes", "blockdev-del node-name='a¦", "'a b'"},
	{"node in a union", "blockdev-add driver=raw file=n¦", "n0"},
	{"new node", "blockdev-add driver=raw node-name=¦", ""},
	{"drive or node", "block_resize device=¦", `"a b" #block042 drive0 n0`},
	{"job", "job-cancel id=¦", "job0"},
	{"block job", "block-job-cancel device=¦", "job0"},
	{"new job", "blockdev-backup job-id=¦", ""},
	{"bitmap of a node", "block-dirty-bitmap-remove node=n0 name=¦", "b1"},
	{"new bitmap", "block-dirty-bitmap-add node=n0 name=¦", ""},
	{"chardev", "chardev-remove id=¦", "c0"},
	{"netdev", "netdev_del id=¦", "un0"},
	{"link", "set_link name=¦", "e1 un0"},
	{"object", "object-del id=¦", "mem0"},
	{"export", "block-export-del id=¦", "ex0"},
	{"QOM", "qom-list path=¦", "/machine/ /objects/"},
	{"QOM, next level", "qom-list path=/machine/p¦", "/machine/peripheral/"},
	{"property", "qom-get path=/m property=¦", "realized type"},
	{"value of a property", "qom-set path=/m property=realized value=¦", "off on"},
	{"value of a property, in front", "qom-set value=¦ path=/m property=realized", "off on"},
	{"device type", "device_add driver=virtio-net-¦", "virtio-net-pci"},
	{"alias of a device type", "device_add driver=virtio-n¦", "virtio-net virtio-net-pci"},
	{"property of an alias", "device_add driver=virtio-net m¦", "memdev= mq="},
	{"value for an alias", "device_add driver=virtio-net mq=¦", "off on"},
	{"device type to describe", ".describe virtio-n¦", "virtio-net-pci"},
	{"device's property to describe", ".describe virtio-net-pci m¦", "memdev mq"},
	{"property of what is no device", ".describe nosuch m¦", ""},
	{"device property", "device_add driver=virtio-net-pci m¦", "memdev= mq="},
	{"device's own and listed ones", "device_add driver=virtio-net-pci ¦", "bus= id= memdev= mq= netdev="},
	{"value of a device property", "device_add driver=virtio-net-pci mq=¦", "off on"},
	{"id for a device property", "device_add driver=virtio-net-pci netdev=¦", "un0"},
	{"link of a device property", "device_add driver=virtio-net-pci memdev=¦", "mem0"},
	{"new device", "device_add driver=virtio-net-pci id=¦", ""},

	{"dot word", ".de¦", ".describe"},
	{"all dot words", ".¦", ".describe .events .json .source .wait"},
	{"described name", ".describe block-dirty-bitmap-a¦", "block-dirty-bitmap-add"},
	{"described event", ".describe BLOCK_JOB_C¦", "BLOCK_JOB_CANCELLED BLOCK_JOB_COMPLETED"},
	{"a described command's members", ".describe block-dirty-bitmap-add n¦", "name node"},
	{"a described command's tag", ".describe blockdev-add dri¦", "driver="},
	{"a described command's branch", ".describe blockdev-add driver=qc¦", "qcow qcow2"},
	{"a described member's members", ".describe blockdev-add driver=qcow2 cache no¦", "no-flush"},
	{"the same with a dot", ".describe blockdev-add cache.di¦", "direct"},
	{"a described event's data", ".describe JOB_STATUS_CHANGE st¦", "status"},
	{"nothing described", ".describe nonsense st¦", ""},
	{"choice", ".events of¦", "off"},
	{"event", ".events SHUT¦", "SHUTDOWN"},
	{"event to leave out", ".events !SHUT¦", "!SHUTDOWN"},
	{"event's data", ".wait JOB_STATUS_CHANGE st¦", "status="},
	{"a line behind a dot word", ".json blockdev-ad¦", "blockdev-add"},
	{"its argument", ".json blockdev-add dr¦", "driver="},
	{"a file behind a dot word", ".source /vm/x¦", "/vm/x.qcow2"},
	{"unknown dot word", ".frob ¦", ""},

	{"file for the result", "query-block > /vm/¦", `"/vm/a b" /vm/x.qcow2`},
	{"file for more results", "query-block >>/vm/x¦", "/vm/x.qcow2"},
	{"folder", "query-block > /v¦", `"/vm/a b" /vm/ /vm/x.qcow2`},
	{"file behind a filter", "query-block | .[0] > /vm/x¦", "/vm/x.qcow2"},
	{"behind the file", "block-dirty-bitmap-add > /vm/x ¦", ""},
	{"source", "blockdev-add driver=luks key-secret=@¦", "@env: @file: @prompt"},
	{"file of a source", "blockdev-add driver=luks key-secret=@file:/vm/x¦", "/vm/x.qcow2"},
	{"file name", "blockdev-add driver=file filename=/vm/a¦", `"/vm/a b"`},

	{"comment", "block-dirty-bitmap-add # no¦", ""},
	{"filter: an array has no members", "query-block | .dev¦", ""},
	{"filter: an array", "query-block | .¦", "[]"},
	{"filter: members", "query-block | .[].dev¦", "device"},
	{"filter: members of a member", "query-block | .[].inserted.image.fi¦", "filename"},
	{"filter: members with a -", "query-block | .[].inserted.no¦", `"node-name"`},
	{"filter: members in quotes", `query-block | .[0].inserted."no¦`, `"node-name"`},
	{"filter: behind a pipe", "query-block | .[] | .dev¦", "device"},
	{"filter: in select", "query-block | .[] | select(.inser¦", "inserted"},
	{"filter: behind select", "query-block | .[] | select(.inserted != null and .locked) | .dev¦", "device"},
	{"filter: in map", "query-block | map(.dev¦", "device"},
	{"filter: in an object", "query-block | .[] | {d: .dev¦", "device"},
	{"filter: second term", "query-block | .[] | .device, .qde¦", "qdev"},
	{"filter: of raw QMP", `{"execute": "query-status"} | .run¦`, "running"},
	{"filter: of a branch", "query-block | .[].inserted.image.format-specific.dat¦", ""},
	{"filter: of a branch, quoted", `query-block | .[].inserted.image."format-specific".data.comp¦`, `"compression-type" compat`},
	{"filter: keys of a function's result", "query-block | keys | .dev¦", ""},
	{"filter: a function", "query-block | sel¦", ""},
	{"filter: a number", "query-block | .[] | 1.¦", ""},
	{"filter: a string", `query-block | .[] | "x.de¦`, ""},
	{"filter: behind a dot word", ".json query-block | .[].dev¦", "device"},
	{"raw QMP behind a dot word", `.json {"execute": "query-statu¦`, `"query-status"`},
	{"filter: unknown command", "nonsense | .de¦", ""},
	{"filter: a comment", "query-block | .[] # .de¦", ""},
	{"brackets of which nothing is known", `blockdev-add file={"driver": "qc¦`, ""},
	{"closed brackets", `blockdev-add file={"driver": "qcow2"}¦`, ""},
	{"raw QMP, first key", `{¦`, `"arguments":  "execute":  "id": `},
	{"raw QMP, key", `{"exe¦`, `"execute": `},
	{"raw QMP, command", `{"execute": "query-st¦`, `"query-stats" "query-stats-schemas" "query-status"`},
	{"raw QMP, command without its quote", `{"execute": ¦`, `"add-fd" …`},
	{"raw QMP, next key", `{"execute": "blockdev-add", ¦`, `"arguments":  "id": `},
	{"raw QMP, arguments", `{"execute": "blockdev-add", "arguments": ¦`, `{`},
	{"raw QMP, an argument", `{"execute": "blockdev-add", "arguments": {"dri¦`, `"driver": `},
	{"raw QMP, a value", `{"execute": "blockdev-add", "arguments": {"driver": "qc¦`, `"qcow" "qcow2"`},
	{"raw QMP, in Python's quotes", `{'execute': 'blockdev-add', 'arguments': {'driver': 'qc¦`, `'qcow' 'qcow2'`},
	{"raw QMP, nested", `{"execute": "blockdev-add", "arguments": {"driver": "qcow2", "file": {"driver": "file", "fi¦`, `"filename": `},
	{"raw QMP, used ones gone", `{"execute": "block-dirty-bitmap-add", "arguments": {"node": "n", ¦`, `"name":  "disabled":  "granularity":  "persistent": `},
	{"raw QMP, a boolean", `{"execute": "set_link", "arguments": {"name": "n", "up": ¦`, `false true`},
	{"raw QMP, an array", `{"execute": "send-key", "arguments": {"keys": [{"type": "qcode", "data": "sh¦`, `"shift" "shift_r"`},
	{"raw QMP, an id", `{"execute": "device_del", "arguments": {"id": "¦`, `"disk0" "net1"`},
	{"raw QMP, a device's property", `{"execute": "device_add", "arguments": {"driver": "virtio-net-pci", "m¦`, `"memdev":  "mq": `},
	{"raw QMP, a device's property's value", `{"execute": "device_add", "arguments": {"driver": "virtio-net-pci", "mq": ¦`, `false true`},
	{"raw QMP over lines", "{\"execute\":\n \"query-st¦", `"query-stats" "query-stats-schemas" "query-status"`},
	{"raw QMP, behind the cursor", `{"execute": "query-statu¦"}`, `"query-status"`},
	{"raw QMP, whole", `{"execute": "query-status"¦`, ""},
	{"raw QMP, open string above", "{\"execute\": \"query-\n st¦", ""},
	{"raw QMP, no JSON", `{"execute" "query-st¦`, ""},
	{"raw action", `transaction( {"type": "block-dirty-bitmap-a¦`, `"block-dirty-bitmap-add"`},
	{"raw action's data", `transaction( {"type": "block-dirty-bitmap-add", "data": {"no¦`, `"node": `},
	{"JSON value, key", `blockdev-add driver=qcow2 file={"dri¦`, `"driver": `},
	{"JSON value, value", `blockdev-add driver=qcow2 file={"driver": "fil¦`, `"file"`},
	{"JSON value, live", `blockdev-add driver=quorum children=["n¦`, `"n0"`},
	{"JSON value, exact object", `blockdev-add driver=qcow2 file:={"driver": "file", "fi¦`, `"filename": `},
	{"behind raw QMP", `{"execute": "query-status"} ¦`, ""},
	{"string", `human-monitor-command command-line="info st¦`, ""},
	{"behind a backslash", `query-block \¦`, ""},
	{"JSON file name", `blockdev-snapshot-sync snapshot-file=json:{"dr¦`, ""},
	{"open quote above", "block-dirty-bitmap-add node=\"x\nna¦", ""},
}

func TestComplete_AtEveryKindOfPlace(t *testing.T) {
	e := testEnv(t)
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			text, cursor := split(p.text)
			r := Complete(text, cursor, e)
			got := strings.Join(texts(r.Candidates), " ")
			if first, more := strings.CutSuffix(p.want, "…"); more {
				if !strings.HasPrefix(got, first) {
					t.Errorf("%s: got %.80s…, want it to begin with %s", p.text, got, first)
				}
			} else if got != p.want {
				t.Errorf("%s: got %s, want %s", p.text, got, p.want)
			}
			if r.Start > cursor || r.End < cursor {
				t.Errorf("%s: the range %d:%d is not at the cursor", p.text, r.Start, r.End)
			}
		})
	}
}

// TestTab_HelpTakesNames: help NAME is .help NAME.
func TestTab_HelpTakesNames(t *testing.T) {
	e := testEnv(t)
	e.Words = append(e.Words, Word{Name: ".help", Takes: TakesCommands | TakesEvents})
	for text, want := range map[string]string{"help query-statu": "query-status", "help SHUT": "SHUTDOWN", "help block-dirty-bitmap-add nam": "name", "help": "help"} {
		if got := strings.Join(texts(Complete(text, len(text), e).Candidates), " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestComplete_PutsTheCandidateInThePlaceOfWhatIsThere(t *testing.T) {
	e := testEnv(t)
	for _, c := range []struct{ text, want string }{
		{"query-stat¦", ""},
		{"query-sta¦", "query-stat"},
		{"query-status¦", "query-status "},
		{"query-¦status", "query-status "},
		{"blockdev-add dri¦", "blockdev-add driver="},
		{"blockdev-add dri¦=qcow2", "blockdev-add driver=qcow2"},
		{"blockdev-add dr¦er=qcow2", "blockdev-add driver=qcow2"},
		{"blockdev-add driver=¦", ""},
		{"blockdev-add driver=qcow2 file.driver=file file.fi¦", "blockdev-add driver=qcow2 file.driver=file file.filename="},
		{"blockdev-del node-name=a¦", `blockdev-del node-name="a b" `},
		{"blockdev-del node-name='a¦", "blockdev-del node-name='a b' "},
		{"blockdev-del node-name='a¦' x", "blockdev-del node-name='a b' x"},
		{"qom-list path=/machine/p¦", "qom-list path=/machine/peripheral/"},
		{"query-block > /vm/a¦", `query-block > "/vm/a b" `},
		{`{"exe¦`, `{"execute": `},
		{`{"execute": "query-status¦`, `{"execute": "query-status"`},
		{`{"execute": "query-stat¦"}`, ""},
		{`{"execute": "query-statu¦"}`, `{"execute": "query-status"}`},
		{`{"execute": "query-statu¦", "id": 1}`, `{"execute": "query-status", "id": 1}`},
		{`{"exec¦": "query-status"}`, `{"execute": "query-status"}`},
		{`{"execute": "set_link", "arguments": {"up": t¦}}`, `{"execute": "set_link", "arguments": {"up": true}}`},
		{`query-block | .[].dev¦`, `query-block | .[].device`},
		{`query-block | .¦`, `query-block | .[]`},
		{`query-block | .[].dev¦ | length`, `query-block | .[].device | length`},
		{"transac¦", "transaction( "},
		{"stop¦ ", ""},
		{"blockdev-add dr¦ node-name=x", "blockdev-add driver= node-name=x"},
	} {
		text, cursor := split(c.text)
		r := Complete(text, cursor, e)
		insert, ok := r.Insertion(text)
		got := ""
		if ok {
			got = text[:r.Start] + insert + text[r.End:]
		} else if insert != text[r.Start:r.End] {
			t.Errorf("%s: inserts %q without saying so", c.text, insert)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestComplete_SaysWhenValuesAreStillLookedUp(t *testing.T) {
	e := testEnv(t)
	e.Live = fakeLive{}
	for _, text := range []string{"device_del id=", "blockdev-del node-name=n", "qom-list path=/", "device_add driver=e1000 "} {
		if r := Complete(text, len(text), e); !r.Pending {
			t.Errorf("%s: not pending", text)
		}
	}
	if text := "blockdev-add dri"; Complete(text, len(text), e).Pending {
		t.Errorf("%s: pending, though nothing lives there", text)
	}
}

func TestComplete_WithoutAnything(t *testing.T) {
	for _, p := range places {
		text, cursor := split(p.text)
		if r := Complete(text, cursor, Env{}); len(r.Candidates) != 0 && !strings.Contains(text, "@") {
			t.Errorf("%s: offers %v", p.text, texts(r.Candidates))
		}
	}
}

func TestComplete_HidesIdsThatMoveTheCursor(t *testing.T) {
	e := testEnv(t)
	e.Live = fakeLive{{Kind: Devices}: {{Text: "a\x1b[2J"}, {Text: "b\nquit"}, {Text: "c\u202e"}, {Text: "ok"}}}
	text := "device_del id="
	if got := texts(Complete(text, len(text), e).Candidates); !slices.Equal(got, []string{"ok"}) {
		t.Errorf("offers %q", got)
	}
}

func TestComplete_LabelsTellTypesAndFeatures(t *testing.T) {
	e := testEnv(t)
	for text, want := range map[string]string{
		"block-dirty-bitmap-add nam":         "str, required",
		"block-dirty-bitmap-add gran":        "int",
		"block-dirty-bitmap-ad":              "node= name= …",
		"device_del id=d":                    "virtio-blk-pci",
		"device_add driver=virtio-net-pci m": "link<memory-backend>",
		"x-blockdev-set-i":                   "node-name= iothread= …, unstable",
	} {
		list := Complete(text, len(text), e).Candidates
		if len(list) == 0 || list[0].Label != want {
			t.Errorf("%s: labels of %v, want %q first", text, list, want)
		}
	}
}

func TestCompleteWords_AsTheUsersShellSplitsThem(t *testing.T) {
	e := testEnv(t)
	for _, c := range []struct {
		words []string
		last  string
		want  string
	}{
		{nil, "query-stat", "query-stats query-stats-schemas query-status"},
		{[]string{"device_add"}, "dr", "driver="},
		{[]string{"device_add"}, "driver=virtio-net-", "driver=virtio-net-pci"},
		{[]string{"device_add", "driver=virtio-net-pci"}, "m", "memdev= mq="},
		{[]string{"blockdev-add", "driver=qcow2"}, "file.driver=fil", "file.driver=file"},
		{[]string{"blockdev-add", "driver=qcow2"}, "file.dr", "file.driver="},
		{[]string{"blockdev-del"}, "node-name=a", "node-name=a b"},
		{[]string{"blockdev-del", "node-name=x y"}, "n", ""},
		{[]string{"query-block", "|"}, ".d", ""},
		{[]string{"query-block", ">"}, "/vm/a", "/vm/a b"},
		{[]string{"blockdev-add"}, `file={"dr`, ""},
	} {
		list, _ := CompleteWords(c.words, c.last, e)
		if got := strings.Join(texts(list), " "); got != c.want {
			t.Errorf("%q %q: got %s, want %s", c.words, c.last, got, c.want)
		}
	}
}
