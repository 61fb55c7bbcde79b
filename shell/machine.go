package shell

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/run"
)

// askLimit bounds the shell's own questions to the server.
const askLimit = 2 * time.Second

// machine is what the prompt says of the server's VM. Any goroutine may use it.
type machine struct {
	door  run.Door
	stale chan struct{} // holds a token when the runstate has to be asked for

	mu     sync.Mutex
	name   string // of the VM; empty without one
	status string // runstate in QAPI's words; empty if the server has none
	gone   bool   // the session has ended
}

func newMachine(client *qmp.Client) *machine {
	return &machine{door: run.NewDoor(client), stale: make(chan struct{}, 1)}
}

// maxName is how many characters of a VM's name the prompt shows: on a narrow
// window the state behind it matters more.
const maxName = 20

// prompt is "(vm1) ", with the runstate when it is not running.
func (m *machine) prompt() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := m.name
	if name == "" {
		name = "QEMU"
	}
	if r := []rune(name); len(r) > maxName {
		name = string(r[:maxName-1]) + "…"
	}
	switch {
	case m.gone:
		name += " disconnected"
	case m.status != "" && m.status != "running":
		name += " " + m.status
	}
	return "(" + name + ") "
}

// vm is the VM's name, empty without one.
func (m *machine) vm() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.name
}

// isGone says whether the session has ended.
func (m *machine) isGone() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gone
}

func (m *machine) lost() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = true
}

// meet asks a new server for its VM's name and runstate. A server that has
// neither (qemu-storage-daemon) is as good; an error means that it does not
// answer.
func (m *machine) meet(ctx context.Context) error {
	m.mu.Lock()
	m.name, m.status, m.gone = "", "", false // before asking: it may go meanwhile
	m.mu.Unlock()
	var answer struct{ Name string }
	if err := m.ask(ctx, "query-name", &answer); err != nil {
		return err
	}
	m.mu.Lock()
	m.name = answer.Name
	m.mu.Unlock()
	return m.refresh(ctx)
}

// refresh asks for the runstate.
func (m *machine) refresh(ctx context.Context) error {
	var answer struct{ Status string }
	if err := m.ask(ctx, "query-status", &answer); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if answer.Status != "" {
		m.status = answer.Status
	}
	return nil
}

// ask fills in answer. A server that refuses, or answers something else, leaves
// it as it is.
func (m *machine) ask(ctx context.Context, command string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	result, err := m.door.Ask(ctx, command, nil)
	var refused *qmp.ExecuteError
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	if err == nil {
		_ = json.Unmarshal(result, answer)
	}
	return nil
}

// note takes an event and says whether the runstate may have changed. The
// runstate is asked for, not guessed: STOP alone has a dozen reasons.
func (m *machine) note(ev qmp.Event) {
	switch ev.Name {
	case "STOP", "RESUME", "SHUTDOWN", "RESET", "SUSPEND", "SUSPEND_DISK", "WAKEUP",
		"GUEST_PANICKED", "GUEST_CRASHLOADED", "MIGRATION", "WATCHDOG":
		select {
		case m.stale <- struct{}{}:
		default:
		}
	}
}

// keepTrue asks for the runstate whenever note found a reason to, and calls
// changed after each. It returns when the context ends.
func (m *machine) keepTrue(ctx context.Context, changed func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.stale:
			_ = m.refresh(ctx) // what is known stays
			changed()
		}
	}
}
