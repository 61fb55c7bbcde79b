package cmd_test

import (
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// D14: Ctrl-C stops a long result on the terminal, says so, and the shell goes on.
func TestShellStopsALongResult(t *testing.T) {
	t.Parallel()
	const size = 16 << 20
	d := newDesk(t)
	d.set("big", `{"return": ["`+strings.Repeat("0123456789", size/10)+`"], "id": %s}`)
	s := openTTY(t, qmptest.Dir(t), nil, "connect", d.path)
	s.shows("(desk) ")
	s.types("big\r")
	s.shows("0123456789")
	s.types("\x03")
	s.shows("stopped; big was done, but its result is not whole", "(desk) ")
	if n := len(s.out.String()); n > size/2 {
		t.Errorf("%d bytes came", n)
	}
	s.enters("small")
	s.shows(`"did": "small"`)
	s.types("\x04")
	if code := s.leaves(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
