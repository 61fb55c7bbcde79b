package demo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// statuses are the events of a job that goes through these states.
func statuses(id string, states ...string) (events []string) {
	for _, s := range states {
		events = append(events, fmt.Sprintf("JOB_STATUS_CHANGE {status: %s, id: %s}", s, id))
	}
	return events
}

func (v *vm) progress() (status string, current, total int64) {
	v.t.Helper()
	var list []jobInfo
	if err := json.Unmarshal([]byte(v.do("query-jobs", "")), &list); err != nil || len(list) != 1 {
		v.t.Fatalf("query-jobs: %v, %v", list, err)
	}
	return list[0].Status, list[0].Current, list[0].Total
}

// A backup makes progress in real time, and its copy grows with it.
func TestDemo_BackupMakesProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		v.do("blockdev-backup", `{"job-id": "b", "device": "disk0", "target": "backup0", "sync": "full"}`)
		v.happened(statuses("b", "created", "running")...)
		for i := range 4 {
			time.Sleep(time.Second)
			synctest.Wait()
			if status, current, total := v.progress(); status != "running" || total != 20*gib || current != int64(i+1)*copyRate {
				t.Fatalf("after %d s: %s, %d of %d", i+1, status, current, total)
			}
		}
		if got := v.do("query-named-block-nodes", ""); !strings.Contains(got, `"actual-size": 8590135296`) {
			t.Errorf("the copy does not grow: %s", got)
		}
		time.Sleep(6 * time.Second)
		v.happened(append(statuses("b", "waiting", "pending"),
			"BLOCK_JOB_COMPLETED {device: b, len: 21474836480, offset: 21474836480, speed: 0, type: backup}",
			statuses("b", "concluded")[0], statuses("b", "null")[0])...)
		if got := v.do("query-jobs", ""); got != "[]" {
			t.Errorf("query-jobs: %s", got)
		}
	})
}

// A slow job, by hand through all its states.
func TestDemo_BackupByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		v.do("blockdev-backup", `{"job-id": "b", "device": "disk0", "target": "backup0", "sync": "full",
			"speed": 5, "auto-finalize": false, "auto-dismiss": false}`)
		v.happened(statuses("b", "created", "running")...)
		time.Sleep(time.Second)
		synctest.Wait()
		if _, current, _ := v.progress(); current != 5 {
			t.Errorf("a speed of 5 copied %d bytes in a second", current)
		}
		v.do("job-pause", `{"id": "b"}`)
		time.Sleep(time.Minute)
		if status, current, _ := v.progress(); status != "paused" || current != 5 {
			t.Errorf("paused: %s, %d", status, current)
		}
		v.refused("job-pause", `{"id": "b"}`, qmpserver.GenericError, "Job is already paused")
		v.do("block-job-resume", `{"device": "b"}`)
		v.happened(statuses("b", "paused", "running")...)
		v.refused("job-resume", `{"id": "b"}`, qmpserver.GenericError, "Can't resume a job that was not paused")
		for verb := range strings.FieldsSeq("complete finalize dismiss") {
			v.refused("job-"+verb, `{"id": "b"}`, qmpserver.GenericError, "Job 'b' in state 'running' cannot accept command verb '"+verb+"'")
		}
		v.refused("block-job-set-speed", `{"device": "b", "speed": -1}`, qmpserver.GenericError, "Parameter 'speed' expects a non-negative value")
		v.do("block-job-set-speed", `{"device": "b", "speed": 0}`)
		time.Sleep(11 * time.Second)
		v.happened(append(statuses("b", "waiting", "pending"), "BLOCK_JOB_PENDING {type: backup, id: b}")...)
		v.refused("job-pause", `{"id": "b"}`, qmpserver.GenericError, "Job 'b' in state 'pending' cannot accept command verb 'pause'")
		want := `[{"auto-finalize": false, "io-status": "ok", "device": "b", "auto-dismiss": false, "busy": false, "len": 21474836480, ` +
			`"offset": 21474836480, "status": "pending", "paused": false, "speed": 0, "ready": false, "type": "backup"}]`
		if got := v.do("query-block-jobs", ""); got != want {
			t.Errorf("query-block-jobs: %s\nwant %s", got, want)
		}
		v.do("job-finalize", `{"id": "b"}`)
		v.happened("BLOCK_JOB_COMPLETED {device: b, len: 21474836480, offset: 21474836480, speed: 0, type: backup}",
			statuses("b", "concluded")[0])
		v.refused("job-cancel", `{"id": "b"}`, qmpserver.GenericError, "Job 'b' in state 'concluded' cannot accept command verb 'cancel'")
		v.do("block-job-dismiss", `{"id": "b"}`)
		v.happened(statuses("b", "null")...)
	})
}

