package cmdline

import (
	"strings"
)

// mask stands in the place of a secret.
const mask = "***"

// span is a part of a text and what is shown in its place.
type span struct {
	start, end int
	show       string
}

// Redact returns text, a line or a statement of the language, with the values of secrets masked,
// for history and echoes. It need not be a sound statement: what a typing error hides from the rules is masked rather
// than shown. Text without secrets comes back as it is.
func Redact(text string) string {
	tokens, _ := lex(text)
	return replace(text, secrets(text, tokens, false))
}

// replace returns text with the spans, which are in order, replaced.
func replace(text string, spans []span) string {
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s.start < at { // inside what is masked already
			continue
		}
		b.WriteString(text[at:s.start])
		b.WriteString(s.show)
		at = s.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// secrets finds the secrets in the words of text, which come from the lexer or, when verbatim, from FromWords.
func secrets(text string, tokens []Token, verbatim bool) []span {
	var spans []span
	for i := 0; i < len(tokens); {
		var line []word
		for ; i < len(tokens) && tokens[i].Kind != Newline; i++ {
			w := wordOf(text, tokens[i])
			w.verbatim = verbatim
			if tokens[i].Kind == Word && tokens[i].Role != FileName {
				line = append(line, w)
			} else {
				spans = append(spans, span{w.start, w.end, hideLoose(w.raw())}) // a comment may be a command put aside; a filter may compare
			}
		}
		i++
		if len(line) > 0 {
			spans = append(spans, lineSecrets(line)...)
		}
	}
	return trimSpans(text, spans)
}

// trimSpans drops the spans that change nothing.
func trimSpans(text string, spans []span) []span {
	kept := spans[:0]
	for _, s := range spans {
		if text[s.start:s.end] != s.show {
			kept = append(kept, s)
		}
	}
	return kept
}

// lineSecrets finds the secrets of one command or action.
func lineSecrets(line []word) []span {
	first := line[0]
	if strings.HasPrefix(first.raw(), ".") {
		end := first.text[first.end:]
		if first.is(".hmp") {
			if n := strings.IndexByte(end, '\n'); n >= 0 {
				end = end[:n]
			}
			return []span{{first.end, first.end + len(end), RedactHMP(end)}}
		}
		line = line[1:]
	}
	if opens := len(line) > 1 && opensTransaction(line); opens {
		line = line[1:]
	}
	if len(line) == 0 {
		return nil
	}
	name := line[0].name()
	s := secretFinder{rules: rulesFor(name)}
	if line[0].bracket && line[0].eq < 0 {
		s.add(line[0].start, line[0].end, redactObject(line[0].raw()))
	}
	for _, w := range line[1:] {
		if w.eq > 0 && w.text[w.start:w.keyEnd] == "property" && secretName(w.valueText(), true) {
			s.property = true
		}
	}
	for _, w := range line {
		s.word(w, w.start == line[0].start)
	}
	return s.spans
}

// rules says which arguments of a command are secret.
type rules struct {
	all      bool // words that are no key=value too: the command is there to carry a secret
	data     bool // the key data: the command may make a secret object
	hmp      bool // command-line is a command of the human monitor
	property bool // value is secret, because of the property's name (qom-set)
	qomSet   bool
}

func rulesFor(command string) rules {
	switch command {
	case "set_password", "change-vnc-password", "expire_password", "guest-set-user-password", "block_passwd":
		return rules{all: true}
	case "object-add":
		return rules{data: true}
	case "human-monitor-command":
		return rules{hmp: true, all: true}
	case "qom-set":
		return rules{qomSet: true}
	}
	return rules{}
}

// secretName says whether a key's name is that of a secret. data counts only for commands that make secrets.
func secretName(name string, data bool) bool {
	switch len(name) {
	case len("data"):
		return data && strings.EqualFold(name, "data")
	case len("secret"), len("password"), len("passphrase"):
		return strings.EqualFold(name, "password") || strings.EqualFold(name, "secret") || strings.EqualFold(name, "passphrase")
	}
	return false
}

// secretFinder goes over the words of one command.
type secretFinder struct {
	rules
	spans   []span
	masking bool // the word before was a secret or its name: what follows without a = belongs to it
}

func (s *secretFinder) add(start, end int, show string) {
	s.spans = append(s.spans, span{start, end, show})
}

func (s *secretFinder) word(w word, first bool) {
	if w.eq < 0 {
		switch {
		case first:
		case s.masking || s.all:
			s.add(w.start, w.end, mask)
		case secretName(w.name(), s.data):
			s.masking = true // password = x
		case !w.bracket:
			s.add(w.start, w.end, hideLoose(w.raw()))
		}
		return
	}
	start, end := w.eq+1, w.end
	if _, _, ok := sourceOf(w.text[start:end]); ok { // where a secret comes from is none
		s.masking = false
		return
	}
	named := s.masking && w.keyEnd == w.start
	s.masking = named || s.secretKey(w)
	switch raw := w.text[start:end]; {
	case s.masking && raw == "":
	case s.masking:
		s.add(start, end, mask)
	case s.hmp && w.text[w.start:w.keyEnd] == "command-line":
		line := w.valueText()
		if hidden := RedactHMP(line); hidden != line {
			s.add(start, end, `"`+strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(hidden)+`"`)
		}
	case w.bracket:
		s.add(start, end, redactValue(raw, s.rules))
	case strings.HasPrefix(raw, jsonPrefix):
		s.add(start, end, "json:"+redactValue(raw[len("json:"):], s.rules))
	default:
		s.add(start, end, hideLoose(raw))
	}
}

// valueText is the text of a word's value, if that is a string.
func (w word) valueText() string {
	raw := w.text[w.eq+1 : w.end]
	if w.exact {
		return plainString(raw)
	}
	text, _ := w.plainText(raw)
	return text
}

// secretKey says whether a part of the word's key is the name of a secret.
func (s *secretFinder) secretKey(w word) bool {
	key := w.text[w.start:w.keyEnd]
	if !w.verbatim {
		key, _, _ = Unquote(key)
	}
	if s.property && key == "value" {
		return true
	}
	for name := range strings.SplitSeq(key, ".") {
		if secretName(name, s.data) {
			return true
		}
	}
	return false
}

// hideLoose masks what follows the name of a secret and a = or : in text that follows no rules, up to its end: a value
// with a broken quote, a comment.
func hideLoose(s string) string {
	const longest = len("passphrase")
	for i := 0; i+1 < len(s); i++ {
		if c := s[i]; c != '=' && c != ':' {
			continue
		}
		end := i // of the name; both loops are bounded so that the time stays linear
		for end > max(0, i-4) && strings.IndexByte(" \t\"':", s[end-1]) >= 0 {
			end--
		}
		start := end
		for start > max(0, end-longest-1) && isNameByte(s[start-1]) {
			start--
		}
		if secretName(s[start:end], false) {
			return s[:i+1] + mask
		}
	}
	return s
}

func isNameByte(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// RedactHMP masks the secrets in a command of the human monitor: those of set_password and change … password, and the
// options password=, secret=, passphrase= and, of object_add, data=.
func RedactHMP(line string) string {
	words := strings.Fields(line)
	keep := -1 // how many words to keep
	switch {
	case len(words) > 2 && words[0] == "set_password":
		keep = 2
	case len(words) > 3 && words[0] == "change" && (words[2] == "password" || words[2] == "passwd"):
		keep = 3
	}
	if keep > 0 {
		at := 0
		for _, w := range words[:keep] {
			at += strings.Index(line[at:], w) + len(w)
		}
		return line[:at] + " " + mask
	}
	makesObject := len(words) > 0 && words[0] == "object_add"
	if i := strings.IndexByte(line, '{'); i >= 0 {
		return redactOptions(line[:i], makesObject) + redactValue(line[i:], rules{data: makesObject})
	}
	return redactOptions(line, makesObject)
}

// redactOptions masks the values of secret options in a list like "secret,id=s,data=x". Two commas stand for one.
func redactOptions(line string, data bool) string {
	var spans []span
	for i := 0; i < len(line); i++ {
		if line[i] != '=' {
			continue
		}
		start := i
		for start > 0 && isNameByte(line[start-1]) {
			start--
		}
		if !secretName(line[start:i], data) {
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
		if end > i+1 {
			spans = append(spans, span{i + 1, end, mask})
		}
		i = end
	}
	return replace(line, spans)
}
