package qmptest

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// HMPBanner is what an HMP monitor of QEMU 7.2 says first.
const HMPBanner = "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) "

// VNCBanner is what QEMU's VNC server says first (RFC 6143, section 7.1.1).
const VNCBanner = "RFB 003.008\n"

// TLSAlert is what a TLS server answers to a client that speaks something else:
// a fatal alert, unexpected message (RFC 8446, section 6).
const TLSAlert = "\x15\x03\x01\x00\x02\x02\x0a"

// IgnoreIDs makes all later replies come without an id, as old agents send them.
func IgnoreIDs() Step {
	return func(_ context.Context, p *Peer) error { p.noIDs = true; return nil }
}

// Pretty spreads all later messages over many lines (Q4). Send is not concerned.
func Pretty() Step {
	return func(_ context.Context, p *Peer) error { p.pretty = true; return nil }
}

// SplitEvery makes all later writes pieces of at most n bytes; 0 ends that. Over
// a pipe the client sees each piece alone; a socket may join them.
func SplitEvery(n int) Step {
	return func(_ context.Context, p *Peer) error { p.piece = n; return nil }
}

// CutAfter lets n more bytes through and closes the stream with the last of them,
// whatever they are part of: with n from 0 up, a connection lost at every byte.
func CutAfter(n int) Step {
	return func(_ context.Context, p *Peer) error {
		p.left = n
		if n == 0 {
			return errStop
		}
		return nil
	}
}

// Silence says nothing more, but reads until the client closes.
func Silence() Step {
	return func(_ context.Context, p *Peer) error {
		_, err := io.Copy(io.Discard, p.conn)
		return err
	}
}

// Stall neither reads nor writes until the context ends: a client that sends
// enough is stuck.
func Stall() Step {
	return func(ctx context.Context, _ *Peer) error {
		<-ctx.Done()
		return context.Cause(ctx)
	}
}

// Close ends the scenario, steps behind it included.
func Close() Step {
	return func(context.Context, *Peer) error { return errStop }
}

// Reset ends the scenario with a reset instead of an orderly end. Only TCP has one;
// on other streams it closes.
func Reset() Step {
	return func(_ context.Context, p *Peer) error {
		if tcp, ok := p.conn.(*net.TCPConn); ok {
			if err := tcp.SetLinger(0); err != nil {
				return err
			}
		}
		return errStop
	}
}

// AgentSync waits for the resynchronisation of a guest agent's client, 0xFF and
// guest-sync-delimited, and answers as qemu-ga does: it complains about the 0xFF,
// then sends 0xFF and the id.
func AgentSync() Step {
	return func(_ context.Context, p *Peer) error {
		raw, err := p.reader.ReadMessage(&p.framer)
		if err != nil {
			return err
		}
		if raw[len(raw)-1] != 0xFF {
			return fmt.Errorf("expected 0xFF, got %q", raw)
		}
		_, complaint := qmpserver.ParseRequest(raw, false)
		if err := p.WriteMessage(qmpserver.MakeReply(nil, nil, complaint)); err != nil {
			return err
		}
		c, err := p.Receive()
		if err != nil {
			return err
		}
		if c.Name != "guest-sync-delimited" {
			return fmt.Errorf("expected guest-sync-delimited, got %s", c.Raw)
		}
		p.waiting = p.waiting[:len(p.waiting)-1]
		return p.Write(append(qmpserver.SyncReply(c), '\n'))
	}
}
