package qapitest

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qapi"
)

func TestSamplesAreTakenAndMutantsRefused(t *testing.T) {
	for name, s := range map[string]*qapi.Schema{"QEMU": QEMU(t), "storage daemon": StorageDaemon(t)} {
		samples, mutants := 0, 0
		for _, c := range s.Commands() {
			for _, sample := range Samples(c) {
				samples++
				if !json.Valid(sample.JSON) {
					t.Fatalf("%s %s: no JSON: %s", c.Name, sample.Name, sample.JSON)
				}
				if err := c.Check(sample.JSON); err != nil {
					t.Errorf("%s %s: %v\n%s", c.Name, sample.Name, err, sample.JSON)
				}
				for _, m := range sample.Mutants() {
					mutants++
					var fault *qapi.ValueError
					if err := c.Check(m.JSON); !errors.As(err, &fault) {
						t.Errorf("%s %s, %s: taken\n%s", c.Name, sample.Name, m.Name, m.JSON)
					} else if fault.Fault != m.Fault || fault.Path != m.Path {
						t.Errorf("%s %s, %s: fault %d at %q, want %d at %q: %v\n%s",
							c.Name, sample.Name, m.Name, fault.Fault, fault.Path, m.Fault, m.Path, err, m.JSON)
					}
				}
			}
		}
		t.Logf("%s: %d samples, %d mutants", name, samples, mutants)
		if samples < 500 || mutants < 5000 {
			t.Errorf("%s: only %d samples and %d mutants", name, samples, mutants)
		}
	}
}
