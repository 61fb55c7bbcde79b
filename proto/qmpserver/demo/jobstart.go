package demo

import (
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// jobCommands are the commands that start a job.
func jobCommands() map[string]command {
	start := func(make func(*Machine, arguments) (*job, error)) command {
		return func(d *Machine, _ *qmpserver.Conversation, a arguments) (any, error) {
			j, err := make(d, a)
			if err == nil {
				d.startJobLocked(j)
			}
			return nil, err
		}
	}
	return map[string]command{
		"blockdev-backup": start(func(d *Machine, a arguments) (*job, error) { return d.newCopyJob("backup", a) }),
		"blockdev-mirror": start(func(d *Machine, a arguments) (*job, error) { return d.newCopyJob("mirror", a) }),
		"block-stream":    start((*Machine).newStreamJob),
	}
}

// newJob fills in what all jobs have.
func newJob(kind string, a arguments) *job {
	return &job{
		id: a.string("job-id"), kind: kind, speed: a.int("speed"),
		autoFinalize: a.bool("auto-finalize", true), autoDismiss: a.bool("auto-dismiss", true),
	}
}

// newCopyJob makes and reserves a backup or a mirror.
func (d *Machine) newCopyJob(kind string, a arguments) (*job, error) {
	j := newJob(kind, a)
	var err error
	if j.source, err = d.findNode(a.string("device")); err != nil {
		return nil, err
	}
	if j.target, err = d.findNode(a.string("target")); err != nil {
		return nil, err
	}
	switch {
	case j.source == j.target && kind == "mirror":
		return nil, qmpserver.Errorf("Can't mirror node into itself")
	case j.source == j.target:
		return nil, qmpserver.Errorf("Source and target cannot be the same")
	case j.target.ro || j.target == d.root || j.target.driver == "file":
		return nil, qmpserver.Errorf("The demo cannot write to the node '%s': take 'backup0' as the target", j.target.name)
	}
	switch sync := a.string("sync"); sync {
	case "full":
		j.len = j.source.virtual
	case "top":
		j.len = j.source.actual
	case "none":
	default:
		return nil, qmpserver.Errorf("The demo does not simulate the sync mode '%s'", sync)
	}
	return j, d.reserveJobLocked(j)
}

// newStreamJob makes and reserves a job that pulls the base image into the disk.
func (d *Machine) newStreamJob(a arguments) (*job, error) {
	j := newJob("stream", a)
	var err error
	if j.source, err = d.findNode(a.string("device")); err != nil {
		return nil, err
	}
	for _, name := range []string{"base", "base-node", "backing-file", "bottom"} {
		if a.has(name) {
			return nil, qmpserver.Errorf("The demo does not simulate the argument '%s'", name)
		}
	}
	if j.source.backing != nil {
		j.len = j.source.backing.actual
	}
	return j, d.reserveJobLocked(j)
}