func TestDemo_CancelledBackup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		v.do("blockdev-backup", `{"job-id": "b", "device": "disk0", "target": "backup0", "sync": "top", "auto-dismiss": false}`)
		v.do("job-pause", `{"id": "b"}`)
		v.do("job-cancel", `{"id": "b"}`)
		v.happened(append(statuses("b", "created", "running", "paused", "running", "aborting"),
			"BLOCK_JOB_CANCELLED {device: b, len: 3326476288, offset: 0, speed: 0, type: backup}", statuses("b", "concluded")[0])...)
		want := `[{"current-progress": 0, "status": "concluded", "total-progress": 3326476288, "type": "backup", "id": "b", "error": "Operation canceled"}]`
		if got := v.do("query-jobs", ""); got != want {
			t.Errorf("query-jobs: %s", got)
		}
		v.do("blockdev-backup", `{"job-id": "c", "device": "disk0", "target": "backup0", "sync": "none"}`)
	})
}

// A mirror waits in step with its source until it is told what to do.
func TestDemo_Mirror(t *testing.T) {
	const start = `{"job-id": "m", "device": "disk0", "target": "backup0", "sync": "full"}`
	ended := func(name string) string {
		return name + " {device: m, len: 21474836480, offset: 21474836480, speed: 0, type: mirror}"
	}
	good := append(statuses("m", "waiting", "pending"), ended("BLOCK_JOB_COMPLETED"), statuses("m", "concluded")[0], statuses("m", "null")[0])
	bad := append(statuses("m", "aborting"), ended("BLOCK_JOB_CANCELLED"), statuses("m", "concluded")[0], statuses("m", "null")[0])
	for _, test := range []struct {
		command, arguments string
		events             []string
		disk               string
	}{
		{"job-complete", `{"id": "m"}`, good, "backup0"},
		{"block-job-complete", `{"device": "m"}`, good, "backup0"},
		{"block-job-cancel", `{"device": "m"}`, good, "disk0"},
		{"block-job-cancel", `{"device": "m", "force": true}`, bad, "disk0"},
		{"job-cancel", `{"id": "m"}`, bad, "disk0"},
	} {
		t.Run(test.command+test.arguments, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := demo(t)
				v.do("blockdev-mirror", start)
				time.Sleep(time.Minute)
				v.happened(append(statuses("m", "created", "running", "ready"), ended("BLOCK_JOB_READY"))...)
				v.do("job-pause", `{"id": "m"}`)
				v.do("job-resume", `{"id": "m"}`)
				v.happened(statuses("m", "standby", "ready")...)
				v.do(test.command, test.arguments)
				time.Sleep(time.Second)
				v.happened(test.events...)
				if got := v.do("query-block", ""); !strings.Contains(got, `"node-name": "`+test.disk+`"`) {
					t.Errorf("the guest's disk: %s", got)
				}
			})
		})
	}
}

func TestDemo_StreamFlattensTheChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		if got := v.do("query-block", ""); !strings.Contains(got, `"backing_file": "/var/lib/demo/base.qcow2"`) {
			t.Errorf("before: %s", got)
		}
		v.do("block-stream", `{"job-id": "s", "device": "disk0"}`)
		if got := v.do("human-monitor-command", `{"command-line": "info block-jobs"}`); !strings.Contains(got, "Type stream, device s: Completed 0 of 1503461376 bytes") {
			t.Errorf("info block-jobs: %s", got)
		}
		time.Sleep(time.Second)
		if got := v.do("query-block", ""); strings.Contains(got, "base.qcow2") {
			t.Errorf("after: %s", got)
		}
	})
}

