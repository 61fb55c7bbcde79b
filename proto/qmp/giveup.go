package qmp

import (
	"slices"

	"github.com/qmpsh/qmpsh/proto"
)

// abandon ends the wait of a caller whose context ended with cause, and returns its
// error, nil when the call has been finished meanwhile.
func (s *session) abandon(k *call, cause error) *WaitError {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.finished {
		return nil
	}
	if k.sent && s.client.conn.Withdraw(func(m *Message) bool { return m == &k.msg }) {
		k.sent = false
	}
	gone := &WaitError{Origin: proto.Here(), Unsent: !k.sent, Err: cause}
	switch agent := s.client.opts.Agent; {
	case k.waiting != nil:
		s.waiters.Remove(k.waiting)
		k.waiting = nil
		s.admitLocked() // it may have waited for its id, and others behind it
		return gone
	case k.sent && k.oob:
		s.orphanLocked(k)
		return gone
	case k.sent && !agent:
		// The server is still busy with it: its place stays taken (Q8).
		k.abandoned = true
		return gone
	case k.sent:
		// An agent may never answer. The next command synchronises instead (Q12).
		s.dirty = true
	case s.sync != "":
		s.client.conn.Withdraw(func(m *Message) bool { return m == s.syncMessage })
		gone.Err = &AgentSyncError{Origin: proto.Here(), Err: cause}
	}
	s.sync = ""
	s.removeLocked(k)
	s.admitLocked()
	return gone
}

// maxOrphans is how many out-of-band commands without a caller are remembered, so that
// their late replies are known for what they are. The number of one that is forgotten is not used again in the session:
// its reply may still come.
const maxOrphans = 1024

// orphanLocked remembers of an out-of-band command, whose caller has gone, what it
// takes to know its reply, and forgets the oldest when there are too many.
func (s *session) orphanLocked(k *call) {
	orphan := &call{cmd: Command{Name: k.cmd.Name}, key: k.key, oob: true, number: k.number, sent: true, abandoned: true}
	s.outOfBand[k.key] = orphan
	if len(s.orphans) == maxOrphans {
		if oldest := s.orphans[0]; s.outOfBand[oldest.key] == oldest {
			delete(s.outOfBand, oldest.key)
			s.admitLocked()
		}
		s.orphans = slices.Delete(s.orphans, 0, 1)
	}
	s.orphans = append(s.orphans, orphan)
}
