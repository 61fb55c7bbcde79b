package qmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/qmpsh/qmpsh/proto"
	"github.com/qmpsh/qmpsh/proto/jsonscan"
)

func TestU1_ErrorTexts(t *testing.T) {
	refused := &ExecuteError{Class: "GenericError", Desc: "JSON parse error"}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&GreetingError{Kind: Silent, Err: context.DeadlineExceeded}, "GreetingError: the server sent no greeting: context deadline exceeded"},
		{&GreetingError{Kind: HMPMonitor, Received: []byte("QEMU 7.2\r\n\x1b[K")},
			`GreetingError: this is a human monitor (HMP), not QMP: it sent "QEMU 7.2\r\n\x1b[K"`},
		{&GreetingError{Kind: TLSServer, Received: []byte("\x15\x03")}, `GreetingError: the server speaks TLS: it sent "\x15\x03"`},
		{&GreetingError{Kind: VNCServer}, "GreetingError: this is a VNC server, not QMP"},
		{&GreetingError{Kind: Closed, Err: io.EOF}, "GreetingError: the server closed the connection before its greeting: EOF"},
		{&GreetingError{Kind: NotJSON, Received: []byte("hi")}, `GreetingError: the server's first words are not JSON: it sent "hi"`},
		{&GreetingError{Kind: NotQMP, Received: []byte("{}")}, `GreetingError: the server's first message is no QMP greeting: it sent "{}"`},
		{&NegotiationError{Class: "GenericError", Desc: "no"}, "NegotiationError: the server refused the capabilities: GenericError: no"},
		{&NegotiationError{Class: "GenericError", Desc: "JSON parse error", Err: refused},
			"NegotiationError: the server refused the capabilities: GenericError: JSON parse error"},
		{&NegotiationError{Err: io.EOF}, "NegotiationError: capabilities negotiation failed: EOF"},
		{&ServerParseError{Raw: []byte(`{"x"}`), Err: &jsonscan.SyntaxError{Offset: 4, Problem: "expected ':' after the member name"}},
			`ServerParseError: the server sent a bad message, "{\"x\"}": expected ':' after the member name at byte 4`},
		{&ServerParseError{Err: refused}, "ServerParseError: the server could not read a message that it was sent: GenericError: JSON parse error"},
		{refused, "ExecuteError: GenericError: JSON parse error"},
		{&ExecuteError{Desc: "x"}, "ExecuteError: x"},
		{&ExecuteError{Class: "X"}, "ExecuteError: X"},
		{&InterruptedError{}, "InterruptedError: disconnected before the reply"},
		{&InterruptedError{Err: io.EOF}, "InterruptedError: the session ended before the reply: EOF"},
		{&AgentSyncError{Err: io.EOF}, "AgentSyncError: the guest agent could not be synchronised: EOF"},
		{&BadReplyError{Problem: "the reply has neither return nor error", Raw: []byte("{}")},
			`BadReplyError: the reply has neither return nor error: "{}"`},
		{&CommandError{Offset: -1, Problem: "no"}, "CommandError: no"},
	} {
		if got := proto.Summary(c.err); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestU2_EachLinkAddsItsOwnWords(t *testing.T) {
	for _, wrap := range []func(error) error{
		func(err error) error { return &GreetingError{Kind: Closed, Err: err} },
		func(err error) error { return &NegotiationError{Class: "A", Desc: "b", Err: err} },
		func(err error) error { return &ServerParseError{Raw: []byte("{"), Err: err} },
		func(err error) error { return &InterruptedError{Err: err} },
		func(err error) error { return &AgentSyncError{Err: err} },
	} {
		root := &FramingError{Got: 'x', Problem: "root cause"}
		err := wrap(root)
		var found *FramingError
		if !errors.As(err, &found) || found != root {
			t.Errorf("%T hides its cause", err)
		}
		lines := strings.Split(proto.Chain(err, proto.ChainOptions{}), "\n")
		own := err.(interface{ LinkText() string }).LinkText()
		if len(lines) != 2 || !strings.HasSuffix(lines[0], ": "+own) || strings.Contains(own, "root cause") ||
			!strings.HasSuffix(lines[1], "FramingError: root cause") {
			t.Errorf("%T: chain\n%s", err, strings.Join(lines, "\n"))
		}
	}
}

func TestErrorsQuoteNoMoreThanNeeded(t *testing.T) {
	long := []byte(strings.Repeat("ä", 1000) + "\x1b")
	for n := range 4 {
		text := (&GreetingError{Kind: NotJSON, Received: append([]byte(strings.Repeat("a", n)), long...)}).Error()
		if len(text) > 200 || strings.Contains(text, `\x`) || !strings.HasSuffix(text, `ä"…`) {
			t.Errorf("%d: got %s", n, text)
		}
	}
	if text := fmt.Sprint(&ServerParseError{Raw: long[:80], Err: io.EOF}); strings.Contains(text, "…") {
		t.Errorf("80 bytes are cut: %s", text)
	}
}
