package cmdline

import (
	"math/bits"
	"slices"
	"strings"
)

// A secret is found by names: of the command, of the argument, of a member below it. People make slips, and a line with a
// slip is what they type again; so whatever is near the name of a command that carries secrets is taken for it, and then
// every value counts as a secret but those whose argument is known, by its exact name, to be harmless.

// carrier is a command that carries secrets.
type carrier struct {
	name     string
	harmless string // arguments that are no secrets
	hmp      string // the argument that is a line of the human monitor

	known   []string // harmless, in its words
	folded  string   // see fold
	letters uint32   // see letters
}

// carriers is constant: the commands that carry secrets.
var carriers = func() []carrier {
	list := []carrier{
		{name: "set_password", harmless: "protocol connected display"},
		{name: "expire_password", harmless: "protocol display"},
		{name: "change-vnc-password"},
		{name: "block_passwd", harmless: "device node-name"},
		{name: "guest-set-user-password", harmless: "username crypted"},
		{name: "guest-exec", harmless: "path arg capture-output"},
		{name: "guest-file-write", harmless: "handle count"},
		{name: "human-monitor-command", harmless: "cpu-index", hmp: "command-line"},
		{name: "object-add", harmless: "qom-type id props format keyid loaded size share mem-path prealloc policy host-nodes dump merge " +
			"discard-data pmem align reserve filename dir endpoint verify-peer priority file chardev netdev limits passwordid"},
		{name: "qom-set", harmless: "path property"},
	}
	for i := range list {
		list[i].known, list[i].folded, list[i].letters = strings.Fields(list[i].harmless), fold(list[i].name), letters(list[i].name)
	}
	return list
}()

// namesake says whether a command is known by this exact name, near one that carries secrets, and carries none.
func namesake(command string) bool {
	switch command {
	case "object-del", "object_del", "guest-exec-status", "guest-file-read", "guest-file-close", "guest-file-seek", "guest-file-flush",
		"guest-file-open", "guest-sync", "qom-get", "qom-list":
		return true
	}
	return false
}

// rules say which arguments of a command are secret.
type rules struct {
	carrier
	on       bool // the command carries secrets; else names of arguments alone decide
	property bool // value is secret, because of the property's name (qom-set)
}

// rulesFor returns the rules for a command of that name, or nearly that name, or a beginning of it. A command that has
// the name of a secret in its own carries one.
func rulesFor(command string) rules {
	at := slices.IndexFunc(carriers, func(c carrier) bool { return c.name == command })
	if at < 0 && !namesake(command) {
		folded, have := "", letters(command)
		at = slices.IndexFunc(carriers, func(c carrier) bool {
			limit := len(c.folded) / 4
			if bits.OnesCount32(c.letters&^have) > limit && (len(command) < 6 || bits.OnesCount32(have&^c.letters) > 0) {
				return false // nearly all end here
			}
			if folded == "" {
				folded = fold(command)
			}
			return within(folded, c.folded, limit) || len(folded) >= 6 && strings.HasPrefix(c.folded, folded)
		})
	}
	switch {
	case at >= 0:
		return rules{carrier: carriers[at], on: true}
	case secretName(command):
		return rules{carrier: carriers[0], on: true}
	}
	return rules{}
}

// relax takes the type of the object that object-add makes: for one that holds no secret the names of arguments decide.
// Whatever is said to make one that holds a secret is object-add under another name.
func (r *rules) relax(qomType string) {
	if strings.HasPrefix(qomType, "secret") && r.name == "" {
		*r = rulesFor("object-add")
	}
	for plain := range strings.FieldsSeq("memory-backend- iothread throttle-group rng- filter- cryptodev- can- colo- input- main-loop " +
		"pr-manager- authz- qtest thread-context dbus-vmstate virtio- x-remote- x-vfio-user") {
		if r.name == "object-add" && strings.HasPrefix(qomType, plain) {
			r.on = false
		}
	}
}

// secret says whether what lies under a name is secret. depth is 0 for an argument, more for members below one, and less
// for what is no argument at all.
func (r *rules) secret(name string, depth int) bool {
	switch {
	case secretName(name), r.name == "object-add" && depth >= 0 && nearly(name, "data"):
		return true
	case depth == 0 && r.name == "qom-set" && name == "value":
		return r.property
	case depth == 0 && r.hmp != "" && name == r.hmp:
		return false
	}
	return r.on && depth >= 0 && name != "" && !slices.Contains(r.known, name)
}

// secretNames is constant.
var secretNames = func() (list []nameOfSecret) {
	for _, name := range strings.Fields("password:2 passphrase:2 secret:1 passwd:1 cookie:1 passw passphrase secret cookie pwd credential token") {
		name, slips, _ := strings.Cut(name, ":")
		n := nameOfSecret{name: name, letters: letters(name)}
		if slips != "" {
			n.slips = int(slips[0] - '0')
		}
		list = append(list, n)
	}
	return list
}()

type nameOfSecret struct {
	name    string
	slips   int    // how many it may have; without any, it may stand inside another name
	letters uint32 // see letters
}

// secretName says whether a name is that of a secret, or near one.
func secretName(name string) bool {
	if strings.HasSuffix(name, "pw") || strings.HasSuffix(name, "PW") {
		return true
	}
	if len(name) < 3 {
		return false
	}
	have := letters(name)
	for i := range secretNames {
		known := &secretNames[i]
		if bits.OnesCount32(known.letters&^have) > known.slips {
			continue // nearly all names end here
		}
		folded := fold(name)
		if known.slips == 0 && strings.Contains(folded, known.name) || known.slips > 0 && nearly(folded, known.name) {
			return !harmlessName(name)
		}
	}
	return strings.EqualFold(name, "pass")
}

// fold drops what separates the words of a name, and the difference of capitals.
func fold(name string) string {
	folded := make([]byte, 0, 32)
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			folded = append(folded, c|0x20)
		case c != '-' && c != '_':
			folded = append(folded, c)
		}
	}
	return string(folded)
}

// letters returns the set of the letters in a name.
func letters(name string) (set uint32) {
	for i := range len(name) {
		if c := name[i] | 0x20 - 'a'; c < 26 {
			set |= 1 << c
		}
	}
	return set
}

// harmlessName says whether a name that looks like a secret's is that of something else: the id of an object that holds
// the secret, for one.
func harmlessName(name string) bool {
	switch name {
	case "password-secret", "key-secret", "cookie-secret", "proxy-password-secret", "old-secret", "new-secret", "passwordid", "cookie64", "select":
		return true
	}
	return false
}

// nearly says whether a is b but for a slip or two: a letter too many, too few, wrong, or two exchanged.
func nearly(a, b string) bool { return within(a, b, (len(b)+1)/4) }

// within says whether it takes at most so many slips to make b of a.
func within(a, b string, limit int) bool {
	if max(len(a)-len(b), len(b)-len(a)) > limit || len(a) < 3 || len(b) > 30 {
		return a == b
	}
	// Of an edit distance with exchanges the last three rows are enough.
	var before, last, row [32]int
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := 1
			if a[i]|0x20 == b[j]|0x20 {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > limit {
			return false
		}
		before, last = last, row
	}
	return last[len(b)] <= limit
}
