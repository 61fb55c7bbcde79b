package cmdline

import (
	"slices"
	"strconv"
	"strings"
)

// options looks for options that are joined by commas, as in device_add virtio-net-pci,id=n1: in the key of the word at
// line[i], which no key has, or in the value of the argument that comes first on QEMU's command line.
func (p *parser) options(line []word, i int) *fault {
	w, command := line[i], line[0].name()
	sole := soleArgument(command)
	key := w.text[w.start:w.keyEnd]
	list := w.raw()
	switch {
	case strings.Contains(key, ",") && hmpCommand(command):
		return p.hmp(line)
	case strings.Contains(key, ",") && !strings.ContainsAny(key, `"'`):
	case command == "chardev-add" && i == 1 && strings.Contains(key, ","):
	case key == sole && optionsBegin(w.text[w.eq+1:w.end]):
		list = w.text[w.eq+1 : w.end]
	default:
		return nil
	}
	if !slices.Contains([]string{"device_add", "netdev_add", "object-add", "blockdev-add", "chardev-add"}, command) {
		if key == sole {
			return nil
		}
		sole = ""
		if strings.HasPrefix(list, "secret,") { // object-add with a slip
			sole = "qom-type"
		}
	}
	f := &fault{at: w.start, msg: quoteWord(list) + " is written as for QEMU's command line"}
	var words []string
	for _, other := range slices.Concat(line[:i], line[i+1:]) {
		words = append(words, other.raw())
	}
	f.hint = Recallable(strings.Join(slices.Concat(words, apart(command, sole, list)), " "))
	if len(f.hint) > 200 {
		f.hint = "part them by spaces: key=value key=value"
	}
	return f
}

// optionsBegin says whether a value goes on, behind a comma, with key=value.
func optionsBegin(value string) bool {
	_, rest, ok := strings.Cut(value, ",")
	if !ok {
		return false
	}
	name, _, ok := strings.Cut(rest, "=")
	return ok && name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || !isNameByte(byte(r)) && r != '.' })
}

// apart turns a list of options into words of this language. The first one may have no key: sole is its key.
func apart(command, sole, list string) []string {
	const comma = "\x00" // two commas stand for one inside a value
	var words []string
	counts := map[string]int{}
	for i, option := range strings.Split(strings.ReplaceAll(list, ",,", comma), ",") {
		key, value, ok := strings.Cut(option, "=")
		switch {
		case !ok && i == 0:
			key, value = sole, option
		case !ok: // a flag: server, and noserver in old lines
			value = "on"
		}
		value = strings.ReplaceAll(value, comma, ",")
		if !strings.HasPrefix(value, `"`) && !strings.HasPrefix(value, "'") {
			value, _ = Quote(value)
		}
		if key = keyOf(command, key, i); key == "hostfwd" || key == "guestfwd" {
			key, counts[key] = key+"."+strconv.Itoa(counts[key])+".str", counts[key]+1
		}
		words = append(words, key+"="+value)
	}
	if command == "chardev-add" {
		slices.SortStableFunc(words, func(a, b string) int { return strings.Compare(b[:2], a[:2]) }) // id= first
		for i, w := range words {
			switch {
			case strings.HasPrefix(w, "backend.data.path=") && slices.Contains(words, "backend.type=socket"):
				words[i] = "backend.data.addr.type=unix backend.data.addr.data." + strings.TrimPrefix(w, "backend.data.")
			case strings.HasPrefix(w, "backend.data.host="):
				words[i] = "backend.data.addr.type=inet backend.data.addr.data." + strings.TrimPrefix(w, "backend.data.")
			case strings.HasPrefix(w, "backend.data.port="):
				words[i] = "backend.data.addr.data." + strings.TrimPrefix(w, "backend.data.")
			}
		}
	}
	return words
}

// keyOf is the argument that an option of QEMU's command line becomes.
func keyOf(command, key string, i int) string {
	switch {
	case command != "chardev-add" || key == "id":
		return key
	case key == "" || i == 0 && key == "backend":
		return "backend.type"
	}
	return "backend.data." + key
}
