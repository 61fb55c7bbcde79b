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

	mu      sync.Mutex     // never held while the server is asked
	fixed   bool           // the schema is not the server's to tell
	tried   bool           // schema is what there is, be it nil
	schema  *qapi.Schema   // nil if there is none, or not yet
	none    *NoSchemaError // why there is none
	round   int            // counts connections: the answer of an old one is not for the new one
	reading chan struct{}  // closed when the reader under way has ended; nil if nobody reads
}

// NewSchemas makes the schema of client's server. Nothing is read yet.
func NewSchemas(client *qmp.Client) *Schemas { return &Schemas{ask: client.Execute} }

// FixedSchema is a schema that is there already, from a file. What no schema tells, the
// properties of devices and objects, is asked of client's server; nil for nobody to ask.
func FixedSchema(schema *qapi.Schema, client *qmp.Client) *Schemas {
	s := &Schemas{fixed: true, tried: true, schema: schema, none: &NoSchemaError{}}
	if client != nil {
		s.ask = client.Execute
	}
	return s
}

// NoSchema is for servers that have none: values are taken for what they look like.
func NoSchema() *Schemas { return FixedSchema(nil, nil) }

// Ask is for questions of our own, which must not harm the server: whatever would is
// answered with an error instead.
func (s *Schemas) Ask(ctx context.Context, command string, args json.RawMessage) (json.RawMessage, error) {
	if s.ask == nil {
		return nil, &NoSchemaError{}
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
	schema, _ := s.Read(ctx)
	return schema
}

// Read is Get for those who can do nothing without a schema: the error says why there
// is none.
func (s *Schemas) Read(ctx context.Context) (*qapi.Schema, error) {
	s.mu.Lock()
	for !s.tried && s.reading != nil { // one reads for all
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
	for !s.tried {
		round := s.round
		s.reading = make(chan struct{})
		s.mu.Unlock()
		schema, err := s.read(ctx)
		s.mu.Lock()
		close(s.reading)
		s.reading = nil
		var none *NoSchemaError
		switch {
		case round != s.round: // the answer of an old connection is worth nothing
		case err == nil, errors.As(err, &none):
			s.tried, s.schema, s.none = true, schema, none
		default: // another try may bring an answer
			return nil, err
		}
	}
	if s.schema == nil {
		return nil, s.none
	}
	return s.schema, nil
}

// read asks the server.
func (s *Schemas) read(ctx context.Context) (*qapi.Schema, error) {
	raw, err := s.ask(ctx, "query-qmp-schema", nil)
	var refused *qmp.ExecuteError
	if errors.As(err, &refused) {
		return nil, &NoSchemaError{Err: err}
	}
	if err != nil {
		return nil, err
	}
	schema, err := qapi.Parse(raw)
	if err != nil {
		return nil, &NoSchemaError{Err: err}
	}
	return schema, nil
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
		s.tried, s.schema, s.none = false, nil, nil
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
