package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/vm"
)

// Kept is where knowledge of a server's binary comes from, beside the server. Both may
// be nil.
type Kept struct {
	Find  func() *vm.Knowledge                    // what is kept of it; nil if that is nothing
	Learn func(ctx context.Context) *vm.Knowledge // asks a copy of it, which takes half a second; nil if it cannot
}

// Schemas is what is known of one server's commands and devices: what is kept of its
// binary, else what the server says when it is asked, once for each connection and only
// when somebody needs it. Any goroutine may use it.
type Schemas struct {
	door  Door
	kept  Kept
	agent *Door // to a guest agent; nil: it is none

	mu        sync.Mutex     // never held while the server or a copy is asked
	fixed     bool           // the schema is not the server's to tell
	tried     bool           // schema is what there is, be it nil
	schema    *qapi.Schema   // nil if there is none, or not yet
	none      *NoSchemaError // why there is none
	guest     *Guest         // what an agent has told; nil: nothing yet
	own       bool           // the server itself has told its schema
	told      []byte         // in these words; nil if it has not
	round     int            // counts connections: the answer of an old one is not for the new one
	reading   chan struct{}  // closed when the reader under way has ended; nil if nobody reads
	sought    bool           // knowledge is what is kept, be it nil
	knowledge *vm.Knowledge  // its file is closed when nobody holds it any more
	learning  bool           // it may become more
}

// NewSchemas makes the schema of client's server. Nothing is read yet.
func NewSchemas(client *qmp.Client, kept Kept) *Schemas {
	return &Schemas{door: NewDoor(client), kept: kept, learning: kept.Learn != nil}
}

// FixedSchema is a schema that is there already, from a file. What no schema tells, the
// properties of devices and objects, is asked of client's server; nil for nobody to ask.
func FixedSchema(schema *qapi.Schema, client *qmp.Client) *Schemas {
	s := &Schemas{fixed: true, tried: true, schema: schema, none: &NoSchemaError{}}
	if client != nil {
		s.door = NewDoor(client)
	}
	return s
}

// FixedKnowledge is what is known of a binary, whatever the server runs. Client is for
// what nobody but the server knows: the properties of objects; nil for nobody to ask.
func FixedKnowledge(k *vm.Knowledge, client *qmp.Client) *Schemas {
	s := FixedSchema(nil, client)
	s.tried, s.sought, s.knowledge = false, true, k
	return s
}

// NoSchema is for servers that have none: values are taken for what they look like.
func NoSchema() *Schemas { return FixedSchema(nil, nil) }

// Ask is the door for questions of our own.
func (s *Schemas) Ask(ctx context.Context, command string, args json.RawMessage) (json.RawMessage, error) {
	return s.door.Ask(ctx, command, args)
}

// Get returns the schema: the one that is kept, or the server's, which it reads first if
// it must. A server without one, or with one that cannot be understood, gives nil: the
// user's values are then guessed, and the server has the last word as ever. It gives nil
// as well when ctx ends or the connection does; the next Get tries again.
func (s *Schemas) Get(ctx context.Context) *qapi.Schema {
	schema, _ := s.Read(ctx)
	return schema
}

// Read is Get for those who can do nothing without a schema: the error says why there
// is none.
func (s *Schemas) Read(ctx context.Context) (*qapi.Schema, error) { return s.read(ctx, false) }

// Own returns the schema that the server itself tells, as Get does: nothing is refused to
// the user on the strength of what is kept. If it is not the one that is kept, what is
// kept is of no use for this server.
func (s *Schemas) Own(ctx context.Context) *qapi.Schema {
	schema, _ := s.read(ctx, true)
	return schema
}

// For returns a schema in which the command is as it is in that of Get, and others may be
// missing. If what is kept has the command, it costs as much as that one.
func (s *Schemas) For(ctx context.Context, command string) *qapi.Schema {
	s.mu.Lock()
	known, k := s.schema, s.keptLocked()
	s.mu.Unlock()
	if known == nil && k != nil {
		if part := k.SchemaOf(command); part != nil {
			return part
		}
	}
	return s.Get(ctx)
}

