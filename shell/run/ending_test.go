package run

import "testing"

func TestEndsQEMU(t *testing.T) {
	for line, want := range map[string]bool{
		"quit":                                                true,
		"query-status":                                        false,
		`{"execute": "quit"}`:                                 true,
		`{"exec-oob": "quit", "id": 1}`:                       true,
		`{"execute": "\u0071uit"}`:                            true,
		"human-monitor-command command-line=quit":             true,
		"human-monitor-command command-line=q":                true,
		`human-monitor-command command-line="  q now"`:        true,
		`human-monitor-command command-line="quit/x"`:         true,
		`human-monitor-command cpu-index=0 command-line=quit`: true,
		`{"execute": "human-monitor-command", "arguments": {"command-line": "\u0071\n"}}`: true,
		`human-monitor-command command-line="info status"`:                                false,
		"human-monitor-command command-line=qom-list":                                     false,
		"human-monitor-command command-line=quit2":                                        false,
		"human-monitor-command":                                                           false,
		"device_del id=quit":                                                              false,
	} {
		st := statement(t, line)
		b, err := (&Executor{Schemas: NoSchema()}).bind(t.Context(), st, true)
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if got := EndsQEMU(b.command); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}
