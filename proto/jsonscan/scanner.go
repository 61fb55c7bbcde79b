package jsonscan

// MaxDepth is how deep objects and arrays may nest in what a server sends. It is the limit of encoding/json, ten times that
// of QEMU's own parser.
const MaxDepth = 10000

// QEMUDepth is how deep QEMU's parser lets objects and arrays nest.
const QEMUDepth = 1024

// Kind says what a token is.
type Kind byte

// The kinds of tokens. Those of values are the byte that they begin with, but for numbers.
const (
	None      Kind = 0 // no token: the text is at its end, or Scanner.Err says what is wrong
	Object    Kind = '{'
	ObjectEnd Kind = '}'
	Array     Kind = '['
	ArrayEnd  Kind = ']'
	Name      Kind = ':' // of a member; its value comes next
	String    Kind = '"'
	Integer   Kind = '0'
	Fraction  Kind = '.' // a number with a fraction or an exponent
	True      Kind = 't'
	False     Kind = 'f'
	Null      Kind = 'n'
)

// Scanner reads one JSON value, token by token, without recursion and without allocating. Commas and colons are no tokens.
// Make one with New or NewForQEMU; the text must not change meanwhile.
type Scanner struct {
	src     []byte
	start   int // of the token
	end     int // behind the token
	next    place
	after   place  // where it will stand behind the value
	wide    uint64 // highs for QEMU's rules, else 0
	escaped bool   // the string or name has escapes
	limit   int    // of open containers
	open    nesting
	fault   string // what is wrong at src[end]; "" so far nothing

	nameAt, nameEnd int // of the last name
}

// place is where the scanner stands.
type place uint8

const (
	beforeValue place = iota
	inObject          // behind the opener
	inArray
	behindMember
	behindElement
	behindAll
)

// New returns a Scanner for what a server sends.
func New(src []byte) Scanner { return Scanner{src: src, limit: MaxDepth, after: behindAll} }

// NewForQEMU returns a Scanner for what is to be sent to QEMU inside of so many containers. It does not look for members
// that stand twice and for numbers out of range; Check does.
func NewForQEMU(src []byte, outer int) Scanner {
	return Scanner{src: src, limit: QEMUDepth - outer, wide: highs, after: behindAll}
}

// Next goes on to the next token and returns its kind.
func (s *Scanner) Next() Kind {
	if s.fault != "" {
		return None
	}
	i, c := skipSpace(s.src, s.end), byte(0)
	if i < len(s.src) {
		c = s.src[i]
	}
	switch s.next {
	case beforeValue:
		return s.value(i)
	case behindMember:
		switch c {
		case ',':
			return s.name(skipSpace(s.src, i+1), wantName)
		case '}':
			return s.close(i)
		}
		return s.fail(i, wantObjectNext)
	case behindElement:
		switch c {
		case ',':
			return s.value(skipSpace(s.src, i+1))
		case ']':
			return s.close(i)
		}
		return s.fail(i, wantArrayNext)
	case inObject:
		if c == '}' {
			return s.close(i)
		}
		return s.name(i, wantNameOrEnd)
	case inArray:
		if c == ']' {
			return s.close(i)
		}
	case behindAll:
		if s.end = i; i < len(s.src) {
			s.fault = wantEnd
		}
		return None
	}
	return s.value(i)
}

func (s *Scanner) fail(at int, fault string) Kind {
	s.end, s.fault = at, fault
	return None
}

func (s *Scanner) close(i int) Kind {
	s.open.pop()
	s.after = behindElement
	switch {
	case s.open.n == 0:
		s.after = behindAll
	case s.open.bits&1 != 0:
		s.after = behindMember
	}
	s.start, s.end, s.next = i, i+1, s.after
	return Kind(s.src[i])
}

// name reads the name of a member at i, and its colon. want is the complaint if none stands there.
func (s *Scanner) name(i int, want string) Kind {
	if i >= len(s.src) || s.src[i] != '"' {
		return s.fail(i, want)
	}
	end, fault := s.text(i)
	if fault != "" {
		return s.fail(end, fault)
	}
	colon := skipSpace(s.src, end)
	if colon >= len(s.src) || s.src[colon] != ':' {
		return s.fail(colon, wantColon)
	}
	s.start, s.nameAt, s.nameEnd, s.end, s.next = i, i, end, colon+1, beforeValue
	return Name
}

