package qmpserver

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// DemoPackage is what the demo's version says about itself, so that nobody takes
// it for a real QEMU.
const DemoPackage = "qmpsh demo: a simulation, not a real QEMU"

// DemoOptions are the settings of a [Demo]. The zero value is good.
type DemoOptions struct {
	Now func() time.Time // the clock of event timestamps; nil: time.Now
}

// Demo is a simulated QEMU: a q35 machine named "demo" with a disk, a CD drive, a
// network card and room for a backup. It lives in memory and touches nothing of
// the host. All streams it serves see the same machine. Times pass on the clock of
// package time, so that it runs under testing/synctest.
//
// What the demo does not simulate but QEMU 7.2 has is refused with a GenericError
// that says so.
type Demo struct {
	server   Server
	commands map[string]demoCommand

	ctx    context.Context // ends with the machine
	cancel context.CancelFunc
	tasks  sync.WaitGroup // jobs, the guest's shutdown

	mu       sync.Mutex // guards all below; held while a command runs and an event goes out
	sessions map[*Session]bool
	over     bool       // the process has ended
	status   string     // run state
	leaving  *guestTask // the guest is shutting down
	nodes    []*node
	root     *node // what the guest sees as its disk
	jobs     []*job
}

// demoCommand is one command that the demo simulates. run is called under the lock.
type demoCommand struct {
	params []param
	oob    bool
	run    func(d *Demo, s *Session, a arguments) (any, *Error)
}

// NewDemo starts a machine. Close it in the end.
func NewDemo(o DemoOptions) *Demo {
	d := &Demo{
		commands: demoCommands(),
		sessions: make(map[*Session]bool),
		status:   "running",
	}
	d.nodes = demoNodes()
	d.root = d.node("disk0")
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.server = Server{
		Version: demoVersion(),
		OOB:     true,
		Lookup:  d.lookup,
		Opened:  d.opened,
		Closed:  d.closed,
		Now:     o.Now,
	}
	return d
}

func demoVersion() qmp.Version {
	return qmp.Version{Major: 7, Minor: 2, Micro: 22, Package: DemoPackage}
}

// Serve speaks with one client. A machine that has ended closes at once.
func (d *Demo) Serve(ctx context.Context, conn net.Conn) error {
	d.mu.Lock()
	over := d.over
	d.mu.Unlock()
	if over {
		return conn.Close()
	}
	return d.server.Serve(ctx, conn)
}

// Close ends the machine as a kill would, and all its sessions. It waits for the
// goroutines of the machine; those that call Serve are their owners' business.
func (d *Demo) Close() {
	d.mu.Lock()
	d.endLocked()
	d.mu.Unlock()
	d.tasks.Wait()
}

func (d *Demo) opened(s *Session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions[s] = true
	if d.over {
		s.Close()
	}
}

func (d *Demo) closed(s *Session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sessions, s)
}

// endLocked ends the machine: what was sent is delivered, then every session closes.
func (d *Demo) endLocked() {
	d.over = true
	d.cancel()
	for s := range d.sessions {
		s.Close()
	}
}

// startLocked runs a part of the machine that takes time.
func (d *Demo) startLocked(task func()) {
	if !d.over {
		d.tasks.Go(task)
	}
}

// eventLocked tells every client that has negotiated.
func (d *Demo) eventLocked(name string, data any) {
	raw := makeEvent(d.server.now(), name, data)
	for s := range d.sessions {
		// A session that is just ending does not take it, and need not.
		_ = s.send(raw)
	}
}

// lookup is the server's view of the commands.
func (d *Demo) lookup(name string) (Command, bool) {
	if cmd, ok := d.commands[name]; ok {
		return Command{OOB: cmd.oob, Run: d.handler(cmd)}, true
	}
	if raw, ok := demoReply(name); ok {
		cmd := demoCommand{run: func(*Demo, *Session, arguments) (any, *Error) { return raw, nil }}
		return Command{Run: d.handler(cmd)}, true
	}
	known, oob := demoKnows(name)
	return Command{OOB: oob, Run: notSimulated}, known
}

// handler wraps a demo command for the server.
func (d *Demo) handler(cmd demoCommand) Handler {
	return func(_ context.Context, s *Session, c qmp.Command) (any, error) {
		a, err := parseArguments(c.Arguments, cmd.params)
		if err != nil {
			return nil, err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		result, err := cmd.run(d, s, a)
		if err != nil {
			return nil, err
		}
		return result, nil
	}
}

func notSimulated(_ context.Context, _ *Session, c qmp.Command) (any, error) {
	return nil, Errorf("The demo does not simulate the command %s", c.Name)
}

// demoCommands returns what the demo simulates and no fixed reply answers.
func demoCommands() map[string]demoCommand {
	all := map[string]demoCommand{}
	for _, set := range []map[string]demoCommand{
		machineCommands(), blockCommands(), bitmapCommands(), jobCommands(), blockJobCommands(),
	} {
		for name, cmd := range set {
			all[name] = cmd
		}
	}
	return all
}

// DemoCommands returns the names of all commands that the demo answers, sorted.
func DemoCommands() []string {
	names := slices.Collect(demoReplyNames)
	for name := range demoCommands() {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// DialDemo starts a machine of its own and returns a stream to it, in process: no
// network, no files. Closing the stream ends the machine and waits for its
// goroutines; a quit ends it from the other side. ctx bounds only the call.
func DialDemo(ctx context.Context) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	client, server := net.Pipe()
	d := NewDemo(DemoOptions{})
	c := &demoConn{Conn: client, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		defer d.Close()
		// How it ended is the client's to see, at its end of the stream.
		_ = d.Serve(context.WithoutCancel(ctx), server)
	}()
	return c, nil
}

// demoConn is the client's end of the stream to a demo of its own.
type demoConn struct {
	net.Conn
	done chan struct{} // the demo has ended
}

// Close ends the stream and waits until the demo has ended.
func (c *demoConn) Close() error {
	err := c.Conn.Close()
	<-c.done
	return err
}
