package demo

import (
	"time"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

const (
	machineName = "demo"
	machineUUID = "7d2a4c1e-5b0f-4e6d-9a37-0c8e1f2b6d54"
	// shutdownTime is what the simulated guest needs to shut down.
	shutdownTime = 2 * time.Second
)

type statusInfo struct {
	Status     string `json:"status"`
	Singlestep bool   `json:"singlestep"`
	Running    bool   `json:"running"`
}

// machineCommands are the commands about the machine as a whole.
func machineCommands() map[string]command {
	answer := func(v any) command {
		return func(*Machine, *qmpserver.Conversation, arguments) (any, error) { return v, nil }
	}
	type nameInfo struct {
		Name string `json:"name"`
	}
	type uuidInfo struct {
		UUID string `json:"UUID"`
	}
	type kvmInfo struct {
		Enabled bool `json:"enabled"`
		Present bool `json:"present"`
	}
	type yankInstance struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	return map[string]command{
		"query-name":     answer(nameInfo{machineName}),
		"query-uuid":     answer(uuidInfo{machineUUID}),
		"query-kvm":      answer(kvmInfo{Enabled: true, Present: true}),
		"query-version":  answer(qmpserver.VersionInfo(version())),
		"query-commands": func(*Machine, *qmpserver.Conversation, arguments) (any, error) { return commandList(), nil },
		"query-yank": func(*Machine, *qmpserver.Conversation, arguments) (any, error) {
			return []yankInstance{{"chardev", "compat_monitor0"}}, nil
		},
		"query-balloon": func(*Machine, *qmpserver.Conversation, arguments) (any, error) {
			return nil, &qmpserver.Error{Class: qmpserver.DeviceNotActive, Desc: "No balloon device has been activated"}
		},
		"query-qmp-schema": func(*Machine, *qmpserver.Conversation, arguments) (any, error) {
			raw, err := rawSchema()
			if err != nil {
				return nil, err
			}
			return raw, nil
		},
		"query-status": func(d *Machine, _ *qmpserver.Conversation, _ arguments) (any, error) {
			return statusInfo{Status: d.status, Running: d.status == "running"}, nil
		},
		"stop": func(d *Machine, _ *qmpserver.Conversation, _ arguments) (any, error) {
			d.stopLocked()
			return nil, nil
		},
		"cont": func(d *Machine, _ *qmpserver.Conversation, _ arguments) (any, error) {
			d.contLocked()
			return nil, nil
		},
		"system_reset": func(d *Machine, _ *qmpserver.Conversation, _ arguments) (any, error) {
			d.resetLocked()
			return nil, nil
		},
		"system_powerdown": func(d *Machine, _ *qmpserver.Conversation, _ arguments) (any, error) {
			d.powerdownLocked()
			return nil, nil
		},
		"quit": func(d *Machine, s *qmpserver.Conversation, _ arguments) (any, error) {
			d.quitLocked(s)
			return nil, nil
		},
		"human-monitor-command": humanMonitorCommand,
	}
}

// stopLocked pauses the machine. A machine that does not run stays as it is, and
// then there is no event either.
func (d *Machine) stopLocked() {
	if d.status == "running" {
		d.status = "paused"
		d.eventLocked("STOP", nil)
	}
}

func (d *Machine) contLocked() {
	if d.status != "running" {
		d.status = "running"
		d.eventLocked("RESUME", nil)
	}
}

type shutdownData struct {
	Guest  bool   `json:"guest"`
	Reason string `json:"reason"`
}

// resetLocked resets the machine; a paused one is then as if it had never started.
func (d *Machine) resetLocked() {
	if d.status == "paused" {
		d.status = "prelaunch"
	}
	d.leaving = nil
	d.eventLocked("RESET", shutdownData{false, "host-qmp-system-reset"})
}

// guestTask is the guest's shutdown; another reset or powerdown replaces it.
type guestTask struct{ left time.Duration }

// powerdownLocked presses the power button. The guest shuts down, which takes a
// while of running time, and the machine ends.
func (d *Machine) powerdownLocked() {
	d.eventLocked("POWERDOWN", nil)
	if d.leaving != nil {
		return
	}
	task := &guestTask{left: shutdownTime}
	d.leaving = task
	d.startLocked(func() { d.shutDown(task) })
}

// shutDown is the guest at work.
func (d *Machine) shutDown(task *guestTask) {
	d.every(func() (more bool) {
		switch {
		case d.leaving != task:
			return false
		case d.status == "running":
			task.left -= tick
		}
		if task.left > 0 {
			return true
		}
		d.eventLocked("SHUTDOWN", shutdownData{true, "guest-shutdown"})
		d.abortJobsLocked()
		d.endLocked(nil)
		return false
	})
}

// quitLocked ends the machine; s, which asked for it, still gets its reply.
func (d *Machine) quitLocked(s *qmpserver.Conversation) {
	d.eventLocked("SHUTDOWN", shutdownData{false, "host-qmp-quit"})
	d.abortJobsLocked()
	s.CloseAfterReply()
	d.endLocked(s)
}

// tick is how often a part of the machine that takes time moves on.
const tick = 100 * time.Millisecond

// every calls step under the lock, once a tick, until it returns false or the
// machine ends.
func (d *Machine) every(step func() (more bool)) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-ticker.C:
		}
		if !d.locked(step) {
			return
		}
	}
}

func (d *Machine) locked(step func() bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.over && step()
}
