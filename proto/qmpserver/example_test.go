package qmpserver_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
	"github.com/qmpsh/qmpsh/proto/qmpserver/demo"
)

// A server with one command of its own, and a client of it, in memory.
func Example() {
	handlers := qmpserver.Handlers{
		"double": {Run: func(_ context.Context, _ *qmpserver.Conversation, c qmp.Command) (any, error) {
			var args struct{ N int }
			if err := json.Unmarshal(c.Arguments, &args); err != nil {
				return nil, err
			}
			return map[string]int{"n": 2 * args.N}, nil
		}},
	}
	ctx := context.Background()
	client := qmp.NewClient(qmp.Options{})
	if err := client.ConnectStream(ctx, qmpserver.Local(&qmpserver.Server{Lookup: handlers.Lookup}), "local"); err != nil {
		fmt.Println(err)
		return
	}
	defer client.Disconnect(ctx)
	result, err := client.Execute(ctx, "double", json.RawMessage(`{"n": 21}`))
	fmt.Println(string(result), err)
	_, err = client.Execute(ctx, "triple", nil)
	fmt.Println(err)
	// Output:
	// {"n": 42} <nil>
	// CommandNotFound: The command triple has not been found
}

// One monitor shared by two clients: a server in front of a client. The far server is the demo here.
func ExampleForward() {
	ctx := context.Background()
	monitor := qmp.NewClient(qmp.Options{})
	events := monitor.Subscribe(qmp.EventFilter{})
	far, err := demo.Dial(ctx)
	if err == nil {
		err = monitor.ConnectStream(ctx, far, "demo:")
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer monitor.Disconnect(ctx)

	shared := &qmpserver.Server{
		Greeting: monitor.Greeting().Raw,
		OOB:      monitor.OOB(),
		Lookup:   qmpserver.Forward(monitor),
	}
	go shared.Relay(ctx, events) // ends with the session

	var clients [2]*qmp.Client
	var seen [2]*qmp.Subscription
	for i := range clients {
		clients[i] = qmp.NewClient(qmp.Options{})
		seen[i] = clients[i].Subscribe(qmp.EventFilter{})
		if err := clients[i].ConnectStream(ctx, qmpserver.Local(shared), "shared"); err != nil {
			fmt.Println(err)
			return
		}
		defer clients[i].Disconnect(ctx)
	}
	_, err = clients[0].Execute(ctx, "stop", nil)
	fmt.Println("the first stops it:", err)
	status, err := clients[1].Execute(ctx, "query-status", nil)
	fmt.Println("the second sees:", string(status), err)
	for _, s := range seen {
		event, err := s.Next(ctx)
		fmt.Println("event:", event.Name, err)
	}
	// Output:
	// the first stops it: <nil>
	// the second sees: {"status": "paused", "singlestep": false, "running": false} <nil>
	// event: STOP <nil>
	// event: STOP <nil>
}
