package qmp

import (
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/qmpsh/qmpsh/proto"
)

// maxInFlight is how many in-band commands a client may have in flight so that the
// server still reads out-of-band ones (QMP specification, "Out-of-band execution").
const maxInFlight = 8

// session is what the client knows of one session: its greeting, and the commands
// that are in flight or wait for their turn. The client makes one per attempt to
// connect.
type session struct {
	client   *Client
	greeting *Greeting      // set before anyone can see the session
	peer     *Peer          // the same; nil if there is no telling
	early    bool           // events were delivered during the handshake; its goroutine's alone
	probing  sync.WaitGroup // counts the goroutine that probes a silent server

	mu        sync.Mutex
	oob       bool
	limit     int              // of len(inBand)
	serial    bool             // the server knows no ids: replies go by order alone
	inBand    []*call          // sent and not answered, in the order in which they were sent
	outOfBand map[string]*call // the same, out of band, by key
	orphans   []*call          // of outOfBand, those whose callers have gone, oldest first; some were answered since
	waiters   list.List        // *call that wait for a place in inBand
	numbers   numbers          // the ids that we chose and whose answers may come
	over      bool
	cause     error // why it is over; nil for a disconnect

	sync        string   // the guest-sync-delimited on its way, by its id; "" for none (Q12)
	syncMessage *Message // the newest of them
	dirty       bool     // an agent may still answer somebody who gave up
}

func newSession(c *Client) *session {
	s := &session{client: c, limit: maxInFlight, outOfBand: map[string]*call{}}
	if c.opts.Agent {
		s.limit, s.serial = 1, true
	}
	return s
}

func (s *session) offersOOB() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oob && !s.over
}

// noteCapabilities looks into the arguments of a qmp_capabilities that the caller
// sent with success, in a session whose negotiation was skipped.
func (s *session) noteCapabilities(args json.RawMessage) {
	var enabled struct{ Enable []string }
	if args == nil || json.Unmarshal(args, &enabled) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oob = slices.Contains(enabled.Enable, "oob")
}

// findLocked returns the command in flight that has the id, nil if there is none.
func (s *session) findLocked(id json.RawMessage) *call {
	// Our own ids are their own keys, and short enough for a string that costs nothing.
	if isOwnID(id) {
		return s.findKeyLocked(string(id))
	}
	return s.findKeyLocked(idKey(id))
}

func (s *session) findKeyLocked(key string) *call {
	for _, k := range s.inBand {
		if k.key == key {
			return k
		}
	}
	return s.outOfBand[key]
}

// submit sends a command, or lets it wait for its turn. From then on k.done tells
// the end. An error says that nothing was sent.
func (s *session) submit(k *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over && s.cause != nil:
		return &InterruptedError{Origin: proto.Here(), Unsent: true, Err: s.cause}
	case s.over:
		return s.client.notConnected()
	case k.oob && !s.oob:
		return &CommandError{Offset: -1, Problem: "out-of-band commands were not negotiated with this server"}
	case k.oob && k.key == "" && !k.ownID:
		return &CommandError{Offset: -1, Problem: "an out-of-band command needs an id"}
	}
	holder := s.holderLocked(k)
	switch {
	case holder != nil && (k.oob || holder.number == 0):
		return errDuplicateID(k)
	case !k.oob && (holder != nil || s.waiters.Len() > 0 || len(s.inBand) >= s.limit):
		k.waiting = s.waiters.PushBack(k)
		return nil
	}
	return s.issueLocked(k)
}

func errDuplicateID(k *call) error {
	return &CommandError{Offset: -1, Problem: "a command with the id " + k.key + " is in flight"}
}

// holderLocked returns the command in flight that has the call's id, nil if there is none.
func (s *session) holderLocked(k *call) *call {
	if k.key == "" {
		return nil
	}
	return s.findKeyLocked(k.key)
}

// issueLocked sends a command that has its place.
func (s *session) issueLocked(k *call) error {
	if k.ownID {
		s.numberLocked(k)
	}
	if k.oob {
		s.outOfBand[k.key] = k
	} else {
		s.inBand = append(s.inBand, k)
	}
	m := &k.msg
	if s.dirty {
		m = s.startSyncLocked()
	}
	err := s.client.conn.Send(m)
	if err == nil {
		k.sent = m == &k.msg
		return nil
	}
	var state *proto.StateError
	if errors.As(err, &state) && state.Have == proto.Disconnecting {
		return nil // the session is ending, and its end will finish the call
	}
	s.removeLocked(k)
	return err
}

// numberLocked gives the call the smallest number that no command in flight has, be it ours or a caller's. It is done
// when the call has its place: who waits holds no number, so a long queue does not make ids long, and no caller's id can
// come in between.
func (s *session) numberLocked(k *call) {
	n := s.numbers.free(1)
	for s.findKeyLocked(strconv.Itoa(n)) != nil {
		n = s.numbers.free(n + 1)
	}
	s.numbers.take(n)
	k.setNumber(n)
}

