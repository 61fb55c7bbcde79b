package qmpserver_test

import (
	"net"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// A round trip through the server, over a pipe.
func BenchmarkServerRoundTrip(b *testing.B) {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = testServer().Serve(b.Context(), server)
	}()
	c := qmp.NewClient(qmp.Options{})
	if err := c.ConnectStream(b.Context(), client, "bench"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.Execute(b.Context(), "query-x", nil); err != nil {
			b.Fatal(err)
		}
	}
	c.Disconnect(b.Context())
	<-done
}
