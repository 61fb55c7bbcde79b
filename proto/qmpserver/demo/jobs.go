package demo

import (
	"slices"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// copyRate is how fast the simulated host copies, in bytes a second.
const copyRate = 2 * gib

// job is a background job, with the states and events of QEMU 7.2 (QMP reference,
// "Background jobs"). All its fields are guarded by the Demo's lock.
type job struct {
	id, kind string
	status   string
	len      int64 // bytes to copy
	offset   int64 // bytes copied
	speed    int64 // limit in bytes a second; 0: none
	credit   int64 // bytes a second, summed up over ticks and not yet copied

	autoFinalize, autoDismiss bool

	paused bool   // by the user
	ready  bool   // a mirror in step with its source
	wish   string // what a mirror does at its next tick: "complete", "cancel" or "leave"
	pivot  bool   // on completion the guest's disk becomes the target
	err    string

	source, target *node // target is nil for a stream
}

type jobStatusData struct {
	Status string `json:"status"`
	ID     string `json:"id"`
}

type blockJobData struct {
	Device string `json:"device"`
	Len    int64  `json:"len"`
	Offset int64  `json:"offset"`
	Speed  int64  `json:"speed"`
	Type   string `json:"type"`
}

type blockJobPendingData struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (d *Machine) setStatusLocked(j *job, status string) {
	j.status = status
	d.eventLocked("JOB_STATUS_CHANGE", jobStatusData{status, j.id})
}

func (d *Machine) blockJobEventLocked(j *job, name string) {
	d.eventLocked(name, blockJobData{j.id, j.len, j.offset, j.speed, j.kind})
}

// reserveJobLocked gives j its id and nodes, or says why it cannot have them.
func (d *Machine) reserveJobLocked(j *job) error {
	if !wellFormedID(j.id) {
		return qmpserver.Errorf("Invalid job ID '%s'", j.id)
	}
	if d.job(j.id) != nil {
		return qmpserver.Errorf("Job ID '%s' already in use", j.id)
	}
	if j.speed < 0 {
		return qmpserver.Errorf("Parameter 'speed' expects a non-negative value")
	}
	for _, n := range []*node{j.source, j.target} {
		if n != nil && n.job != nil {
			return qmpserver.Errorf("Node '%s' is busy: block device is in use by block job: %s", n.name, n.job.kind)
		}
	}
	d.jobs = append(d.jobs, j)
	j.source.job = j
	if j.target != nil {
		j.target.job = j
	}
	return nil
}

// releaseJobLocked takes back what reserveJobLocked gave.
func (d *Machine) releaseJobLocked(j *job) {
	d.jobs = slices.DeleteFunc(d.jobs, func(have *job) bool { return have == j })
	d.releaseNodes(j)
}

func (d *Machine) releaseNodes(j *job) {
	for _, n := range d.nodes {
		if n.job == j {
			n.job = nil
		}
	}
}

// startJobLocked sets a reserved job going.
func (d *Machine) startJobLocked(j *job) {
	d.setStatusLocked(j, "created")
	d.setStatusLocked(j, "running")
	d.startLocked(func() { d.every(func() bool { return d.tickJobLocked(j) }) })
}

// tickJobLocked moves a job on by one tick and reports whether it needs more.
func (d *Machine) tickJobLocked(j *job) (more bool) {
	switch {
	case j.wish == "cancel":
		d.abortJobLocked(j)
	case j.status == "running" && !j.paused:
		d.copyLocked(j)
		if j.offset < j.len {
			return true
		}
		if j.kind == "mirror" {
			j.ready = true
			d.setStatusLocked(j, "ready")
			d.blockJobEventLocked(j, "BLOCK_JOB_READY")
			return true
		}
		d.finishJobLocked(j)
	case j.status == "ready" && j.wish != "":
		j.pivot = j.wish == "complete"
		d.finishJobLocked(j)
	}
	return slices.Contains([]string{"running", "ready", "paused", "standby"}, j.status)
}

// copyLocked copies what one tick is good for.
func (d *Machine) copyLocked(j *job) {
	rate := copyRate
	if j.speed > 0 {
		rate = min(rate, j.speed)
	}
	perSecond := int64(time.Second / tick)
	j.credit += rate
	bytes := min(j.credit/perSecond, j.len-j.offset)
	j.credit %= perSecond
	j.offset += bytes
	if j.target != nil {
		d.grow(j.target, bytes)
	} else {
		d.grow(j.source, bytes)
	}
}

// finishJobLocked ends the copying of a job that went well.
func (d *Machine) finishJobLocked(j *job) {
	d.setStatusLocked(j, "waiting")
	d.setStatusLocked(j, "pending")
	if !j.autoFinalize {
		d.eventLocked("BLOCK_JOB_PENDING", blockJobPendingData{j.kind, j.id})
		return
	}
	d.finalizeJobLocked(j)
}

// finalizeJobLocked lets a pending job take effect.
func (d *Machine) finalizeJobLocked(j *job) {
	switch {
	case j.kind == "stream":
		j.source.backing = nil
	case j.pivot && d.root == j.source:
		d.root = j.target
	}
	d.blockJobEventLocked(j, "BLOCK_JOB_COMPLETED")
	d.concludeJobLocked(j)
}

// abortJobLocked ends a job that was cancelled.
func (d *Machine) abortJobLocked(j *job) {
	if j.paused {
		d.resumeJobLocked(j) // as QEMU does, to let the job see that it ends
	}
	j.err = "Operation canceled"
	d.setStatusLocked(j, "aborting")
	d.blockJobEventLocked(j, "BLOCK_JOB_CANCELLED")
	d.concludeJobLocked(j)
}

func (d *Machine) concludeJobLocked(j *job) {
	d.releaseNodes(j)
	d.setStatusLocked(j, "concluded")
	if j.autoDismiss {
		d.dismissJobLocked(j)
	}
}

func (d *Machine) dismissJobLocked(j *job) {
	d.setStatusLocked(j, "null")
	d.releaseJobLocked(j)
}

// abortJobsLocked ends all jobs because the machine ends.
func (d *Machine) abortJobsLocked() {
	for _, j := range slices.Clone(d.jobs) {
		if j.status != "concluded" {
			d.abortJobLocked(j)
		}
	}
}

func (d *Machine) pauseJobLocked(j *job) {
	j.paused = true
	if j.ready {
		d.setStatusLocked(j, "standby")
	} else {
		d.setStatusLocked(j, "paused")
	}
}

func (d *Machine) resumeJobLocked(j *job) {
	j.paused = false
	if j.ready {
		d.setStatusLocked(j, "ready")
	} else {
		d.setStatusLocked(j, "running")
	}
}

func (d *Machine) job(id string) *job {
	for _, j := range d.jobs {
		if j.id == id {
			return j
		}
	}
	return nil
}

// wellFormedID reports whether id may name a job: a letter, then letters, digits
// and "-._".
func wellFormedID(id string) bool {
	for i, c := range []byte(id) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_') {
			return false
		}
	}
	return id != ""
}
