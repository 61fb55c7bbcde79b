package run

import (
	"context"
	"errors"
	"net"
	"testing"

	"go.uber.org/goleak"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// errStopped is why a test ends a context.
var errStopped = errors.New("stopped")

// greeting is that of a server without out-of-band execution.
const greeting = `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}`

// peer is a client with a session to a scripted server.
type peer struct {
	*qmp.Client
	Events *qmp.Subscription
}

// dial connects a client to a server that negotiates and then does steps. At the
// end of the test the session has to be over on both sides, without a complaint
// of the script's.
func dial(t *testing.T, steps ...qmptest.Step) *peer {
	t.Helper()
	ours, theirs := net.Pipe()
	served := make(chan error, 1)
	go func() {
		script := append(qmptest.Scenario{qmptest.GreetWith(greeting), qmptest.Expect("qmp_capabilities"), qmptest.Reply("{}")}, steps...)
		served <- script.Serve(context.Background(), theirs)
	}()
	p := &peer{Client: qmp.NewClient(qmp.Options{})}
	p.Events = p.Client.Subscribe(qmp.EventFilter{})
	if err := p.ConnectStream(t.Context(), ours, "test"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Why it ended is what tests look at before.
		_ = p.Disconnect(context.Background())
		if err := <-served; err != nil {
			t.Errorf("server: %v", err)
		}
	})
	return p
}
