package run

import (
	"context"
	"encoding/json"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// Guest is what a guest agent tells of itself.
type Guest struct {
	Version  string
	Commands []string // those that are enabled
}

// AgentSchemas is for a guest agent: it has no schema, but tells the names of its
// commands.
func AgentSchemas(client *qmp.Client) *Schemas {
	s := NoSchema()
	door := NewDoor(client)
	s.agent = &door
	return s
}

// Guest returns what a guest agent tells of itself, and asks it first if it must. It is
// the zero value for other servers, and when the agent does not tell.
func (s *Schemas) Guest(ctx context.Context) (Guest, error) {
	s.mu.Lock()
	known, round := s.guest, s.round
	s.mu.Unlock()
	if known != nil || s.agent == nil {
		return s.KnownGuest(), nil
	}
	raw, err := s.agent.Ask(ctx, "guest-info", nil)
	if err != nil {
		return Guest{}, err
	}
	var info struct {
		Version  string
		Commands []struct {
			Name    string
			Enabled bool
		} `json:"supported_commands"`
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return Guest{}, err
	}
	g := &Guest{Version: info.Version}
	for _, c := range info.Commands {
		if c.Enabled {
			g.Commands = append(g.Commands, c.Name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if round == s.round {
		s.guest = g
	}
	return *g, nil
}

// KnownGuest is Guest without waiting.
func (s *Schemas) KnownGuest() Guest {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guest == nil {
		return Guest{}
	}
	return *s.guest
}
