package cmdline

import "strings"

// looseSecrets finds the secrets in text that follows no rules, a comment or a value: user information in URLs, JSON, and
// what stands behind the name of a secret and a = or :, up to the end.
func looseSecrets(s string) []span {
	if i := strings.Index(s, "json:"); i >= 0 && strings.IndexByte(s[i:], '{') >= 0 {
		start := i + len("json:")
		return append(looseSecrets(s[:i]), shiftedBy(start, valueSecrets(s[start:], rules{}, 0))...)
	}
	const longest = 24 // bounded, so that the time stays linear
	spans := urlSecrets(s)
	for i := 0; i+1 < len(s); i++ {
		if c := s[i]; c != '=' && c != ':' {
			continue
		}
		end := i // of the name
		for end > max(0, i-4) && strings.IndexByte(" \t\"':\\", s[end-1]) >= 0 {
			end--
		}
		start := end
		for start > max(0, end-longest) && isNameByte(s[start-1]) {
			start--
		}
		if secretName(s[start:end]) || s[start:end] == "key" && strings.HasPrefix(s, "rbd:") {
			rest := s[i+1:]
			for len(spans) > 0 && spans[len(spans)-1].end > i {
				spans = spans[:len(spans)-1]
			}
			return append(spans, span{start: i + 1, end: len(s), show: mask, secrets: append(pieces(rest), rest)})
		}
	}
	return spans
}

func shiftedBy(n int, spans []span) []span {
	for i := range spans {
		spans[i].start += n
		spans[i].end += n
	}
	return spans
}

// pieces returns the words of a text whose end is not known.
func pieces(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"',;(){}[]", r) })
}

// until returns the offset of the first of the characters in s, or its length.
func until(s, chars string) int {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return i
	}
	return len(s)
}

func isNameByte(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// urlSecrets finds the user information of URLs. A user's name alone is none for ssh and its like.
func urlSecrets(s string) (spans []span) {
	for at := 0; ; {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			return spans
		}
		start := at + i + len("://")
		end := start + until(s[start:], " \t\r\n\"'\\,;<>")
		host := start + until(s[start:end], "/?#")
		user := strings.LastIndexByte(s[start:host], '@')
		if user < 0 && strings.IndexByte(s[start:host], ':') >= 0 { // a slash in a password
			user = strings.LastIndexByte(s[start:end], '@')
		}
		if user > 0 {
			info := s[start : start+user]
			name, password, both := strings.Cut(info, ":")
			scheme := s[:at+i]
			switch {
			case both && password != "":
				from := start + len(name) + 1
				spans = append(spans, span{start: from, end: start + user, show: mask, secrets: []string{password}})
			case strings.HasSuffix(scheme, "ssh"), strings.HasSuffix(scheme, "sftp"), strings.HasSuffix(scheme, "nfs"):
			default:
				spans = append(spans, span{start: start, end: start + user, show: mask, secrets: []string{info}})
			}
		}
		at = end
	}
}
