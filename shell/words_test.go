package shell

import "testing"

func TestWords(t *testing.T) {
	for _, w := range words() {
		if w.name[0] != '.' || w.does == "" || w.run == nil {
			t.Errorf("word %+v", w)
		}
	}
}
