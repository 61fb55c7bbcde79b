package proto_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/qmpsh/qmpsh/proto"
)

// brackets frames messages like "<...>", skips spaces between them and refuses all else.
type brackets struct{ inside bool }

func (f *brackets) Scan(p []byte) (skip, end int, err error) {
	if !f.inside {
		skip = len(p) - len(bytes.TrimLeft(p, " "))
		if skip == len(p) {
			return skip, -1, nil
		}
		if p[skip] != '<' {
			return skip, -1, fmt.Errorf("%q where a message should begin", p[skip])
		}
		f.inside = true
	}
	if i := bytes.IndexByte(p[skip:], '>'); i >= 0 {
		f.inside = false
		return skip, skip + i + 1, nil
	}
	return skip, -1, nil
}

func TestE21_EndOfStream(t *testing.T) {
	large := "<" + strings.Repeat("x", 200_000)
	for name, test := range map[string]struct {
		stream string
		want   error
	}{
		"nothing":                       {"", io.EOF},
		"between two messages":          {"<a>", io.EOF},
		"after bytes of no message":     {"<a>   ", io.EOF},
		"inside a message":              {"<a> <b", io.ErrUnexpectedEOF},
		"inside a message that's large": {"<a> " + large, io.ErrUnexpectedEOF},
	} {
		for how, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "bytewise": iotest.OneByteReader, "with data": iotest.DataErrReader,
		} {
			r := proto.NewReader(wrap(strings.NewReader(test.stream)), 0)
			var f brackets
			var err error
			for err == nil {
				_, err = r.ReadMessage(&f)
			}
			if err != test.want {
				t.Errorf("%s, %s: got %v, want %v", name, how, err, test.want)
			}
			if _, again := r.ReadMessage(&f); again != err {
				t.Errorf("%s, %s: then got %v", name, how, again)
			}
		}
	}
}

// A peer that closes TLS without a farewell gives an unexpected EOF everywhere.
func TestE21_UnexpectedEndOfTLSBetweenMessages(t *testing.T) {
	r := proto.NewReader(io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(io.ErrUnexpectedEOF)), 0)
	var f brackets
	r.ReadMessage(&f)
	if _, err := r.ReadMessage(&f); err != io.EOF {
		t.Errorf("got %v", err)
	}
}

