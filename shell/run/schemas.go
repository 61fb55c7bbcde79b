package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// Schemas reads a server's QAPI schema, once for each connection and only when
// somebody needs it. Any goroutine may use it.
type Schemas struct {
	ask func(ctx context.Context, command string, args json.RawMessage) (json.RawMessage, error)

	mu      sync.Mutex    // never held while the server is asked
	fixed   bool          // the schema is not the server's to tell
	tried   bool          // schema is what there is, be it nil
	schema  *qapi.Schema  // nil if there is none, or not yet
	round   int           // counts connections: the answer of an old one is not for the new one
	reading chan struct{} // closed when the reader under way has ended; nil if nobody reads
}

// NewSchemas makes the schema of client's server. Nothing is read yet.
func NewSchemas(client *qmp.Client) *Schemas { return &Schemas{ask: client.Execute} }

// FixedSchema is a schema that is there already, from a file.
func FixedSchema(s *qapi.Schema) *Schemas { return &Schemas{fixed: true, tried: true, schema: s} }

// NoSchema is for servers that have none: values are taken for what they look like.
func NoSchema() *Schemas { return FixedSchema(nil) }

// Serve lets the schema of a file ask client's server for what no schema tells: the
// properties of devices and objects.
func (s *Schemas) Serve(client *qmp.Client) { s.ask = client.Execute }

// Ask is for questions of our own, which must not harm the server: whatever would is
// answered with an error instead.
func (s *Schemas) Ask(ctx context.Context, command string, args json.RawMessage) (json.RawMessage, error) {
	if s.ask == nil {
		return nil, ErrNoSchema
	}
	if command == "device-list-properties" {
		if err := s.harmless(ctx, args); err != nil {
			return nil, err
		}
	}
	return s.ask(ctx, command, args)
}

// about asks a question that takes one argument.
func (s *Schemas) about(ctx context.Context, command, key, value string) (json.RawMessage, error) {
	args, err := json.Marshal(map[string]string{key: value})
	if err != nil {
		return nil, err
	}
	return s.Ask(ctx, command, args)
}

// Get returns the schema, and reads it first if it must. A server without one, or
// with one that cannot be understood, gives nil: the user's values are then
// guessed, and the server has the last word as ever. It gives nil as well when ctx
// ends or the connection does; the next Get tries again.
func (s *Schemas) Get(ctx context.Context) *qapi.Schema {
	s.mu.Lock()
	for !s.tried && s.reading != nil { // one reads for all
		reading := s.reading
		s.mu.Unlock()
		select {
		case <-reading:
		case <-ctx.Done():
			return nil
		}
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	for !s.tried {
		round := s.round
		s.reading = make(chan struct{})
		s.mu.Unlock()
		schema, answered := s.read(ctx)
		s.mu.Lock()
		close(s.reading)
		s.reading = nil
		switch {
		case round != s.round: // the answer of an old connection is worth nothing
		case !answered:
			return nil
		default:
			s.tried, s.schema = true, schema
		}
	}
	return s.schema
}

// read asks the server. Without an answer another try may bring one.
func (s *Schemas) read(ctx context.Context) (schema *qapi.Schema, answered bool) {
	raw, err := s.ask(ctx, "query-qmp-schema", nil)
	var refused *qmp.ExecuteError
	if err != nil {
		return nil, errors.As(err, &refused)
	}
	schema, _ = qapi.Parse(raw)
	return schema, true
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
	if !s.fixed {
		s.tried, s.schema = false, nil
		s.round++
	}
}

// properties asks the server for what the schema does not list: the properties of
// a device type or of an object.
func (s *Schemas) properties(ctx context.Context) func(cmdline.Owner) []cmdline.Property {
	if s.ask == nil {
		return nil
	}
	return func(o cmdline.Owner) []cmdline.Property {
		var raw json.RawMessage
		var err error
		if o.Driver != "" {
			raw, err = s.about(ctx, "device-list-properties", "typename", o.Driver)
		} else {
			raw, err = s.about(ctx, "qom-list", "path", o.Path)
		}
		var list []cmdline.Property
		if err != nil || json.Unmarshal(raw, &list) != nil {
			return nil // the server will say what is wrong with the driver or the path
		}
		return list
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
