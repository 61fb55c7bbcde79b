package cmdline

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxKnown is how many secrets a session remembers, the last ones, to mask them where a server repeats them.
const maxKnown = 128

// Secrets masks the messages of a session, of both directions, and the texts that speak of them. It remembers what was
// secret in what was sent: a server may repeat it where no name tells. The zero value is ready, and any goroutine may use it.
type Secrets struct {
	mu    sync.Mutex
	known []string
	asked []string // the ids of questions that are answered with a secret
}

// Sent masks a message on its way to the server.
func (s *Secrets) Sent(raw []byte) []byte {
	found := messageSecrets(string(raw))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range found {
		for _, secret := range f.secrets {
			if secret != "" && !slices.Contains(s.known, secret) {
				s.known = append(s.known, secret)
			}
		}
	}
	s.known = s.known[max(0, len(s.known)-maxKnown):]
	if id := asksForSecret(raw); id != "" {
		s.asked = append(s.asked[max(0, len(s.asked)-maxKnown+1):], id)
	}
	if len(found) == 0 {
		return raw
	}
	return []byte(replace(string(raw), found))
}

// asksForSecret returns the id of a message that asks for the value of a property which holds a secret; else "".
func asksForSecret(raw []byte) string {
	if !strings.Contains(string(raw), "qom-get") {
		return ""
	}
	var m struct {
		ID        json.RawMessage
		Arguments struct {
			Property string
			Line     string `json:"command-line"`
		}
	}
	if json.Unmarshal(raw, &m) != nil {
		return ""
	}
	property := m.Arguments.Property
	if words := strings.Fields(m.Arguments.Line); len(words) > 0 { // qom-get PATH PROPERTY of the human monitor
		property = words[len(words)-1]
	}
	if secretName(property) || nearly(property, "data") {
		return string(m.ID)
	}
	return ""
}

// takeAnswer remembers the secret that a message brings because it was asked for.
func (s *Secrets) takeAnswer(raw []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) == 0 {
		return
	}
	var m struct {
		ID     json.RawMessage
		Return string
	}
	if json.Unmarshal(raw, &m) != nil {
		return
	}
	if i := slices.Index(s.asked, string(m.ID)); i >= 0 {
		s.asked = slices.Delete(s.asked, i, i+1)
		if secret := strings.Trim(m.Return, "\" \r\n"); secret != "" {
			s.known = append(s.known, secret)
		}
	}
}

// Received masks a message of the server's.
func (s *Secrets) Received(raw []byte) []byte {
	s.takeAnswer(raw)
	raw = RedactMessage(raw)
	if known := s.remembered(); len(known) > 0 {
		if text := string(raw); hideKnown(text, known) != text {
			return []byte(hideKnown(text, known))
		}
	}
	return raw
}

// Text masks a text, such as that of an error or a line of a log: what is known, and user information in URLs.
func (s *Secrets) Text(text string) string {
	return hideKnown(replace(text, urlSecrets(text)), s.remembered())
}

func (s *Secrets) remembered() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.known)
}

// hideKnown masks the secrets wherever they stand in text, also as they look in quotes, and cut short before a "…".
func hideKnown(text string, secrets []string) string {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range slices.Compact(secrets) {
		if secret == mask || strings.Trim(secret, "\"' ") == "" {
			continue
		}
		quoted := strconv.Quote(secret)
		inJSON := string(appendString(nil, secret))
		forms := []string{secret, quoted[1 : len(quoted)-1], inJSON[1 : len(inJSON)-1]}
		if ascii := strconv.QuoteToASCII(secret); ascii != quoted {
			forms = append(forms, ascii[1:len(ascii)-1])
		}
		for _, form := range slices.Compact(forms) {
			text = hideForm(text, form)
		}
	}
	return text
}

// hideForm masks one form of a secret. A short one, or a number, counts only as a word of its own.
func hideForm(text, form string) string {
	alone := len(form) < 4 || strings.Trim(form, "0123456789") == ""
	var b strings.Builder
	at := 0
	for from := 0; ; {
		i := strings.Index(text[from:], form)
		if i < 0 {
			break
		}
		i += from
		end := i + len(form)
		const beside = " \"'=,()[]{}"
		if alone && (i > 0 && strings.IndexByte(beside, text[i-1]) < 0 || end < len(text) && strings.IndexByte(beside, text[end]) < 0) {
			from = end
			continue
		}
		b.WriteString(text[at:i] + mask)
		at, from = end, end
	}
	if at > 0 {
		b.WriteString(text[at:])
		text = b.String()
	}
	const least = 3
	for from := 0; ; {
		i := strings.Index(text[from:], "…")
		if i < 0 {
			return text
		}
		i += from
		from = i + len("…")
		for n := min(i, len(form)-1); n >= least; n-- {
			if text[i-n:i] == form[:n] {
				text = text[:i-n] + mask + text[i:]
				from = i - n + len(mask) + len("…")
				break
			}
		}
	}
}
