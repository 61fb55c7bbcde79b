package vm

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// schemaEntity is one entry of the answer to query-qmp-schema, as far as it refers
// to others.
type schemaEntity struct {
	Name    string `json:"name"`
	Meta    string `json:"meta-type"`
	Args    string `json:"arg-type"`
	Returns string `json:"ret-type"`
	Element string `json:"element-type"`
	Members []reference
	Cases   []reference `json:"variants"`
}

// reference is a member of an object, or one of an alternate or a branch. Older
// servers list the values of an enum as members too, which refer to nothing.
type reference struct {
	Type string `json:"type"`
}

// commandSchemas cuts a schema up into one for each command: the command with all
// that its arguments and its result refer to. Each is a schema by itself, and small,
// so that who sends one command need not read all of them.
func commandSchemas(raw []byte) (map[string][]byte, error) {
	var texts []json.RawMessage
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, err
	}
	entities := make([]schemaEntity, len(texts))
	byName := make(map[string]int, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal(text, &entities[i]); err != nil {
			return nil, fmt.Errorf("entry %s: %w", strconv.Itoa(i), err)
		}
		byName[entities[i].Name] = i
	}
	cut := map[string][]byte{}
	var todo []int
	seen := make([]int, len(texts)) // by which command; 0 for none
	for i := range entities {
		if entities[i].Meta != "command" {
			continue
		}
		part := []byte("[")
		want := func(name string) {
			if at, ok := byName[name]; ok && seen[at] != i+1 {
				seen[at] = i + 1
				todo = append(todo, at)
			}
		}
		for want(entities[i].Name); len(todo) > 0; {
			at := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if len(part) > 1 {
				part = append(part, ',')
			}
			part = append(part, texts[at]...)
			e := &entities[at]
			want(e.Args)
			want(e.Returns)
			want(e.Element)
			for _, r := range e.Members {
				want(r.Type)
			}
			for _, r := range e.Cases {
				want(r.Type)
			}
		}
		cut[entities[i].Name] = append(part, ']')
	}
	return cut, nil
}