// read returns the schema; if own, nothing but the server's word will do.
func (s *Schemas) read(ctx context.Context, own bool) (*qapi.Schema, error) {
	s.mu.Lock()
	for !s.hasLocked(own) && s.reading != nil { // one reads for all
		reading := s.reading
		s.mu.Unlock()
		select {
		case <-reading:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	for !s.hasLocked(own) && (own || !s.takeKeptLocked()) {
		round := s.round
		s.reading = make(chan struct{})
		s.mu.Unlock()
		raw, err := s.door.Ask(ctx, "query-qmp-schema", nil)
		s.mu.Lock()
		close(s.reading)
		s.reading = nil
		var refused *qmp.ExecuteError
		switch {
		case round != s.round: // the answer of an old connection is worth nothing
		case err == nil, errors.As(err, &refused):
			s.tellLocked(raw, err)
		default: // another try may bring an answer
			return nil, err
		}
	}
	if s.schema == nil {
		return nil, s.none
	}
	return s.schema, nil
}

// takeKeptLocked takes the schema that is kept, if there is one.
func (s *Schemas) takeKeptLocked() bool {
	k := s.keptLocked()
	if k == nil {
		return false
	}
	schema := k.Schema()
	if schema == nil { // it is damaged
		s.knowledge = nil
		return false
	}
	s.tried, s.schema = true, schema
	return true
}

// hasLocked says whether there is no need to read.
func (s *Schemas) hasLocked(own bool) bool { return s.tried && (!own || s.own || s.fixed) }

// tellLocked takes the server's own schema, or its refusal to tell one.
func (s *Schemas) tellLocked(raw []byte, refusal error) {
	s.tried, s.own, s.told, s.none = true, true, raw, nil
	if s.knowledge != nil && refusal == nil && s.knowledge.Agrees(raw) {
		if s.schema = s.knowledge.Schema(); s.schema != nil {
			return
		}
	}
	s.knowledge = nil
	err := refusal
	if err == nil {
		s.schema, err = qapi.Parse(raw)
	}
	if err != nil {
		s.schema, s.none = nil, &NoSchemaError{Err: err}
	}
}

// keptLocked returns what is kept of the server's binary, nil if that is nothing.
func (s *Schemas) keptLocked() *vm.Knowledge {
	if !s.sought {
		s.sought = true
		if s.kept.Find != nil && !s.fixed {
			s.knowledge = s.kept.Find()
		}
	}
	return s.knowledge
}

// Doubtful says whether what is known is not the server's own word.
func (s *Schemas) Doubtful() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.knowledge != nil && !s.own && !s.fixed
}

// News returns the schema in the server's own words if it is not the one that is kept;
// nil if it is, or if the server was not asked.
func (s *Schemas) News() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.knowledge != nil || s.none != nil {
		return nil
	}
	return s.told
}

// Unfinished says whether what is kept could be in a form that loads faster.
func (s *Schemas) Unfinished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.knowledge != nil && !s.knowledge.Finished()
}

// Known returns the schema if it is there, and never waits for it.
func (s *Schemas) Known() *qapi.Schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.schema
}

// Forget makes the next Get read again: the connection is a new one.
func (s *Schemas) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guest = nil
	s.round++
	if !s.fixed {
		s.tried, s.schema, s.none, s.own, s.told = false, nil, nil, false, nil
		s.sought, s.knowledge, s.learning = false, nil, s.kept.Learn != nil
	}
}

// ReadSchema reads a schema from a file's content: the array that
// query-qmp-schema returns, or the whole reply around it.
func ReadSchema(content []byte) (*qapi.Schema, error) {
	var reply struct{ Return json.RawMessage }
	if json.Unmarshal(content, &reply) == nil && reply.Return != nil {
		content = reply.Return
	}
	s, err := qapi.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("this is no answer to query-qmp-schema: %w", err)
	}
	return s, nil
}
