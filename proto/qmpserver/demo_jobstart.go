package qmpserver

func onErrorValues() []string { return []string{"report", "ignore", "enospc", "stop", "auto"} }

func syncValues() []string {
	return []string{"top", "full", "none", "incremental", "bitmap"}
}

// jobTail are the arguments that all jobs take last.
func jobTail() []param {
	return []param{{name: "auto-finalize", kind: kindBool}, {name: "auto-dismiss", kind: kindBool}}
}

func backupParams() []param {
	p := []param{
		{name: "job-id"}, {name: "device", required: true},
		{name: "sync", kind: kindEnum, values: syncValues(), required: true}, {name: "speed", kind: kindInt},
		{name: "bitmap"}, {name: "bitmap-mode", kind: kindEnum, values: []string{"on-success", "never", "always"}},
		{name: "compress", kind: kindBool},
		{name: "on-source-error", kind: kindEnum, values: onErrorValues()},
		{name: "on-target-error", kind: kindEnum, values: onErrorValues()},
	}
	return append(append(p, jobTail()...), param{name: "filter-node-name"},
		param{name: "x-perf", kind: kindObject}, param{name: "target", required: true})
}

func mirrorParams() []param {
	return append([]param{
		{name: "job-id"}, {name: "device", required: true}, {name: "target", required: true}, {name: "replaces"},
		{name: "sync", kind: kindEnum, values: syncValues(), required: true}, {name: "speed", kind: kindInt},
		{name: "granularity", kind: kindInt}, {name: "buf-size", kind: kindInt},
		{name: "on-source-error", kind: kindEnum, values: onErrorValues()},
		{name: "on-target-error", kind: kindEnum, values: onErrorValues()}, {name: "filter-node-name"},
		{name: "copy-mode", kind: kindEnum, values: []string{"background", "write-blocking"}},
	}, jobTail()...)
}

func streamParams() []param {
	return append([]param{
		{name: "job-id"}, {name: "device", required: true}, {name: "base"}, {name: "base-node"},
		{name: "backing-file"}, {name: "bottom"}, {name: "speed", kind: kindInt},
		{name: "on-error", kind: kindEnum, values: onErrorValues()}, {name: "filter-node-name"},
	}, jobTail()...)
}

// jobCommands are the commands that start a job.
func jobCommands() map[string]demoCommand {
	start := func(params []param, make func(*Demo, arguments) (*job, *Error)) demoCommand {
		return demoCommand{params: params, run: func(d *Demo, _ *Session, a arguments) (any, *Error) {
			j, err := make(d, a)
			if err == nil {
				d.startJobLocked(j)
			}
			return nil, err
		}}
	}
	return map[string]demoCommand{
		"blockdev-backup": start(backupParams(), func(d *Demo, a arguments) (*job, *Error) { return d.newCopyJob("backup", a) }),
		"blockdev-mirror": start(mirrorParams(), func(d *Demo, a arguments) (*job, *Error) { return d.newCopyJob("mirror", a) }),
		"block-stream":    start(streamParams(), (*Demo).newStreamJob),
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
func (d *Demo) newCopyJob(kind string, a arguments) (*job, *Error) {
	j := newJob(kind, a)
	var err *Error
	if j.source, err = d.findNode(a.string("device")); err != nil {
		return nil, err
	}
	if j.target, err = d.findNode(a.string("target")); err != nil {
		return nil, err
	}
	switch {
	case j.source == j.target && kind == "mirror":
		return nil, Errorf("Can't mirror node into itself")
	case j.source == j.target:
		return nil, Errorf("Source and target cannot be the same")
	case j.target.ro || j.target == d.root || j.target.driver == "file":
		return nil, Errorf("The demo cannot write to the node '%s': take 'backup0' as the target", j.target.name)
	}
	switch sync := a.string("sync"); sync {
	case "full":
		j.len = j.source.virtual
	case "top":
		j.len = j.source.actual
	case "none":
	default:
		return nil, Errorf("The demo does not simulate the sync mode '%s'", sync)
	}
	return j, d.reserveJobLocked(j)
}

// newStreamJob makes and reserves a job that pulls the base image into the disk.
func (d *Demo) newStreamJob(a arguments) (*job, *Error) {
	j := newJob("stream", a)
	var err *Error
	if j.source, err = d.findNode(a.string("device")); err != nil {
		return nil, err
	}
	for _, name := range []string{"base", "base-node", "backing-file", "bottom"} {
		if a.has(name) {
			return nil, Errorf("The demo does not simulate the argument '%s'", name)
		}
	}
	if j.source.backing != nil {
		j.len = j.source.backing.actual
	}
	return j, d.reserveJobLocked(j)
}
