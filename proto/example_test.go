package proto_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/qmpsh/qmpsh/proto"
)

// lineProtocol is all that the engine must know of messages that are lines.
func lineProtocol() proto.Protocol[string] {
	return proto.Protocol[string]{
		Recv: func(r *proto.Reader) (string, error) {
			line, err := r.ReadLine()
			return strings.TrimSuffix(string(line), "\n"), err
		},
		Send: func(w *proto.Writer, m string) error {
			_, err := w.WriteString(m + "\n")
			return err
		},
	}
}

// Two ends of a connection in memory talk in lines. One greets and asks, the other
// answers. Nothing but the protocol is written by hand: the order of messages, the
// flush before the end, and the first error are the engine's.
func Example() {
	ctx := context.Background()
	near, far := net.Pipe()

	answering := lineProtocol()
	var server *proto.Conn[string]
	answering.Handle = func(_ context.Context, question string) error {
		return server.Send(strings.ToUpper(question)) // never waits: a handler may call it
	}
	server = proto.New(answering, proto.Options{Name: "server"})
	if err := server.ConnectStream(ctx, far, "client"); err != nil {
		fmt.Println(err)
		return
	}

	asking := lineProtocol()
	answers := make(chan string)
	asking.Handle = func(ctx context.Context, answer string) error {
		select {
		case answers <- answer:
		case <-ctx.Done(): // the session ends, and nobody takes the answer
		}
		return nil
	}
	client := proto.New(asking, proto.Options{Name: "client"})
	if err := client.ConnectStream(ctx, near, "server"); err != nil {
		fmt.Println(err)
		return
	}
	for _, question := range []string{"is anybody there?", "good"} {
		client.Send(question)
		fmt.Println(<-answers)
	}

	fmt.Println("client:", client.Disconnect(ctx))
	fmt.Println("server:", server.Wait(ctx)) // it met the end of the stream
	server.Disconnect(ctx)
	// Output:
	// IS ANYBODY THERE?
	// GOOD
	// client: <nil>
	// server: EOF
}

// A handshake goes before all else. When it fails, Connect says in which phase, nothing
// is left open, and the cause can be asked for.
func ExampleProtocol_establish() {
	p := lineProtocol()
	errOther := errors.New("this is no echo server")
	p.Establish = func(_ context.Context, h *proto.Handshake[string]) error {
		if err := h.Send("hello"); err != nil {
			return err
		}
		if answer, err := h.Recv(); err != nil || answer != "hello" {
			return errors.Join(errOther, err)
		}
		return nil
	}
	near, far := net.Pipe()
	go func() {
		io.CopyN(io.Discard, far, int64(len("hello\n")))
		io.WriteString(far, "220 mail.example ESMTP\n")
	}()
	c := proto.New(p, proto.Options{})
	err := c.ConnectStream(context.Background(), near, "mail.example")

	var failed *proto.ConnectError
	fmt.Println(errors.As(err, &failed) && failed.Phase == proto.PhaseSession, errors.Is(err, errOther), c.State())
	// Output: true true idle
}

// An error is a chain of what happened on the way. Summary is one line of it, Chain shows
// each link with its type and the words that it adds.
func ExampleChain() {
	c := proto.New(lineProtocol(), proto.Options{})
	err := c.Connect(context.Background(), proto.Address{Network: "unix", Addr: "/nonexistent/socket"})
	fmt.Println(proto.Summary(err))
	fmt.Println(proto.Chain(err, proto.ChainOptions{}))
	// Output:
	// ConnectError: failed to establish connection: dial unix /nonexistent/socket: connect: no such file or directory
	//   | ConnectError: failed to establish connection to unix:/nonexistent/socket
	//   | net.OpError: dial unix /nonexistent/socket
	//   | os.SyscallError: connect
	//   | syscall.Errno: no such file or directory (ENOENT)
}

// Whoever watches the run states sees every one of them, however late it looks.
func ExampleConn_Look() {
	ctx := context.Background()
	c := proto.New(lineProtocol(), proto.Options{})
	look := c.Look()

	near, far := net.Pipe()
	c.ConnectStream(ctx, near, "pipe")
	far.Close()
	c.Wait(ctx)
	c.Disconnect(ctx)

	for range 4 {
		look, _ = look.Next(ctx)
		fmt.Println(look.State())
	}
	// Output:
	// connecting
	// running
	// disconnecting
	// idle
}
