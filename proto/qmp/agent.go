package qmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"

	"github.com/qmpsh/qmpsh/proto"
)

// A guest agent sits at the end of a line that outlives its users. It may have read
// half a command of an earlier client, and may have an answer for one in its pipe.
// Hence the synchronisation (Q12; QMP specification, "QGA Synchronization"): a byte
// 0xFF, which ends any half command, then guest-sync-delimited with a number of our
// own. Its answer comes behind another 0xFF, and everything before it is for nobody.

// newSync makes a synchronisation: the message, and the value its reply will have.
func newSync() (m *Message, reply string) {
	reply = strconv.FormatInt(rand.Int64(), 10)
	return &Message{Raw: fmt.Appendf(nil, "\xff"+`{"execute": "guest-sync-delimited", "arguments": {"id": %s}}`, reply)}, reply
}

// synchronise is the handshake with an agent.
func (hs *handshake) synchronise() error {
	hs.session.client.framer = &agentFramer{inner: framer{Agent: true}}
	m, want := newSync()
	if err := hs.Send(m); err != nil {
		return hs.noSync(err)
	}
	for {
		m, err := hs.next()
		if err != nil {
			return hs.noSync(err)
		}
		if string(m.Return) == want {
			return nil
		}
		if m.QMP != nil {
			return hs.noSync(errors.New("this is a QMP server, not a guest agent"))
		}
		hs.session.client.log.Debug("dropped a message from before the synchronisation", "message", head(m.Raw))
	}
}

func (hs *handshake) noSync(err error) error {
	if over := hs.ctx.Err(); over != nil {
		err = context.Cause(hs.ctx)
		if !errors.Is(over, context.DeadlineExceeded) {
			return err
		}
	}
	return &AgentSyncError{Origin: proto.Here(), Err: err}
}

// startSyncLocked begins a synchronisation while the session runs. Any earlier one is
// forgotten: its answer is for nobody now.
func (s *session) startSyncLocked() *Message {
	s.syncMessage, s.sync = newSync()
	return s.syncMessage
}

// syncedLocked takes a message while an agent may still answer somebody who gave up.
// The answer to the synchronisation lets the command go that waits for it.
func (s *session) syncedLocked(m *Message) remark {
	if s.sync == "" || string(m.Return) != s.sync {
		return remark{slog.LevelDebug, "dropped a late message of the agent"}
	}
	s.sync, s.dirty = "", false
	k := s.inBand[0]
	// It fails only if the session is ending, which finishes the call.
	k.sent = s.client.conn.Send(&k.msg) == nil
	return remark{}
}

// agentFramer is a framer that never fails: behind what is no message it goes on with
// the next line or the next 0xFF. What it cuts out may be no JSON. It goes on behind
// the byte that was wrong, not behind where the message began: a guest could make us
// look at the same bytes thousands of times.
type agentFramer struct {
	inner   framer
	discard bool // up to the next line or 0xFF
}

// Scan is proto.Framer's method.
func (f *agentFramer) Scan(p []byte) (skip, end int, err error) {
	at := 0
	for {
		if f.discard {
			n := restart(p[at:])
			if n < 0 {
				return len(p), -1, nil
			}
			at += n
			f.discard = false
		}
		begun := f.inner.value.Open()
		skip, end, err = f.inner.Scan(p[at:])
		if err == nil {
			if end >= 0 {
				end += at
			}
			return at + skip, end, nil
		}
		f.discard = true
		if begun {
			// The pieces seen so far are a message for ParseMessage to refuse.
			return 0, 0, nil
		}
		at += f.inner.fault
	}
}

// restart returns where a new message may begin, -1 if nowhere in p.
func restart(p []byte) int {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		p = p[:i+1]
	}
	if i := bytes.IndexByte(p, 0xFF); i >= 0 {
		return i
	}
	return bytes.IndexByte(p, '\n')
}
