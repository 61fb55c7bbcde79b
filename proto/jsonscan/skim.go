package jsonscan

// skim goes on to the end of the object or array at src[i], for Member, if it is sound and came from a server. If it says
// no, it has done nothing.
func (s *Scanner) skim(i int) bool {
	if s.wide != 0 || i >= len(s.src) || s.src[i]|0x20 != '{' {
		return false
	}
	end := skim(s.src, i, s.limit-s.open.n)
	if end >= 0 {
		s.start, s.end, s.next = i, end, s.after
	}
	return end >= 0
}

// skim steps over the object or array at p[i]. It is the scanner's loop with everything at hand, a quarter faster, for
// what a server sends: replies reach megabytes. It returns -1 for whatever is not sound, and the scanner then says why.
func skim(p []byte, i, limit int) (end int) {
	var open nesting
	fault := ""
	for {
		if i = skipSpace(p, i); i >= len(p) {
			return -1
		}
		switch c := p[i]; c {
		case '{', '[':
			object := uint64(c>>5) & 1 // '{' is 0x7B, '[' is 0x5B
			if open.n >= limit {
				return -1
			}
			open.push(object)
			if i = skipSpace(p, i+1); i < len(p) && p[i] == c+2 {
				break // empty: the closer is handled below
			}
			if object != 0 {
				if i = skimName(p, i); i < 0 {
					return -1
				}
			}
			continue
		case '"':
			if i = stringStop(p, i+1, 0); i < len(p) && p[i] == '"' {
				i++
			} else {
				i, fault = stringRest(p, i)
			}
		case 't':
			i, fault = skipLiteral(p, i, "true")
		case 'f':
			i, fault = skipLiteral(p, i, "false")
		case 'n':
			i, fault = skipLiteral(p, i, "null")
		default:
			_, i, fault = number(p, i, false)
		}
		if fault != "" {
			return -1
		}
		if i = skimClosers(p, i, &open); i < 0 || open.n == 0 {
			return i
		}
	}
}

// skimClosers steps over what may follow a value: closers, then a comma with the name of the next member.
func skimClosers(p []byte, i int, open *nesting) int {
	for open.n > 0 {
		if i = skipSpace(p, i); i >= len(p) {
			return -1
		}
		object := open.bits&1 != 0
		switch c := p[i]; {
		case c == ',' && object:
			return skimName(p, skipSpace(p, i+1))
		case c == ',':
			return i + 1
		case c == '}' && object, c == ']' && !object:
			open.pop()
			i++
		default:
			return -1
		}
	}
	return i
}

// skimName steps over the name of a member and its colon.
func skimName(p []byte, i int) int {
	if i >= len(p) || p[i] != '"' {
		return -1
	}
	if i = stringStop(p, i+1, 0); i < len(p) && p[i] == '"' {
		i++
	} else {
		var fault string
		if i, fault = stringRest(p, i); fault != "" {
			return -1
		}
	}
	if i = skipSpace(p, i); i >= len(p) || p[i] != ':' {
		return -1
	}
	return i + 1
}
