// Package demo is a small simulated QEMU, for those who want to try qmpsh with nothing installed, and for tests. It stands
// behind the address demo:.
package demo

import (
	"context"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/qmpsh/qmpsh/proto/qapi"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// Package is what the demo's version says about itself, so that nobody takes it for a real QEMU.
const Package = "qmpsh demo: a simulation, not a real QEMU"

// Options are the settings of a [Machine]. The zero value is good.
type Options struct {
	Now func() time.Time // the clock of event timestamps; nil: time.Now
}

// Machine is a simulated QEMU: a q35 machine named "demo" with a disk, a CD drive, a network card and room for a backup.
// It lives in memory and touches nothing of the host. All streams it serves see the same machine. Times pass on the clock
// of package time, so that it runs under testing/synctest.
//
// Arguments are checked by the schema that the machine itself hands out, that of QEMU 7.2. What that QEMU has and the
// demo does not simulate is refused with a GenericError that says so.
type Machine struct {
	server   qmpserver.Server
	commands map[string]command
	schema   func() (*qapi.Schema, error) // read once, when first needed

	ctx    context.Context // ends with the machine
	cancel context.CancelFunc
	tasks  sync.WaitGroup // jobs, the guest's shutdown

	mu      sync.Mutex // guards all below; held while a command runs and an event goes out
	over    bool       // the process has ended
	status  string     // run state
	leaving *guestTask // the guest is shutting down
	nodes   []*node
	root    *node // what the guest sees as its disk
	jobs    []*job
}

// command is one command that the machine simulates, called under the lock with arguments that the schema has passed.
type command func(d *Machine, c *qmpserver.Conversation, a arguments) (any, error)

// New starts a machine. Close it in the end.
func New(o Options) *Machine {
	d := &Machine{
		commands: simulated(),
		schema:   sync.OnceValues(readSchema),
		status:   "running",
		nodes:    newNodes(),
	}
	d.root = d.node("disk0")
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.server = qmpserver.Server{
		Version: version(),
		OOB:     true,
		Lookup:  d.lookup,
		Opened:  d.opened,
		Now:     o.Now,
	}
	return d
}

func version() qmp.Version {
	return qmp.Version{Major: 7, Minor: 2, Micro: 22, Package: Package}
}

// Serve speaks with one client. A machine that has ended closes at once.
func (d *Machine) Serve(ctx context.Context, conn net.Conn) error {
	d.mu.Lock()
	over := d.over
	d.mu.Unlock()
	if over {
		return conn.Close()
	}
	return d.server.Serve(ctx, conn)
}

// Close ends the machine as a kill would, and all its conversations. It waits for the goroutines of the machine; those
// that call Serve are their owners' business.
func (d *Machine) Close() {
	d.mu.Lock()
	d.endLocked(nil)
	d.mu.Unlock()
	d.tasks.Wait()
}

// opened closes what was opened while the machine was ending.
func (d *Machine) opened(c *qmpserver.Conversation) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		c.Close()
	}
}

// endLocked ends the machine: what was sent is delivered, then every conversation closes, but for last, which does so
// behind its reply; nil if there is none.
func (d *Machine) endLocked(last *qmpserver.Conversation) {
	d.over = true
	d.cancel()
	for _, c := range d.server.Conversations() {
		if c != last {
			c.Close()
		}
	}
}

// startLocked runs a part of the machine that takes time.
func (d *Machine) startLocked(task func()) {
	if !d.over {
		d.tasks.Go(task)
	}
}

// eventLocked tells every client that has negotiated.
func (d *Machine) eventLocked(name string, data any) {
	d.server.Broadcast(d.server.MakeEvent(name, data))
}

// lookup is the server's view of the commands.
func (d *Machine) lookup(name string) (qmpserver.Handler, bool) {
	t, known := knows(name)
	run := d.notSimulated
	if act, ok := d.commands[name]; ok {
		run = d.handler(act, t)
	} else if raw, ok := fixedReply(name); ok {
		run = d.handler(func(*Machine, *qmpserver.Conversation, arguments) (any, error) { return raw, nil }, t)
	}
	return qmpserver.Handler{OOB: t.oob, Run: run}, known
}

// handler wraps a command for the server. Its arguments are checked where there are any, or must be.
func (d *Machine) handler(act command, t traits) qmpserver.HandlerFunc {
	return func(_ context.Context, client *qmpserver.Conversation, c qmp.Command) (any, error) {
		var a arguments
		if t.needs || c.Arguments != nil {
			schema, err := d.schema()
			if err != nil {
				return nil, err
			}
			if a, err = checked(schema.Command(c.Name), c.Arguments); err != nil {
				return nil, err
			}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		return act(d, client, a)
	}
}

func (d *Machine) notSimulated(_ context.Context, _ *qmpserver.Conversation, c qmp.Command) (any, error) {
	return nil, qmpserver.Errorf("The demo does not simulate the command %s", c.Name)
}

// simulated returns what the machine simulates and no fixed reply answers.
func simulated() map[string]command {
	all := map[string]command{}
	for _, set := range []map[string]command{
		machineCommands(), blockCommands(), bitmapCommands(), jobCommands(), blockJobCommands(),
	} {
		maps.Copy(all, set)
	}
	return all
}

// Commands returns the names of all commands that the demo answers, sorted.
func Commands() []string {
	names := slices.Collect(fixedReplyNames)
	names = slices.AppendSeq(names, maps.Keys(simulated()))
	slices.Sort(names)
	return slices.Compact(names)
}

// Dial starts a machine of its own and returns a stream to it, in process: no network, no files. Closing the stream ends
// the machine and waits for its goroutines; a quit ends it from the other side. ctx bounds only the call.
func Dial(ctx context.Context) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return qmpserver.Local(ownMachine{New(Options{})}), nil
}

// ownMachine is a machine that lives as long as the one stream that it serves.
type ownMachine struct{ *Machine }

// Serve serves the stream and closes the machine.
func (m ownMachine) Serve(ctx context.Context, conn net.Conn) error {
	defer m.Close()
	return m.Machine.Serve(ctx, conn)
}
