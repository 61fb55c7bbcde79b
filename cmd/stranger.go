package cmd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// stranger names the user behind a socket whom nobody would expect there: neither us,
// root, nor the socket's owner. It is empty for all others.
func stranger(uid int, socket string) string {
	if uid == 0 || uid == os.Geteuid() {
		return ""
	}
	if info, err := os.Stat(socket); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) == uid {
			return ""
		}
	}
	return userName(uid)
}

// userName is the name of a user, or the number of one without a name.
func userName(uid int) string {
	number := strconv.Itoa(uid)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return "user " + number
}

// tellStranger remarks, once in a session, that a stranger is about to get a secret.
func (s *session) tellStranger(_ context.Context, cmd qmp.Command) error {
	if s.stranger == "" || !carriesSecret(cmd) {
		return nil
	}
	fmt.Fprintf(s.stderr, "qmpsh: a secret goes to %s: the process behind %s is neither yours, root's, nor of the socket's owner\n", s.stranger, s.addr)
	s.stranger = ""
	return nil
}

// carriesSecret says whether there is anything in a command that must not be shown.
func carriesSecret(cmd qmp.Command) bool {
	cmd.NoID = true
	raw, err := cmd.Append(nil)
	return err == nil && !bytes.Equal(cmdline.RedactMessage(raw), raw)
}
