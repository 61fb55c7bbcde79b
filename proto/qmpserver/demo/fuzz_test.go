package demo

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"testing"
	"testing/synctest"
)

// Whatever a client sends, the server neither panics nor hangs (a hang is a
// deadlock of the synctest bubble), and what it answers is JSON.
func FuzzServer(f *testing.F) {
	for _, input := range wordInputs() {
		f.Add([]byte(input), true)
	}
	f.Add([]byte(`{"execute": "qmp_capabilities"}{"execute": "quit"}{"execute": "stop"}`), false)
	f.Fuzz(func(t *testing.T, input []byte, negotiate bool) {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			d := New(Options{})
			defer d.Close()
			end := make(chan struct{})
			go func() {
				defer close(end)
				_ = d.Serve(t.Context(), server)
			}()
			answers := make(chan []byte)
			go func() {
				all, _ := io.ReadAll(client)
				answers <- all
			}()
			if negotiate {
				io.WriteString(client, `{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}`)
			}
			client.Write(input) // the server may have closed
			synctest.Wait()
			client.Close()
			<-end
			for line := range bytes.Lines(<-answers) {
				if bytes.HasSuffix(line, []byte("\n")) && !json.Valid(line) {
					t.Errorf("not JSON: %q", line)
				}
			}
		})
	})
}
