package qmpserver

import "time"

const (
	demoName = "demo"
	demoUUID = "7d2a4c1e-5b0f-4e6d-9a37-0c8e1f2b6d54"
	// demoShutdownTime is what the simulated guest needs to shut down.
	demoShutdownTime = 2 * time.Second
)

type statusInfo struct {
	Status     string `json:"status"`
	Singlestep bool   `json:"singlestep"`
	Running    bool   `json:"running"`
}

// machineCommands are the commands about the machine as a whole.
func machineCommands() map[string]demoCommand {
	answer := func(v any) demoCommand {
		return demoCommand{run: func(*Demo, *Session, arguments) (any, *Error) { return v, nil }}
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
	return map[string]demoCommand{
		"query-name":     answer(nameInfo{demoName}),
		"query-uuid":     answer(uuidInfo{demoUUID}),
		"query-kvm":      answer(kvmInfo{Enabled: true, Present: true}),
		"query-version":  answer(makeVersion(demoVersion())),
		"query-commands": {run: func(*Demo, *Session, arguments) (any, *Error) { return demoCommandList(), nil }},
		"query-yank": {oob: true, run: func(*Demo, *Session, arguments) (any, *Error) {
			return []yankInstance{{"chardev", "compat_monitor0"}}, nil
		}},
		"query-balloon": {run: func(*Demo, *Session, arguments) (any, *Error) {
			return nil, &Error{DeviceNotActive, "No balloon device has been activated"}
		}},
		"query-qmp-schema": {run: func(*Demo, *Session, arguments) (any, *Error) {
			raw, err := demoSchema()
			if err != nil {
				return nil, asError(err)
			}
			return raw, nil
		}},
		"query-status": {run: func(d *Demo, _ *Session, _ arguments) (any, *Error) {
			return statusInfo{Status: d.status, Running: d.status == "running"}, nil
		}},
		"stop":             {run: func(d *Demo, _ *Session, _ arguments) (any, *Error) { d.stopLocked(); return nil, nil }},
		"cont":             {run: func(d *Demo, _ *Session, _ arguments) (any, *Error) { d.contLocked(); return nil, nil }},
		"system_reset":     {run: func(d *Demo, _ *Session, _ arguments) (any, *Error) { d.resetLocked(); return nil, nil }},
		"system_powerdown": {run: func(d *Demo, _ *Session, _ arguments) (any, *Error) { d.powerdownLocked(); return nil, nil }},
		"quit":             {run: func(d *Demo, s *Session, _ arguments) (any, *Error) { d.quitLocked(s); return nil, nil }},
		"human-monitor-command": {
			params: []param{{name: "command-line", required: true}, {name: "cpu-index", kind: kindInt}},
			run:    humanMonitorCommand,
		},
	}
}

// stopLocked pauses the machine. A machine that does not run stays as it is, and
// then there is no event either.
func (d *Demo) stopLocked() {
	if d.status == "running" {
		d.status = "paused"
		d.eventLocked("STOP", nil)
	}
}

func (d *Demo) contLocked() {
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
func (d *Demo) resetLocked() {
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
func (d *Demo) powerdownLocked() {
	d.eventLocked("POWERDOWN", nil)
	if d.leaving != nil {
		return
	}
	task := &guestTask{left: demoShutdownTime}
	d.leaving = task
	d.startLocked(func() { d.shutDown(task) })
}

// shutDown is the guest at work.
func (d *Demo) shutDown(task *guestTask) {
	d.every(func() (more bool) {
		switch {
		case d.leaving != task:
			return false
		case d.status == "running":
			task.left -= demoTick
		}
		if task.left > 0 {
			return true
		}
		d.eventLocked("SHUTDOWN", shutdownData{true, "guest-shutdown"})
		d.abortJobsLocked()
		d.endLocked()
		return false
	})
}

// quitLocked ends the machine; s, which asked for it, still gets its reply.
func (d *Demo) quitLocked(s *Session) {
	d.eventLocked("SHUTDOWN", shutdownData{false, "host-qmp-quit"})
	d.abortJobsLocked()
	s.CloseAfterReply()
	delete(d.sessions, s) // or it would be closed before its reply
	d.endLocked()
}

// demoTick is how often a part of the machine that takes time moves on.
const demoTick = 100 * time.Millisecond

// every calls step under the lock, once a tick, until it returns false or the
// machine ends.
func (d *Demo) every(step func() (more bool)) {
	ticker := time.NewTicker(demoTick)
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

func (d *Demo) locked(step func() bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.over && step()
}
