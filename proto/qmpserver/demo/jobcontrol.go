package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

type jobInfo struct {
	Current int64  `json:"current-progress"`
	Status  string `json:"status"`
	Total   int64  `json:"total-progress"`
	Type    string `json:"type"`
	ID      string `json:"id"`
	Error   string `json:"error,omitempty"`
}

type blockJobInfo struct {
	AutoFinalize bool   `json:"auto-finalize"`
	IOStatus     string `json:"io-status"`
	Device       string `json:"device"`
	AutoDismiss  bool   `json:"auto-dismiss"`
	Busy         bool   `json:"busy"`
	Len          int64  `json:"len"`
	Offset       int64  `json:"offset"`
	Status       string `json:"status"`
	Paused       bool   `json:"paused"`
	Speed        int64  `json:"speed"`
	Ready        bool   `json:"ready"`
	Type         string `json:"type"`
	Error        string `json:"error,omitempty"`
}

// blockJobCommands are the commands that look at and steer jobs, in their two
// families: job-* and the older block-job-*.
func blockJobCommands() map[string]command {
	all := map[string]command{
		"query-jobs": func(d *Machine, _ *qmpserver.Conversation, _ arguments) (any, error) {
			list := []jobInfo{}
			for _, j := range slices.Backward(d.jobs) {
				list = append(list, jobInfo{j.offset, j.status, j.len, j.kind, j.id, j.err})
			}
			return list, nil
		},
		"query-block-jobs": func(d *Machine, _ *qmpserver.Conversation, _ arguments) (any, error) {
			list := []blockJobInfo{}
			for _, j := range slices.Backward(d.jobs) {
				list = append(list, blockJobInfo{
					AutoFinalize: j.autoFinalize, IOStatus: "ok", Device: j.id, AutoDismiss: j.autoDismiss,
					Len: j.len, Offset: j.offset, Status: j.status, Paused: j.paused, Speed: j.speed,
					Ready: j.ready, Type: j.kind, Error: j.err,
				})
			}
			return list, nil
		},
		"block-job-set-speed": steer("set-speed", blockJobByDevice(), (*Machine).setJobSpeed),
		"job-cancel":          steer("cancel", jobByID(), (*Machine).cancelJob),
		"block-job-cancel":    steer("cancel", blockJobByDevice(), (*Machine).cancelBlockJob),
	}
	for verb, act := range map[string]func(*Machine, *job, arguments) error{
		"pause":    (*Machine).pauseJob,
		"resume":   (*Machine).resumeJob,
		"complete": (*Machine).completeJob,
		"finalize": func(d *Machine, j *job, _ arguments) error { d.finalizeJobLocked(j); return nil },
		"dismiss":  func(d *Machine, j *job, _ arguments) error { d.dismissJobLocked(j); return nil },
	} {
		all["job-"+verb] = steer(verb, jobByID(), act)
		if verb == "finalize" || verb == "dismiss" {
			all["block-job-"+verb] = steer(verb, blockJobByID(), act)
		} else {
			all["block-job-"+verb] = steer(verb, blockJobByDevice(), act)
		}
	}
	return all
}

// naming is how a command names a job: QAPI has three ways.
type naming struct {
	argument string
	unknown  func(id string) error
}

func jobByID() naming {
	return naming{"id", func(string) error { return qmpserver.Errorf("Job not found") }}
}
func blockJobByID() naming     { return naming{"id", noBlockJob} }
func blockJobByDevice() naming { return naming{"device", noBlockJob} }

func noBlockJob(id string) error {
	return &qmpserver.Error{Class: qmpserver.DeviceNotActive, Desc: fmt.Sprintf("Block job '%s' not found", id)}
}

// steer makes a command that does verb to one job.
func steer(verb string, by naming, act func(*Machine, *job, arguments) error) command {
	return func(d *Machine, _ *qmpserver.Conversation, a arguments) (any, error) {
		id := a.string(by.argument)
		j := d.job(id)
		if j == nil {
			return nil, by.unknown(id)
		}
		// QEMU looks at the pause before the verb.
		switch {
		case verb == "pause" && j.paused:
			return nil, qmpserver.Errorf("Job is already paused")
		case verb == "resume" && !j.paused:
			return nil, qmpserver.Errorf("Can't resume a job that was not paused")
		case !allows(verb, j.status):
			return nil, qmpserver.Errorf("Job '%s' in state '%s' cannot accept command verb '%s'", j.id, j.status, verb)
		}
		return nil, act(d, j, a)
	}
}

// allows reports whether a job in this state takes the verb (QEMU's table of job
// verbs, as far as the demo's states go).
func allows(verb, status string) bool {
	states := "created running paused ready standby"
	switch verb {
	case "cancel":
		states += " waiting pending"
	case "complete":
		states = "ready standby"
	case "finalize":
		states = "pending"
	case "dismiss":
		states = "concluded"
	}
	return slices.Contains(strings.Fields(states), status)
}

func (d *Machine) pauseJob(j *job, _ arguments) error {
	d.pauseJobLocked(j)
	return nil
}

func (d *Machine) resumeJob(j *job, _ arguments) error {
	d.resumeJobLocked(j)
	return nil
}

func (d *Machine) setJobSpeed(j *job, a arguments) error {
	if a.int("speed") < 0 {
		return qmpserver.Errorf("Parameter 'speed' expects a non-negative value")
	}
	j.speed = a.int("speed")
	return nil
}

// completeJob lets a mirror that is in step switch over, at its next tick.
func (d *Machine) completeJob(j *job, _ arguments) error {
	j.wish = "complete"
	return nil
}

// cancelJob ends a job without effect: a mirror at its next tick, others at once.
func (d *Machine) cancelJob(j *job, _ arguments) error {
	if j.kind == "mirror" && j.status != "pending" {
		j.wish = "cancel"
	} else {
		d.abortJobLocked(j)
	}
	return nil
}

// cancelBlockJob is cancelJob, but without force a mirror that is in step ends
// well, and leaves its copy behind.
func (d *Machine) cancelBlockJob(j *job, a arguments) error {
	if j.ready && j.status != "pending" && !a.bool("force", false) {
		j.wish = "leave"
		return nil
	}
	return d.cancelJob(j, a)
}
