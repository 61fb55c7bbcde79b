package shell

import (
	"context"
	"encoding/json"
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

	mu     sync.Mutex // held while the schema is read, so that nobody reads it twice
	tried  bool
	schema *qapi.Schema
}

// NewSchemas makes the schema of client's server. Nothing is read yet.
func NewSchemas(client *qmp.Client) *Schemas { return &Schemas{ask: client.Execute} }

// FixedSchema is a schema that is there already, from a file.
func FixedSchema(s *qapi.Schema) *Schemas { return &Schemas{tried: true, schema: s} }

// NoSchema is for servers that have none: values are taken for what they look like.
func NoSchema() *Schemas { return &Schemas{tried: true} }

// Get returns the schema, and reads it first if it must. A server without one, or
// with one that cannot be understood, gives nil: the user's values are then
// guessed, and the server has the last word as ever.
func (s *Schemas) Get(ctx context.Context) *qapi.Schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tried {
		return s.schema
	}
	raw, err := s.ask(ctx, "query-qmp-schema", nil)
	if ctx.Err() != nil {
		return nil // the next one may have more time
	}
	s.tried = true
	if err == nil {
		s.schema, _ = qapi.Parse(raw)
	}
	return s.schema
}

// Known returns the schema if it is there, and never waits.
func (s *Schemas) Known() *qapi.Schema {
	if !s.mu.TryLock() {
		return nil
	}
	defer s.mu.Unlock()
	return s.schema
}

// Forget makes the next Get read again: the connection is a new one.
func (s *Schemas) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ask != nil {
		s.tried, s.schema = false, nil
	}
}

// properties asks the server for what the schema does not list: the properties of
// a device type or of an object.
func (s *Schemas) properties(ctx context.Context) func(cmdline.Owner) []cmdline.Property {
	if s.ask == nil {
		return nil
	}
	return func(o cmdline.Owner) []cmdline.Property {
		command, args := "qom-list", map[string]string{"path": o.Path}
		if o.Driver != "" {
			command, args = "device-list-properties", map[string]string{"typename": o.Driver}
		}
		raw, err := json.Marshal(args)
		if err != nil {
			return nil
		}
		var list []cmdline.Property
		if raw, err = s.ask(ctx, command, raw); err != nil || json.Unmarshal(raw, &list) != nil {
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
