package shell

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/text"
)

// askLimit is how long the user waits for answers to the shell's own questions.
const askLimit = 2 * time.Second

// machine is what the prompt says of the server's VM. Any goroutine may use it.
type machine struct {
	door  run.Door
	stale chan struct{} // holds a token when the runstate has to be asked for

	mu       sync.Mutex
	met      bool   // the server has told its VM's name, or that it has none
	name     string // of the VM; empty without one
	status   string // runstate in QAPI's words; empty if the server has none
	gone     bool   // the session has ended
	shutdown string // why the VM was shut down; empty while it was not
}

func newMachine(client *qmp.Client) *machine {
	return &machine{door: run.NewDoor(client), stale: make(chan struct{}, 1)}
}

// maxName is how many characters of a VM's name the prompt shows: on a narrow
// window the state behind it matters more.
const maxName = 20

// prompt is "(vm1) ", with the runstate when it is not running. other stands for a VM
// without a name.
func (m *machine) prompt(other string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := m.name
	if name == "" {
		name = other
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

// maxTold is how many columns a server gets for a text about itself, in the prompt and elsewhere.
const maxTold = 60

// told cuts what a server tells about itself.
func told(s string) string {
	if most := 4 * maxTold; len(s) > most { // against characters without a width
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return text.Cut(s, maxTold, "…")
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
// answer soon: keepTrue takes the answers whenever they come.
func (m *machine) meet(ctx context.Context) error {
	m.found() // before asking: it may go meanwhile
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	err := m.learn(ctx)
	if err != nil {
		m.doubt()
	}
	return err
}

// learn asks for the name, unless that is known, and for the runstate.
func (m *machine) learn(ctx context.Context) error {
	m.mu.Lock()
	met := m.met
	m.mu.Unlock()
	if !met {
		var answer struct{ Name string }
		if err := m.ask(ctx, "query-name", &answer); err != nil {
			return err
		}
		m.mu.Lock()
		m.name, m.met = told(answer.Name), true
		m.mu.Unlock()
	}
	return m.refresh(ctx)
}

// found forgets what was known of an earlier server.
func (m *machine) found() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.met, m.name, m.status, m.gone, m.shutdown = false, "", "", false, ""
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
		m.status = told(answer.Status)
	}
	return nil
}

// ask fills in answer. A server that refuses, or answers something else, leaves
// it as it is.
func (m *machine) ask(ctx context.Context, command string, answer any) error {
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

// note takes an event after which the runstate may be another. The runstate is asked
// for, not guessed: STOP alone has a dozen reasons.
func (m *machine) note(ev qmp.Event) {
	m.noteShutdown(ev)
	switch ev.Name {
	case "STOP", "RESUME", "SHUTDOWN", "RESET", "SUSPEND", "SUSPEND_DISK", "WAKEUP",
		"GUEST_PANICKED", "GUEST_CRASHLOADED", "MIGRATION", "WATCHDOG":
		m.doubt()
	}
}

// doubt has keepTrue ask.
func (m *machine) doubt() {
	select {
	case m.stale <- struct{}{}:
	default:
	}
}

// noteShutdown keeps why the VM was shut down: what the connection's end looks like
// afterwards says less.
func (m *machine) noteShutdown(ev qmp.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch ev.Name {
	case "SHUTDOWN":
		var data struct{ Reason string }
		_ = json.Unmarshal(ev.Data, &data)
		m.shutdown = cmp.Or(told(data.Reason), "it does not say why")
	case "RESET", "RESUME": // -no-shutdown, and on it goes
		m.shutdown = ""
	}
}

// whyShutdown says why the VM was shut down; empty if it was not.
func (m *machine) whyShutdown() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shutdown
}

// keepTrue asks whenever there is a reason to, waits for the answer as long as it takes, since a
// prompt without a state says that the VM runs, and calls changed after each. It returns when the
// context ends.
func (m *machine) keepTrue(ctx context.Context, changed func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.stale:
			_ = m.learn(ctx) // what is known stays
			changed()
		}
	}
}