func TestE21_ErrorOfTheStreamIsPassedOn(t *testing.T) {
	boom := errors.New("boom")
	r := proto.NewReader(io.MultiReader(strings.NewReader("half a line"), iotest.ErrReader(boom)), 0)
	if _, err := r.ReadLine(); err != boom {
		t.Errorf("got %v", err)
	}
	if got := string(r.Buffered()); got != "half a line" {
		t.Errorf("buffered %q", got)
	}
	r = proto.NewReader(stuck{}, 0)
	if _, err := r.ReadLine(); err != io.ErrNoProgress {
		t.Errorf("got %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestE21_Limit(t *testing.T) {
	for _, limit := range []int{1, 2, 5, 100, 64 << 10, 64<<10 + 1, 300_000} {
		for _, size := range []int{limit - 1, limit, limit + 1, 2 * limit} {
			if size < 2 {
				continue
			}
			msg := "<" + strings.Repeat("x", size-2) + ">"
			r := proto.NewReader(strings.NewReader(msg+"<>"), limit)
			got, err := r.ReadMessage(&brackets{})
			if size <= limit {
				if err != nil || string(got) != msg {
					t.Errorf("limit %d: message of %d: %v", limit, size, err)
				}
				continue
			}
			var le *proto.LimitError
			if !errors.As(err, &le) || le.Limit != limit || !strings.Contains(err.Error(), fmt.Sprint(limit)) {
				t.Errorf("limit %d: message of %d: got %v", limit, size, err)
			}
		}
	}
}

func TestE21_LimitIsMetByAMessageThatStillArrives(t *testing.T) {
	for _, limit := range []int{100, 64 << 10, 500_000} {
		// The peer sends one byte more than the limit and then nothing, for ever.
		start := "<" + strings.Repeat("x", limit)
		r := proto.NewReader(io.MultiReader(strings.NewReader(start), unread{t}), limit)
		var le *proto.LimitError
		if _, err := r.ReadMessage(&brackets{}); !errors.As(err, &le) || le.Limit != limit {
			t.Errorf("limit %d: got %v", limit, err)
		}
		if !strings.HasPrefix(start, string(r.Buffered())) || len(r.Buffered()) < min(limit, 64<<10) {
			t.Errorf("limit %d: %d bytes are left to show", limit, len(r.Buffered()))
		}
	}
}

// unread is a stream that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("read on after the limit was passed")
	return 0, io.EOF
}

func TestE21_LimitDoesNotCountWhatBelongsToNoMessage(t *testing.T) {
	r := proto.NewReader(strings.NewReader(strings.Repeat(" ", 1_000_000)+"<a>"), 3)
	if got, err := r.ReadMessage(&brackets{}); err != nil || string(got) != "<a>" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestE21_LimitIs64MiBIfUnset(t *testing.T) {
	r := proto.NewReader(io.LimitReader(endless{}, 65<<20), 0)
	var le *proto.LimitError
	if _, err := r.ReadLine(); !errors.As(err, &le) || le.Limit != 64<<20 {
		t.Errorf("got %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestE21_RefusedMessageIsShown(t *testing.T) {
	r := proto.NewReader(strings.NewReader("<a>  HMP "+strings.Repeat("x", 1000)), 0)
	var f brackets
	if _, err := r.ReadMessage(&f); err != nil {
		t.Fatal(err)
	}
	_, err := r.ReadMessage(&f)
	var fe *proto.FrameError
	if !errors.As(err, &fe) || len(fe.Received) != 256 || !strings.HasPrefix(string(fe.Received), "HMP xxx") {
		t.Errorf("got %v", err)
	}
	if _, again := r.ReadMessage(&f); again != err {
		t.Errorf("then got %v", again)
	}
}

func TestReader_MessagesBelongToTheCaller(t *testing.T) {
	var want []string
	for i := range 3000 {
		want = append(want, fmt.Sprintf("<%d %s>", i, strings.Repeat("x", i%400)))
	}
	want[1500] = "<" + strings.Repeat("y", 3_000_000) + ">"
	r := proto.NewReader(strings.NewReader(strings.Join(want, "  ")), 0)
	var f brackets
	var got [][]byte
	for range want {
		m, err := r.ReadMessage(&f)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	for i := range want {
		if string(got[i]) != want[i] {
			t.Fatalf("message %d was overwritten", i)
		}
	}
}

func TestReader_OneAllocationForAMessageInTheBuffer(t *testing.T) {
	line := strings.Repeat("x", 100) + "\n"
	r := proto.NewReader(strings.NewReader(strings.Repeat(line, 2000)), 0)
	if n := testing.AllocsPerRun(1000, func() { r.ReadLine() }); n != 1 {
		t.Errorf("%v allocations a message, want 1", n)
	}
}

func TestReader_MemoryOfALargeMessage(t *testing.T) {
	const size = 32 << 20
	src := io.MultiReader(io.LimitReader(endless{}, size), strings.NewReader("\n"))
	r := proto.NewReader(src, 0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	line, err := r.ReadLine()
	runtime.ReadMemStats(&after)
	if err != nil || len(line) != size+1 {
		t.Fatalf("got %d bytes, %v", len(line), err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > size*21/10 {
		t.Errorf("%d bytes were allocated for a message of %d", used, size)
	}
}

// FuzzReader cuts a stream into arbitrary reads and wants the same messages. Every
// byte that is no newline stands for a run of its kind, so that a small input makes
// messages larger than the buffer.
func FuzzReader(f *testing.F) {
	f.Add([]byte("one\ntwo\n\nthree"), []byte{1, 2, 3}, uint16(1), uint32(0))
	f.Add([]byte("large\nrest\n"), []byte{255}, uint16(20_000), uint32(0))
	f.Add([]byte("a long line\n"), []byte{0}, uint16(1), uint32(5))
	f.Add([]byte("a\nb\nc\n\n\nlarge\nx"), []byte{250, 1, 77}, uint16(16_384), uint32(65_537))
	f.Fuzz(func(t *testing.T, seed, cuts []byte, run uint16, limit uint32) {
		var stream []byte
		for _, c := range seed[:min(len(seed), 200)] {
			n := int(run)
			if c == '\n' {
				n = 1
			}
			stream = append(stream, bytes.Repeat([]byte{c}, n)...)
		}
		want, wantErr := splitAll(stream, int(limit))
		r := proto.NewReader(&chopped{stream, cuts, 0}, int(limit))
		var err error
		for i := 0; ; i++ {
			var m []byte
			if m, err = r.ReadLine(); err != nil {
				if i != len(want) {
					t.Fatalf("got %d messages, want %d: %v", i, len(want), err)
				}
				break
			}
			if i >= len(want) || !bytes.Equal(m, want[i]) {
				t.Fatalf("message %d is %.80q", i, m)
			}
		}
		var le *proto.LimitError
		if wantErr != nil && err != wantErr || wantErr == nil && !errors.As(err, &le) {
			t.Fatalf("ended with %v, want %v (nil: a limit)", err, wantErr)
		}
	})
}

// splitAll is what a Reader must make of a stream of lines; a nil error stands for
// a LimitError.
func splitAll(stream []byte, limit int) (lines [][]byte, err error) {
	if limit == 0 {
		limit = 64 << 20
	}
	for len(stream) > 0 {
		i := bytes.IndexByte(stream, '\n') + 1
		if n := max(i, 0); n > limit || n == 0 && len(stream) > limit {
			return lines, nil
		}
		if i == 0 {
			return lines, io.ErrUnexpectedEOF
		}
		lines, stream = append(lines, stream[:i]), stream[i:]
	}
	return lines, io.EOF
}

// chopped returns its data in reads of the given sizes, again and again.
type chopped struct {
	data, cuts []byte
	i          int
}

func (c *chopped) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := len(c.data)
	if len(c.cuts) > 0 {
		n = int(c.cuts[c.i%len(c.cuts)])*300 + 1
		c.i++
	}
	n = copy(p, c.data[:min(n, len(c.data))])
	c.data = c.data[n:]
	return n, nil
}
