package cmd

import (
	"errors"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// Every form that messages and help list is read, and is written in a form that is read again.
func TestE5_ListedFormsOfAnAddressAreRead(t *testing.T) {
	fill := strings.NewReplacer("host:port", "localhost:4444", "fd:N", "fd:3")
	for _, form := range strings.Split(addressForms, ", ") {
		e, err := parseEndpoint(fill.Replace(form))
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		if again, err := parseEndpoint(e.String()); err != nil || again != e {
			t.Errorf("%s: written as %s, which reads %+v, %v", form, e, again, err)
		}
		if e.demo != (form == "demo:") {
			t.Errorf("%s: %+v", form, e)
		}
	}
}

func TestE5_DemoIsWrittenInOneWay(t *testing.T) {
	for text, want := range map[string]string{
		"demo":    "the colon is missing; write demo:",
		"DEMO:":   "demo: is written small; write demo:",
		"Demo":    "demo: is written small; write demo:",
		"demo:x":  "nothing may follow demo:; write demo:",
		"demos:1": "", // a host
		"demo/x":  "a socket's path starts with / or ./; write ./demo/x",
	} {
		_, err := parseEndpoint(text)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		var bad *qmp.AddressError
		if !errors.As(err, &bad) || bad.Problem+"; "+bad.Hint != want || !strings.HasSuffix(err.Error(), addressForms+")") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
