package completion

import "testing"

func TestHint_NamesWhatIsMissing(t *testing.T) {
	e := testEnv(t)
	for _, c := range []struct{ text, want string }{
		{"block-dirty-bitmap-add", " node= name= [granularity=] [persistent=] [disabled=]"},
		{"block-dirty-bitmap-add ", "node= name= [granularity=] [persistent=] [disabled=]"},
		{"block-dirty-bitmap-add node=n", " name= [granularity=] [persistent=] [disabled=]"},
		{"block-dirty-bitmap-add node=n name=x disabled=on persistent=off granularity=1", ""},
		{"block-dirty-bitmap-add na", ""},
		{`block-dirty-bitmap-add name="a b`, ""},
		{"block-dirty-bitmap-add \\\n node=n ", "name= [granularity=] [persistent=] [disabled=]"},
		{"device_add ", "driver= [bus=] [id=] …"},
		{"blockdev-add driver=qcow2 file.driver=file ", "file.filename= [node-name=] [discard=] [cache.] [read-only=] [auto-read-only=] [force-share=] …"},
		{"set_link name=x up=", ""},
		{"query-status", ""},
		{"query-stat", ""},
		{"nonsense ", ""},
		{"", ""},
		{"block-dirty-bitmap-add # ", ""},
		{"block-dirty-bitmap-add > x", ""},
		{"block-dirty-bitmap-add | .", ""},
		{`{"execute": "block-dirty-bitmap-add"} `, ""},
		{"transaction(\nblock-dirty-bitmap-add node=n ", "name= [granularity=] [persistent=] [disabled=]"},
		{"transaction( ", ""},
		{"query-status\nset_link name=x ", "up="},
		{".json set_link name=x ", "up="},
		{".events ", ""},
	} {
		if got := Hint(c.text, e); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
	if got := Hint("device_add ", Env{}); got != "" {
		t.Errorf("without a schema: %q", got)
	}
}
