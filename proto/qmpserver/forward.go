package qmpserver

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/qmp"
)

// Forward returns a [Server.Lookup] that has another server answer: it sends every command through client, whose own ids
// keep the commands of many conversations apart. Arguments, results and errors pass byte for byte (Q10). When client has
// lost its session, a command is answered with an error that says so, and the conversation is closed.
//
// The caller connects client before and disconnects it after. [Server.Relay] brings the events.
func Forward(client *qmp.Client) func(name string) (Handler, bool) {
	run := func(ctx context.Context, c *Conversation, cmd qmp.Command) (any, error) {
		reply, err := client.Do(ctx, qmp.Command{Name: cmd.Name, Arguments: cmd.Arguments, OOB: cmd.OOB})
		var refused *qmp.ExecuteError
		switch {
		case err == nil:
			return reply.Return, nil
		case errors.As(err, &refused):
			return nil, &Error{Class: refused.Class, Desc: refused.Desc, Raw: rawError(refused.Raw)}
		case client.State() != proto.Running:
			c.gone.Store(true)
		}
		return nil, err
	}
	oob := client.OOB() // a client without a session has none
	return func(string) (Handler, bool) { return Handler{Run: run, OOB: oob}, true }
}

// rawError returns the value of "error" in a reply.
func rawError(reply []byte) json.RawMessage {
	m, err := qmp.ParseMessage(reply)
	if err != nil {
		return nil
	}
	return m.Error
}

// Relay sends every event that sub gets to all clients of s, in order and as it came: bytes and time are the far server's.
// Events and replies go different ways, so that one of each which come together may change places. It returns
// why that ended: the context's cause, or the error of [qmp.Subscription.Next] that says that the session or the
// subscription is over. Of events that were lost on the way it tells the Logger; QMP has no word for it.
func (s *Server) Relay(ctx context.Context, sub *qmp.Subscription) error {
	for {
		e, err := sub.Next(ctx)
		var missed *qmp.MissedError
		switch {
		case errors.As(err, &missed):
			if s.Logger != nil {
				s.Logger.WarnContext(ctx, "events were lost on the way to the clients", "error", err)
			}
		case err != nil:
			return err
		default:
			s.Broadcast(e.Raw)
		}
	}
}