// value reads the scalar or the opener at i.
func (s *Scanner) value(i int) Kind {
	if i >= len(s.src) {
		return s.fail(i, wantValue)
	}
	kind, end, fault := Kind(s.src[i]), i, ""
	switch kind {
	case Object:
		return s.begin(i, 1, inObject, behindMember)
	case Array:
		return s.begin(i, 0, inArray, behindElement)
	case String:
		end, fault = s.text(i)
	case True:
		end, fault = skipLiteral(s.src, i, "true")
	case False:
		end, fault = skipLiteral(s.src, i, "false")
	case Null:
		end, fault = skipLiteral(s.src, i, "null")
	default:
		if kind != '-' && !isDigit(s.src[i]) {
			return s.fail(i, wantValue)
		}
		kind, end, fault = number(s.src, i, s.wide != 0)
	}
	if fault != "" {
		return s.fail(end, fault)
	}
	s.start, s.end, s.next = i, end, s.after
	return kind
}

// begin opens a container.
func (s *Scanner) begin(i int, object uint64, next, after place) Kind {
	if s.open.n >= s.limit {
		return s.fail(i, tooDeep(s.wide != 0))
	}
	s.open.push(object)
	s.start, s.end, s.next, s.after = i, i+1, next, after
	return Kind(s.src[i])
}

// text reads the string at i.
func (s *Scanner) text(i int) (end int, fault string) {
	stop := stringStop(s.src, i+1, s.wide)
	if s.escaped = false; stop < len(s.src) && s.src[stop] == '"' {
		return stop + 1, "" // as most strings end
	}
	s.escaped = true
	if end, fault = stringRest(s.src, stop); fault == "" && s.wide != 0 {
		return checkCharacters(s.src, stop, end)
	}
	return end, fault
}

// Start returns where the token, or the value that Skip or Member returned, begins in the text.
func (s *Scanner) Start() int { return s.start }

// End returns where the next token may begin: behind the token, of a name behind its colon.
func (s *Scanner) End() int { return s.end }

// NameStart returns where the last name began.
func (s *Scanner) NameStart() int { return s.nameAt }

// Token returns the token as it is written: a name or a string with its quotes, of a container the bracket.
func (s *Scanner) Token() []byte {
	end := s.end
	if s.next == beforeValue { // a name, whose colon has been read
		end = s.nameEnd
	}
	return s.src[s.start:end:end]
}

// Depth returns the number of open objects and arrays.
func (s *Scanner) Depth() int { return s.open.n }

// Skip goes on to the end of the next value, which is to come, and returns its kind. Token is then the whole value.
func (s *Scanner) Skip() Kind { return s.skip(s.Next()) }

// skip goes on to the end of the value that begins with a token of that kind, which has been read.
func (s *Scanner) skip(kind Kind) Kind {
	if kind != Object && kind != Array {
		return kind
	}
	start := s.start
	for depth := s.open.n - 1; s.open.n > depth; {
		if s.Next() == None {
			return None
		}
	}
	s.start = start
	return kind
}

// Member goes over the members of an object that is the whole text: it returns the next one's name, as it is written, and
// its value, slices of the text. ok is false at the end of the object and at a fault; Err tells which.
func (s *Scanner) Member() (name, value []byte, ok bool) {
	if s.end == 0 && !s.object() || s.Next() != Name {
		return nil, nil, false
	}
	name = s.src[s.start:s.nameEnd:s.nameEnd]
	i := skipSpace(s.src, s.end)
	if !s.skim(i) && s.skip(s.value(i)) == None {
		return nil, nil, false
	}
	return name, s.src[s.start:s.end:s.end], true
}

// object reads the opener of an object.
func (s *Scanner) object() bool {
	if i := skipSpace(s.src, 0); i >= len(s.src) || s.src[i] != '{' {
		s.fail(i, wantObject)
	}
	return s.Next() == Object
}

// Err returns nil, or what is wrong as a *SyntaxError. At the end of a value it first looks whether anything follows.
func (s *Scanner) Err() error {
	if s.fault == "" && s.next == behindAll {
		s.Next()
	}
	if s.fault == "" {
		return nil
	}
	return syntaxError(s.src, s.end, s.fault)
}

// nesting remembers for each open container whether it is an object: a stack of bits, of which the innermost 64 at most
// are at hand, so that usual messages need no memory for it.
type nesting struct {
	n     int
	bits  uint64
	spill []uint64
}

func (s *nesting) push(object uint64) {
	if s.n > 0 && s.n%64 == 0 {
		s.spill = append(s.spill, s.bits)
	}
	s.bits = s.bits<<1 | object
	s.n++
}

func (s *nesting) pop() {
	s.n--
	s.bits >>= 1
	if s.n > 0 && s.n%64 == 0 {
		last := len(s.spill) - 1
		s.bits, s.spill = s.spill[last], s.spill[:last]
	}
}
