package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/shell/run"
)

func TestMachinePrompt(t *testing.T) {
	for _, c := range []struct {
		name, status string
		gone         bool
		want         string
	}{
		{"", "", false, "(QEMU) "},
		{"", "running", false, "(QEMU) "},
		{"vm1", "", false, "(vm1) "},
		{"vm1", "running", false, "(vm1) "},
		{"vm1", "paused", false, "(vm1 paused) "},
		{"vm1", "prelaunch", false, "(vm1 prelaunch) "},
		{"", "io-error", false, "(QEMU io-error) "},
		{"vm1", "paused", true, "(vm1 disconnected) "},
		{"", "running", true, "(QEMU disconnected) "},
		{"twenty-characters-xy", "paused", false, "(twenty-characters-xy paused) "},
		{"a-name-as-long-as-ünter", "paused", false, "(a-name-as-long-as-ü… paused) "},
	} {
		m := newMachine(nil)
		m.name, m.status, m.gone = c.name, c.status, c.gone
		wantEqual(t, "prompt", m.prompt("QEMU"), c.want)
	}
}

// What a server tells about itself does not fill the screen.
func TestMachineCutsWhatItIsTold(t *testing.T) {
	for _, long := range []string{strings.Repeat("x", 1<<20), strings.Repeat("\u0301", 1<<20), strings.Repeat("\ufffd", 1<<20)} {
		synctest.Test(t, func(t *testing.T) {
			m := newMachine(dial(t, command("query-name", fmt.Sprintf(`{"name": %q}`, long)),
				command("query-status", fmt.Sprintf(`{"status": %q}`, long)), qmptest.ExpectEnd()).Client)
			if err := m.meet(t.Context()); err != nil {
				t.Error(err)
			}
			m.noteShutdown(qmp.Event{Name: "SHUTDOWN", Data: fmt.Appendf(nil, `{"reason": %q}`, long)})
			for what, told := range map[string]string{"name": m.vm(), "prompt": m.prompt("QEMU"), "reason": m.whyShutdown()} {
				if len(told) > 2000 || len(told) < 3 {
					t.Errorf("the %s has %d bytes", what, len(told))
				}
			}
		})
	}
}

func TestMachineMeets(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []qmptest.Step
		want  string
	}{
		{"a QEMU", []qmptest.Step{command("query-name", `{"name": "vm1"}`), command("query-status", `{"status": "paused"}`)}, "(vm1 paused) "},
		{"a VM without a name", []qmptest.Step{command("query-name", `{}`), command("query-status", `{"status": "running"}`)}, "(QEMU) "},
		{"a storage daemon", []qmptest.Step{refused("query-name"), refused("query-status")}, "(QEMU) "},
		{"a server that talks nonsense", []qmptest.Step{command("query-name", `[]`), command("query-status", `{"status": 7}`)}, "(QEMU) "},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMachine(dial(t, append(c.steps, qmptest.ExpectEnd())...).Client)
				m.name, m.status, m.gone = "before", "paused", true
				if err := m.meet(t.Context()); err != nil {
					t.Error(err)
				}
				wantEqual(t, "prompt", m.prompt("QEMU"), c.want)
			})
		})
	}
}

// A server that does not answer is not asked for more, and does not hold up the
// user for long.
func TestMachineMeetsASilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(dial(t, qmptest.Expect("query-name"), qmptest.ExpectEnd()).Client)
		start := time.Now()
		if err := m.meet(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		wantEqual(t, "time", time.Since(start), askLimit)
		wantEqual(t, "prompt", m.prompt("QEMU"), "(QEMU) ")
	})
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(dial(t, qmptest.Expect("query-name"), qmptest.ExpectEnd()).Client)
		because := errors.New("because")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(because) })
		if err := m.meet(ctx); !errors.Is(err, because) {
			t.Errorf("error %v", err)
		}
	})
}

// A server that was busy when it was met is known as soon as it answers: a prompt without a state
// would say that the VM runs.
func TestMachineMeetsABusyServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(dial(t, qmptest.Expect("query-name"), qmptest.Wait(time.Minute), qmptest.Reply(`{"name": "vm1"}`),
			command("query-name", `{"name": "vm1"}`), command("query-status", `{"status": "prelaunch"}`), qmptest.ExpectEnd()).Client)
		if err := m.meet(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		shown := make(chan string, 1)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			m.keepTrue(ctx, func() { shown <- m.prompt("QEMU") })
		}()
		wantEqual(t, "prompt", <-shown, "(vm1 prelaunch) ")
		cancel()
		<-ended
	})
}

// That a session has gone while a server is being met must not be forgotten.
func TestMachineIsLostWhileItIsMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := dial(t, qmptest.Expect("query-name"), qmptest.Wait(time.Second))
		m := newMachine(p.Client)
		m.gone = true
		go func() { // as Shell.pump does
			_, err := p.Events.Next(t.Context())
			var ended *qmp.SessionEndedError
			if !errors.As(err, &ended) || !errors.Is(err, io.EOF) {
				t.Errorf("end of session: %v", err)
			}
			m.lost()
		}()
		if err := m.meet(t.Context()); !run.SessionLost(err) {
			t.Errorf("error %v", err)
		}
		synctest.Wait()
		wantEqual(t, "prompt", m.prompt("QEMU"), "(QEMU disconnected) ")
		wantEqual(t, "gone", m.isGone(), true)
	})
}

func TestMachineNotesWhatMayChangeTheRunstate(t *testing.T) {
	for name, want := range map[string]bool{
		"STOP": true, "RESUME": true, "SHUTDOWN": true, "RESET": true, "SUSPEND": true, "SUSPEND_DISK": true, "WAKEUP": true,
		"GUEST_PANICKED": true, "GUEST_CRASHLOADED": true, "MIGRATION": true, "WATCHDOG": true,
		"RTC_CHANGE": false, "JOB_STATUS_CHANGE": false, "NIC_RX_FILTER_CHANGED": false,
	} {
		m := newMachine(nil)
		m.note(qmp.Event{Name: name})
		m.note(qmp.Event{Name: name}) // must not block
		wantEqual(t, name, len(m.stale) == 1, want)
	}
}

// The prompt is kept true by asking, and many events are one reason to ask.
func TestMachineKeepsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := dial(t,
			command("query-status", `{"status": "paused"}`), command("query-status", `{"status": "running"}`),
			refused("query-status"), qmptest.Expect("query-status"), qmptest.Wait(time.Hour), qmptest.Reply(`{"status": "running"}`), qmptest.ExpectEnd())
		m := newMachine(p.Client)
		m.met = true
		ctx, cancel := context.WithCancel(t.Context())
		var prompts []string
		ended := make(chan struct{})
		for range 100 {
			m.note(qmp.Event{Name: "STOP"})
		}
		go func() {
			defer close(ended)
			m.keepTrue(ctx, func() { prompts = append(prompts, m.prompt("QEMU")) })
		}()
		synctest.Wait()
		wantEqual(t, "prompts", prompts, []string{"(QEMU paused) "})
		m.note(qmp.Event{Name: "RESUME"})
		synctest.Wait()
		m.mu.Lock()
		m.status = "paused"
		m.mu.Unlock()
		m.note(qmp.Event{Name: "STOP"}) // refused: what is known stays
		synctest.Wait()
		m.note(qmp.Event{Name: "STOP"}) // a late answer is as good
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		wantEqual(t, "prompts", prompts, []string{"(QEMU paused) ", "(QEMU) ", "(QEMU paused) ", "(QEMU) "})
		cancel()
		<-ended
	})
}
