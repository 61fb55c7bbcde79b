package qmp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

const greetingLine = `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}` + "\r\n"

// peer plays the server on the far end of a net.Pipe. Lines that come wait in lines,
// and what it sends waits in out, as they would in a socket.
type peer struct {
	t     *testing.T
	lines chan string
	out   chan string
}

// serve runs script as the server and returns the client's end. The server hangs up
// when the script returns.
func serve(t *testing.T, script func(*peer)) net.Conn {
	near, far := net.Pipe()
	go play(t, far, script)
	return near
}

// play runs script as the server on conn, and closes conn once everything is said.
func play(t *testing.T, conn net.Conn, script func(*peer)) {
	p := &peer{t: t, lines: make(chan string, 1000), out: make(chan string, 1000)}
	var loops sync.WaitGroup
	loops.Go(func() {
		defer close(p.lines)
		for in := bufio.NewReader(conn); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			p.lines <- strings.TrimSuffix(line, "\n")
		}
	})
	loops.Go(func() {
		defer conn.Close()
		for text := range p.out {
			io.WriteString(conn, text) // a client that has hung up is no fault of the server
		}
	})
	script(p)
	close(p.out)
	loops.Wait()
}

// running connects a client to a server that greets, negotiates and then runs script.
func running(t *testing.T, o Options, script func(*peer)) *Client {
	t.Helper()
	c := NewClient(o)
	connect(t, c, script)
	return c
}

func connect(t *testing.T, c *Client, script func(*peer)) {
	t.Helper()
	conn := serve(t, func(p *peer) {
		p.greet()
		script(p)
	})
	if err := c.ConnectStream(t.Context(), conn, "test"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Disconnect(context.Background()) })
}

// send writes texts as they are, each with a write of its own.
func (p *peer) send(texts ...string) {
	for _, text := range texts {
		p.out <- text
	}
}

// next returns the client's next line without its end; "" when it has hung up.
func (p *peer) next() string { return <-p.lines }

// command returns the next command and its id.
func (p *peer) command() (line, id string) {
	line = p.next()
	m, err := ParseMessage([]byte(strings.TrimPrefix(line, "\xff")))
	if err != nil {
		if line != "" {
			p.t.Errorf("the client sent %q: %v", line, err)
		}
		return line, ""
	}
	return line, string(m.ID)
}

func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.next(); got != want {
		p.t.Errorf("the client sent\n%q, not\n%q", got, want)
	}
}

// reply answers the command with an id; "" for none.
func (p *peer) reply(id, value string) {
	if id == "" {
		p.send(`{"return": ` + value + "}\r\n")
		return
	}
	p.send(`{"return": ` + value + `, "id": ` + id + "}\r\n")
}

func (p *peer) greet() {
	p.send(greetingLine)
	_, id := p.command()
	p.reply(id, "{}")
}

// echo answers every command with its own id until the client hangs up.
func (p *peer) echo() {
	for {
		line, id := p.command()
		if line == "" {
			return
		}
		p.reply(id, id)
	}
}

// silence takes everything and says nothing until the client hangs up.
func (p *peer) silence() {
	for range p.lines {
	}
}

// nothingMore gives the client time to send what it should not send yet.
func (p *peer) nothingMore() {
	p.t.Helper()
	time.Sleep(time.Second)
	if len(p.lines) > 0 {
		p.t.Errorf("the client also sent %q", <-p.lines)
	}
}

func event(name string) string {
	return `{"timestamp": {"seconds": 1700000000, "microseconds": 5}, "event": "` + name + `"}` + "\r\n"
}

// started runs Do on a goroutine of its own.
type started struct {
	done  chan struct{}
	reply Reply
	err   error
}

func do(ctx context.Context, c *Client, cmd Command) *started {
	d := &started{done: make(chan struct{})}
	go func() {
		defer close(d.done)
		d.reply, d.err = c.Do(ctx, cmd)
	}()
	return d
}

func (d *started) wait() (string, error) {
	<-d.done
	return string(d.reply.Return), d.err
}

// wantError checks that err is, or wraps, an E, and returns it.
func wantError[E error](t *testing.T, err error) (e E) {
	t.Helper()
	if !errors.As(err, &e) {
		t.Fatalf("got %T (%v), not %T", err, err, e)
	}
	return e
}

// logBook is a logger that tests can read.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// has reports whether one line holds all the words.
func (b *logBook) has(words ...string) bool { return b.count(words...) > 0 }

// count returns how many lines hold all the words.
func (b *logBook) count(words ...string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
lines:
	for line := range strings.Lines(b.text.String()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue lines
			}
		}
		n++
	}
	return n
}
