package qmp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
	"github.com/qmpsh/qmpsh/proto/qmpserver/demo"
)

// A client and a simulated machine on one stream in memory. With a real QEMU,
//
//	err := client.Connect(ctx, qmp.Address{Kind: qmp.Unix, Path: "/tmp/qmp.sock"})
//
// takes the place of the first four lines; the rest stays.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := demo.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	client := qmp.NewClient(qmp.Options{})
	if err := client.ConnectStream(ctx, stream, "demo"); err != nil {
		log.Fatal(err)
	}
	defer client.Disconnect(ctx)

	fmt.Println("oob:", client.Greeting().Offers("oob"))
	status, err := client.Execute(ctx, "query-status", nil)
	fmt.Printf("%s, %v\n", status, err)
	_, err = client.Execute(ctx, "make-coffee", json.RawMessage(`{"sugar": 2}`))
	var refused *qmp.ExecuteError
	if errors.As(err, &refused) {
		fmt.Println(refused.Class, qmp.NeverSent(err))
	}
	// Output:
	// oob: true
	// {"status": "running", "singlestep": false, "running": true}, <nil>
	// CommandNotFound false
}

// twoStates is a server that knows two commands and tells of each with an event.
func twoStates() net.Conn {
	tell := func(event string) qmpserver.Handler {
		return qmpserver.Handler{Run: func(_ context.Context, c *qmpserver.Conversation, _ qmp.Command) (any, error) {
			return nil, c.Event(qmpserver.MakeEvent(time.Unix(1700000000, 0), event, nil))
		}}
	}
	return qmpserver.Local(&qmpserver.Server{
		Lookup: qmpserver.Handlers{"stop": tell("STOP"), "cont": tell("RESUME")}.Lookup,
	})
}

// A subscription that is made before the command is sent misses nothing that the command
// brings about. It lives as long as the client and sees where a session ends.
func ExampleClient_Subscribe() {
	ctx := context.Background()
	client := qmp.NewClient(qmp.Options{})
	states := client.Subscribe(qmp.EventFilter{Names: []string{"STOP", "RESUME"}})
	defer states.Close()
	if err := client.ConnectStream(ctx, twoStates(), "two states"); err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"stop", "cont"} {
		if _, err := client.Execute(ctx, name, nil); err != nil {
			log.Fatal(err)
		}
	}
	client.Disconnect(ctx)
	for {
		event, err := states.Next(ctx)
		var ended *qmp.SessionEndedError
		if errors.As(err, &ended) {
			fmt.Println(err)
			return
		}
		fmt.Println(event.Name, event.Time.UTC().Format(time.DateTime), err)
	}
	// Output:
	// STOP 2023-11-14 22:13:20 <nil>
	// RESUME 2023-11-14 22:13:20 <nil>
	// the session has ended
}

// After a command that was never sent it is safe to send it again. Of one that was sent
// and not answered nobody knows whether it ran.
func ExampleNeverSent() {
	ctx := context.Background()
	client := qmp.NewClient(qmp.Options{})
	_, early := client.Execute(ctx, "cont", nil) // there is no session

	impatient, giveUp := context.WithCancel(ctx)
	slow := qmpserver.Handler{Run: func(ctx context.Context, _ *qmpserver.Conversation, _ qmp.Command) (any, error) {
		giveUp() // as soon as the server has the command
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	if err := client.ConnectStream(ctx, qmpserver.Local(&qmpserver.Server{Lookup: qmpserver.Handlers{"cont": slow}.Lookup}), "slow"); err != nil {
		log.Fatal(err)
	}
	defer client.Disconnect(ctx)
	_, late := client.Execute(impatient, "cont", nil)

	fmt.Println(qmp.NeverSent(early), qmp.NeverSent(late), late)
	// Output: true false gave up waiting for the reply: context canceled
}
