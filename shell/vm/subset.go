package vm

import (
	"errors"

	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

// schemaEntity is one entry of the answer to query-qmp-schema: a command, an event or
// a type.
type schemaEntity struct {
	text    []byte // all of it
	name    []byte // as it is written, with its quotes
	command bool
	refs    [][]byte // names of the entries that it refers to, as they are written
}

// commandSchemas cuts a schema up into one for each command: the command with all
// that its arguments and its result refer to. Each is a schema by itself, and small,
// so that who sends one command need not read all of them.
func commandSchemas(raw []byte) (map[string][]byte, error) {
	entities, err := schemaEntities(raw)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]int, len(entities))
	for i := range entities {
		byName[string(entities[i].name)] = i
	}
	cut := map[string][]byte{}
	var todo []int
	seen := make([]int, len(entities)) // by which command, counted from 1
	for i := range entities {
		if !entities[i].command {
			continue
		}
		part := []byte("[")
		seen[i] = i + 1
		for todo = append(todo, i); len(todo) > 0; {
			e := &entities[todo[len(todo)-1]]
			todo = todo[:len(todo)-1]
			if len(part) > 1 {
				part = append(part, ',')
			}
			part = append(part, e.text...)
			for _, name := range e.refs {
				if at, ok := byName[string(name)]; ok && seen[at] != i+1 {
					seen[at] = i + 1
					todo = append(todo, at)
				}
			}
		}
		cut[jsonscan.Text(entities[i].name)] = append(part, ']')
	}
	return cut, nil
}

// errNoSchema says that a text is no answer to query-qmp-schema.
var errNoSchema = errors.New("this is no schema")

// schemaEntities finds the entries of a schema.
func schemaEntities(raw []byte) ([]schemaEntity, error) {
	s := jsonscan.New(raw)
	if s.Next() != jsonscan.Array {
		return nil, errors.Join(errNoSchema, s.Err())
	}
	list := make([]schemaEntity, 0, len(raw)/200+1)
	start := 0
	var key []byte
	for {
		kind := s.Next()
		switch {
		case kind == jsonscan.None:
			return list, s.Err()
		case kind == jsonscan.Object && s.Depth() == 2:
			start = s.Start()
			list = append(list, schemaEntity{})
		case s.Depth() == 1 && kind == jsonscan.ObjectEnd:
			list[len(list)-1].text = raw[start : s.Start()+1]
		case s.Depth() == 1 && kind != jsonscan.ArrayEnd, s.Depth() == 2 && kind == jsonscan.Array:
			return nil, errNoSchema
		case kind == jsonscan.Name:
			key = s.Token()
		case kind == jsonscan.String && len(list) > 0:
			list[len(list)-1].note(key, s.Token(), s.Depth() == 2)
		}
	}
}

// note takes a member whose value is a string. Only an entry's own members have its
// name; those of its members, branches and values have the names of those.
func (e *schemaEntity) note(key, value []byte, own bool) {
	switch string(key) {
	case `"name"`:
		if own {
			e.name = value
		}
	case `"meta-type"`:
		e.command = e.command || own && string(value) == `"command"`
	case `"arg-type"`, `"ret-type"`, `"element-type"`, `"type"`:
		e.refs = append(e.refs, value)
	}
}