// removeLocked forgets a command that was issued, which frees its place and its number.
func (s *session) removeLocked(k *call) {
	if k.number != 0 {
		s.numbers.release(k.number)
		k.number = 0
	}
	if k.oob {
		delete(s.outOfBand, k.key)
	} else if i := slices.Index(s.inBand, k); i >= 0 {
		s.inBand = slices.Delete(s.inBand, i, i+1)
	}
}

// admitLocked gives free places to those who wait, in the order in which they came. A caller
// cannot know which numbers we use: a command with the id of one of ours waits until that is free.
func (s *session) admitLocked() {
	for len(s.inBand) < s.limit && s.waiters.Len() > 0 {
		k := s.waiters.Front().Value.(*call)
		holder := s.holderLocked(k)
		if holder != nil && holder.number != 0 {
			return
		}
		s.waiters.Remove(k.waiting)
		k.waiting = nil
		if holder != nil {
			k.finishLocked(errDuplicateID(k))
		} else if err := s.issueLocked(k); err != nil {
			k.finishLocked(err)
		}
	}
}

// remark is what the log is to hear of a message once the lock is free: a log handler
// may be slow, and may ask the client something.
type remark struct {
	level slog.Level
	text  string // "" for nothing
}

// answer takes a message that is no event. It runs on the reader's goroutine. Its
// error ends the session.
func (s *session) answer(m *Message) error {
	s.mu.Lock()
	k, r, err := s.matchLocked(m)
	if k != nil {
		s.removeLocked(k)
		s.admitLocked()
		switch {
		case !k.abandoned:
			k.settleLocked(m)
		case r.text == "":
			r = remark{slog.LevelDebug, "dropped a late reply"}
		}
	}
	s.mu.Unlock()
	if r.text != "" {
		log := s.client.log
		if k != nil {
			log = log.With("command", k.cmd.Name)
		}
		log.Log(context.Background(), r.level, r.text, "message", head(m.Raw))
	}
	return err
}

// matchLocked finds the command that m answers (Q5). It returns nil, and usually a
// remark that says why, if there is none.
func (s *session) matchLocked(m *Message) (*call, remark, error) {
	warn := func(text string) remark { return remark{slog.LevelWarn, text} }
	switch {
	case s.sync != "" || s.dirty:
		return nil, s.syncedLocked(m), nil
	case m.ID != nil:
		k := s.findLocked(m.ID)
		if k == nil {
			return nil, warn("dropped a message with an unknown id"), nil
		}
		return k, remark{}, nil
	case m.Return == nil && m.Error == nil:
		return nil, warn("dropped a message of no known kind"), nil
	case len(s.inBand) == 0 && len(s.outOfBand) == 0:
		return nil, warn("dropped a reply that nobody waits for"), nil
	}
	// In-band commands are answered in the order in which they were sent.
	if len(s.inBand) > 0 {
		k := s.inBand[0]
		if k.key == "" || s.serial {
			return k, remark{}, nil
		}
		if m.Error == nil {
			s.serial, s.limit = true, 1
			return k, warn("the server ignores ids: one command at a time from now on"), nil
		}
	}
	if m.Error == nil {
		return nil, warn("dropped a reply without an id"), nil
	}
	// The server could not even read the id of what it complains about. There is no
	// telling how much of our stream it dropped, and which commands will still be
	// answered: going on could give one command the answer of another.
	return nil, remark{}, &ServerParseError{Origin: proto.Here(), Raw: m.Raw, Err: m.executeError(Command{})}
}

// end is the end of a session that was established: it finishes what is open (Q8) and
// tells the subscriptions.
func (s *session) end(cause error, unsent []*Message) {
	s.close(cause, unsent)
	s.client.subscriptions.end(cause)
}

// failed is the end of a session that could not be established. Subscriptions hear of it
// only if they have heard of the session.
func (s *session) failed(cause error) {
	s.close(cause, nil)
	if s.early {
		s.client.subscriptions.end(cause)
	}
}

// close finishes every command that somebody waits for. Nothing was sent of the
// messages in unsent.
func (s *session) close(cause error, unsent []*Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.over, s.cause = true, cause
	open := slices.AppendSeq(slices.Clone(s.inBand), maps.Values(s.outOfBand))
	for e := s.waiters.Front(); e != nil; e = e.Next() {
		open = append(open, e.Value.(*call))
	}
	never := map[*Message]bool{}
	for _, m := range unsent {
		never[m] = true
	}
	for _, k := range open {
		if !k.abandoned {
			never := !k.sent || never[&k.msg]
			k.finishLocked(&InterruptedError{Origin: proto.Here(), Unsent: never, Err: cause})
		}
	}
	s.inBand, s.orphans = nil, nil
	clear(s.outOfBand)
	s.waiters.Init()
}
