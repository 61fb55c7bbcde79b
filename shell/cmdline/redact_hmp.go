package cmdline

import "strings"

// RedactHMP masks the secrets in a command of the human monitor, also when its name has slips in it.
func RedactHMP(line string) string { return replace(line, hmpSecrets(line)) }

// hmpSecrets finds the secrets in a command of the human monitor: the words behind set_password and its like, what
// follows a word that names a secret (change vnc password X), and secret options (object_add secret,id=s,data=X).
func hmpSecrets(line string) []span {
	f := finder{text: line}
	var words [][2]int
	for at := 0; ; {
		start := len(line) - len(strings.TrimLeft(line[at:], " \t\n"))
		if start == len(line) {
			break
		}
		at = start + until(line[start:], " \t\n")
		words = append(words, [2]int{start, at})
	}
	if len(words) == 0 {
		return nil
	}
	nameOf := func(i int) string { return line[words[i][0]:words[i][1]] }
	f.rules = rulesFor(nameOf(0))
	end := len(strings.TrimRight(line, " \t\n"))
	from := -1 // the word from which on all is secret
	switch f.name {
	case "set_password", "expire_password", "block_passwd":
		from = 1
		if len(words) > 1 && (nameOf(1) == "vnc" || nameOf(1) == "spice" || f.name == "block_passwd") {
			from = 2
		}
	case "object-add", "human-monitor-command", "guest-exec", "guest-file-write":
		return append(f.spans, optionSecrets(line, f.rules)...)
	}
	for i := 0; from < 0 && i < len(words); i++ {
		name := nameOf(i)
		if secretName(name) && !strings.Contains(name, "=") || f.name == "qom-set" && nearly(name, "data") {
			from = i + 1
		}
	}
	if from > 0 && from < len(words) {
		f.hide(words[from][0], end)
		last := &f.spans[len(f.spans)-1]
		last.secrets = append(last.secrets, pieces(line[words[from][0]:end])...)
		return f.spans
	}
	return optionSecrets(line, f.rules)
}

// optionSecrets finds the secret options in a list like "secret,id=s,data=x", in which two commas stand for one, and in
// JSON that stands in its place.
func optionSecrets(line string, r rules) []span {
	if i := strings.IndexByte(line, '{'); i >= 0 {
		if strings.Contains(line[i:], "execute") { // a message: a line for virsh
			return append(optionSecrets(line[:i], r), shiftedBy(i, messageSecrets(line[i:]))...)
		}
		return append(optionSecrets(line[:i], r), shiftedBy(i, valueSecrets(line[i:], r, 0))...)
	}
	f := finder{text: line, rules: r}
	f.relaxOptions()
	f.spans = urlSecrets(line)
	for i := 0; i < len(line); i++ {
		if line[i] != '=' {
			continue
		}
		start := i
		for start > 0 && isNameByte(line[start-1]) {
			start--
		}
		if !f.secret(line[start:i], 0) {
			continue
		}
		end := i + 1
		for end < len(line) && line[end] != ' ' && line[end] != '\t' {
			if line[end] == ',' {
				if end+1 == len(line) || line[end+1] != ',' {
					break
				}
				end++
			}
			end++
		}
		for len(f.spans) > 0 && f.spans[len(f.spans)-1].end > i {
			f.spans = f.spans[:len(f.spans)-1]
		}
		f.hide(i+1, end)
		if end > i+1 {
			last := &f.spans[len(f.spans)-1]
			last.secrets = append(last.secrets, strings.ReplaceAll(line[i+1:end], ",,", ","))
		}
		i = end
	}
	return f.spans
}

// relaxOptions takes the type of an object from the front of its options.
func (f *finder) relaxOptions() {
	words := strings.Fields(f.text)
	if len(words) > 1 {
		qomType, _, _ := strings.Cut(words[1], ",")
		f.relax(strings.TrimPrefix(qomType, "qom-type="))
	}
}