func TestDemo_JobErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		backup := func(rest, desc string) {
			t.Helper()
			v.refused("blockdev-backup", `{"target": "backup0", "device": "disk0", "sync": "full", `+rest+`}`, qmpserver.GenericError, desc)
		}
		backup(`"job-id": "1x"`, "Invalid job ID '1x'")
		backup(`"job-id": "a b"`, "Invalid job ID 'a b'")
		backup(`"speed": 1`, "Invalid job ID ''")
		backup(`"job-id": "a", "speed": -1`, "Parameter 'speed' expects a non-negative value")
		v.do("blockdev-backup", `{"job-id": "a", "device": "disk0", "target": "backup0", "sync": "full"}`)
		backup(`"job-id": "a"`, "Job ID 'a' already in use")
		backup(`"job-id": "b"`, "Node 'disk0' is busy: block device is in use by block job: backup")
		for _, test := range [][3]string{
			{"blockdev-mirror", `{"job-id": "q", "device": "disk0", "target": "disk0", "sync": "full"}`, "Can't mirror node into itself"},
			{"blockdev-backup", `{"job-id": "q", "device": "disk0", "target": "disk0", "sync": "full"}`, "Source and target cannot be the same"},
			{"blockdev-backup", `{"job-id": "q", "device": "x", "target": "disk0", "sync": "full"}`, "Cannot find device='x' nor node-name='x'"},
			{"blockdev-backup", `{"job-id": "q", "device": "disk0", "target": "y", "sync": "full"}`, "Cannot find device='y' nor node-name='y'"},
			{"blockdev-backup", `{"job-id": "q", "device": "backup0", "target": "disk0", "sync": "full"}`, "The demo cannot write to the node 'disk0': take 'backup0' as the target"},
			{"blockdev-backup", `{"job-id": "q", "device": "disk0", "target": "backup0", "sync": "bitmap"}`, "The demo does not simulate the sync mode 'bitmap'"},
			{"block-stream", `{"job-id": "q", "device": "disk0", "base": "x"}`, "The demo does not simulate the argument 'base'"},
		} {
			v.refused(test[0], test[1], qmpserver.GenericError, test[2])
		}
	})
}

// A transaction does all or nothing.
func TestDemo_Transaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		const (
			add    = `{"type": "block-dirty-bitmap-add", "data": {"node": "disk0", "name": "b0"}}`
			off    = `{"type": "block-dirty-bitmap-disable", "data": {"node": "disk0", "name": "b0"}}`
			remove = `{"type": "block-dirty-bitmap-remove", "data": {"node": "disk0", "name": "b0"}}`
			backup = `{"type": "blockdev-backup", "data": {"job-id": "j", "device": "disk0", "target": "backup0", "sync": "none"}}`
			abort  = `{"type": "abort", "data": {}}`
		)
		do := func(actions ...string) string { return `{"actions": [` + strings.Join(actions, ", ") + `]}` }
		v.refused("transaction", do(add, backup, abort), qmpserver.GenericError, "Transaction aborted using Abort action")
		v.refused("transaction", do(add, add), qmpserver.GenericError, "Bitmap already exists: b0")
		if got := v.do("query-block", ""); strings.Contains(got, "b0") || v.do("query-jobs", "") != "[]" {
			t.Errorf("a failed transaction left something behind: %s", got)
		}
		v.happened()
		v.do("transaction", do(add, backup))
		v.happened(statuses("j", "created", "running")...)
		bitmap := func(recording bool) string {
			return fmt.Sprintf(`[{"name": "b0", "recording": %v, "persistent": false, "busy": false, "granularity": 65536, "count": 0}]`, recording)
		}
		v.refused("transaction", do(off, remove, abort), qmpserver.GenericError, "Transaction aborted using Abort action")
		if got := v.do("query-block", ""); !strings.Contains(got, bitmap(true)) {
			t.Errorf("bitmap: %s", got)
		}
		v.do("transaction", do(off))
		if got := v.do("query-block", ""); !strings.Contains(got, bitmap(false)) {
			t.Errorf("bitmap: %s", got)
		}
		v.do("block-dirty-bitmap-clear", `{"node": "disk0", "name": "b0"}`)
		v.do("block-dirty-bitmap-remove", `{"node": "disk0", "name": "b0"}`)
		v.refused("block-dirty-bitmap-enable", `{"node": "disk0", "name": "b0"}`, qmpserver.GenericError, "Dirty bitmap 'b0' not found")
		v.refused("block-dirty-bitmap-add", `{"node": "disk0", "name": "b", "granularity": 1000}`, qmpserver.GenericError, "Granularity must be power of 2 and at least 512")
		v.refused("transaction", do(`{"type": "drive-backup", "data": {"device": "disk0", "target": "x", "sync": "full"}}`), qmpserver.GenericError, "The demo does not simulate the action drive-backup")
	})
}
