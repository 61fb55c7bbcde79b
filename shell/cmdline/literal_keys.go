package cmdline

// quoteKey shows a key that is already a JSON string, cut if need be.
func quoteKey(key []byte) string {
	if len(key) <= 40 {
		return string(key)
	}
	return quoteWord(string(key[1 : len(key)-1]))
}

// keySet holds the keys of one object, to find the one that comes twice. Small objects need no map.
type keySet struct {
	spans [16][2]int
	n     int
	all   map[string]struct{}
}

// add notes the key that starts at dst[start]; false means that it was there before.
func (s *keySet) add(key, dst []byte, start int) bool {
	if s.n < len(s.spans) {
		for _, span := range s.spans[:s.n] {
			if string(dst[span[0]:span[1]]) == string(key) {
				return false
			}
		}
		s.spans[s.n] = [2]int{start, start + len(key)}
		s.n++
		return true
	}
	if s.all == nil {
		s.all = make(map[string]struct{})
		for _, span := range s.spans {
			s.all[string(dst[span[0]:span[1]])] = struct{}{}
		}
	}
	if _, twice := s.all[string(key)]; twice {
		return false
	}
	s.all[string(key)] = struct{}{}
	return true
}
