package run

import (
	"errors"

	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// ErrLeave is what .exit and Ctrl-D end the shell or a script with.
var ErrLeave = errors.New("leave")

// WordError is a word of the shell's own that does not exist, or not here, or that
// cannot do what is asked.
type WordError struct {
	Word string
	Why  string
}

func (e *WordError) Error() string { return e.Word + " " + e.Why }

// DotWord returns the word of our own that st is. Plain help and exit are words too: no
// QMP server has commands of these names.
func DotWord(st cmdline.Statement) (string, bool) {
	if st.Kind == cmdline.Dot {
		return st.Word, true
	}
	if st.Bare() && (st.Name == "help" || st.Name == "exit") {
		return "." + st.Name, true
	}
	return "", false
}
