package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
	"github.com/qmpsh/qmpsh/proto/qmpserver"
)

// vm is a client of a demo, inside a synctest bubble.
type vm struct {
	t      *testing.T
	client *qmp.Client
	events *qmp.Subscription
}

// demo starts a machine of its own and connects to it.
func demo(t *testing.T) *vm {
	t.Helper()
	conn, err := Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, conn)
}

func connect(t *testing.T, conn net.Conn) *vm {
	t.Helper()
	v := &vm{t: t, client: qmp.NewClient(qmp.Options{})}
	v.events = v.client.Subscribe(qmp.EventFilter{})
	if err := v.client.ConnectStream(t.Context(), conn, "demo:"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		v.client.Disconnect(context.Background())
		v.events.Close()
	})
	return v
}

// do runs a command, which must succeed, and returns its result.
func (v *vm) do(name, arguments string) string {
	v.t.Helper()
	var args json.RawMessage
	if arguments != "" {
		args = json.RawMessage(arguments)
	}
	ret, err := v.client.Execute(v.t.Context(), name, args)
	if err != nil {
		v.t.Fatalf("%s: %v", name, err)
	}
	return string(ret)
}

// refused runs a command, which must fail with these words.
func (v *vm) refused(name, arguments, class, desc string) {
	v.t.Helper()
	_, err := v.client.Execute(v.t.Context(), name, json.RawMessage(arguments))
	var e *qmp.ExecuteError
	if !errors.As(err, &e) || e.Class != class || e.Desc != desc {
		v.t.Errorf("%s %s: %v, want %s: %s", name, arguments, err, class, desc)
	}
}

// happened checks which events came since, as "NAME data" without spaces.
func (v *vm) happened(want ...string) {
	v.t.Helper()
	synctest.Wait()
	ctx, cancel := context.WithCancel(v.t.Context())
	cancel()
	var got []string
	for {
		e, err := v.events.Next(ctx)
		if err != nil {
			break
		}
		got = append(got, strings.ReplaceAll(strings.TrimSpace(e.Name+" "+string(e.Data)), `"`, ""))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		v.t.Errorf("events:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (v *vm) status(want string) {
	v.t.Helper()
	text := fmt.Sprintf(`{"status": %q, "singlestep": false, "running": %v}`, want, want == "running")
	if got := v.do("query-status", ""); got != text {
		v.t.Errorf("query-status: %s, want %s", got, text)
	}
}

func TestDemo_SaysThatItIsASimulation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		g := v.client.Greeting()
		if !strings.Contains(g.Version.Package, "simulation") || g.Version.Major != 7 || !v.client.OOB() {
			t.Errorf("greeting: %+v", g)
		}
		if got := v.do("query-name", ""); got != `{"name": "demo"}` {
			t.Errorf("query-name: %s", got)
		}
		if got := v.do("query-version", ""); !strings.Contains(got, Package) {
			t.Errorf("query-version: %s", got)
		}
		v.refused("device_add", `{"driver": "x"}`, qmpserver.GenericError, "The demo does not simulate the command device_add")
		v.refused("query-blockstats", `{"query-nodes": true}`, qmpserver.GenericError, "The demo does not simulate the argument 'query-nodes'")
		v.do("query-blockstats", `{"query-nodes": false}`)
		v.refused("nosuch", `{}`, qmpserver.CommandNotFound, "The command nosuch has not been found")
		v.refused("device_add oob", `{}`, qmpserver.CommandNotFound, "The command device_add oob has not been found")
	})
}

func TestDemo_StopAndCont(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		v.status("running")
		v.do("cont", "")
		v.happened()
		v.do("stop", "")
		v.status("paused")
		v.do("stop", "")
		v.happened("STOP")
		v.do("system_reset", "")
		v.status("prelaunch")
		v.do("cont", "")
		v.status("running")
		v.happened("RESET {guest: false, reason: host-qmp-system-reset}", "RESUME")
	})
}

func TestDemo_Quit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		v.do("blockdev-backup", `{"job-id": "j", "device": "disk0", "target": "backup0", "sync": "full"}`)
		v.happened("JOB_STATUS_CHANGE {status: created, id: j}", "JOB_STATUS_CHANGE {status: running, id: j}")
		if got := v.do("quit", ""); got != "{}" {
			t.Errorf("quit: %s", got)
		}
		v.happened("SHUTDOWN {guest: false, reason: host-qmp-quit}",
			"JOB_STATUS_CHANGE {status: aborting, id: j}",
			"BLOCK_JOB_CANCELLED {device: j, len: 21474836480, offset: 0, speed: 0, type: backup}",
			"JOB_STATUS_CHANGE {status: concluded, id: j}", "JOB_STATUS_CHANGE {status: null, id: j}")
		if err := v.client.Wait(t.Context()); err == nil {
			t.Error("the session did not end")
		}
	})
}

// The reply to quit comes, though every session is closed at the same time.
func TestDemo_QuitIsAnswered(t *testing.T) {
	times := 100
	if testing.Short() {
		times = 10
	}
	for range times {
		conn, err := Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go io.WriteString(conn, `{"execute": "qmp_capabilities"}{"execute": "quit", "id": "last"}`)
		all, _ := io.ReadAll(conn)
		conn.Close()
		if !strings.HasSuffix(string(all), "{\"return\": {}, \"id\": \"last\"}\r\n") {
			t.Fatalf("it ended with %q", all)
		}
	}
}

// A client that is being greeted when the machine ends does not stay behind.
func TestDemo_EndsWhileGreeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{})
		client, server := net.Pipe()
		end := make(chan error, 1)
		go func() { end <- d.Serve(t.Context(), server) }()
		synctest.Wait() // it writes the greeting, which nobody reads yet
		d.Close()
		if all, _ := io.ReadAll(client); !strings.HasPrefix(string(all), `{"QMP": `) {
			t.Errorf("got %q", all)
		}
		if err := <-end; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// The guest shuts down only while it runs, and the machine ends with it.
func TestDemo_Powerdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		v.do("system_powerdown", "")
		v.happened("POWERDOWN")
		time.Sleep(shutdownTime / 2)
		v.do("stop", "")
		time.Sleep(time.Minute)
		v.happened("STOP")
		v.do("cont", "")
		v.do("system_powerdown", "")
		v.happened("RESUME", "POWERDOWN")
		time.Sleep(shutdownTime/2 + tick)
		v.happened("SHUTDOWN {guest: true, reason: guest-shutdown}")
		if err := v.client.Wait(t.Context()); err == nil {
			t.Error("the session did not end")
		}
	})
}

func TestDemo_ResetStopsAPowerdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		v.do("system_powerdown", "")
		v.do("system_reset", "")
		time.Sleep(time.Hour)
		v.status("running")
	})
}

// Event times are those of the clock given.
func TestDemo_Clock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Now: func() time.Time { return time.Unix(42, 7000) }})
		defer d.Close()
		k := qmptest.Negotiated(t, d, false)
		k.Ask(`{"execute": "stop"}`, `{"timestamp": {"seconds": 42, "microseconds": 7}, "event": "STOP"}`, `{"return": {}}`)
	})
}

// Two clients see one machine, and its end.
func TestDemo_ManyClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{})
		defer d.Close()
		a, b := qmptest.Negotiated(t, d, false), qmptest.Negotiated(t, d, false)
		a.Send(`{"execute": "stop"}`)
		if got := b.Lines(); len(got) != 1 || !strings.Contains(got[0], `"STOP"`) {
			t.Errorf("the other client saw %q", got)
		}
		b.Ask(`{"execute": "query-status"}`, `{"return": {"status": "paused", "singlestep": false, "running": false}}`)
		b.Send(`{"execute": "quit"}`)
		for _, k := range []*qmptest.Talk{a, b} {
			if err := <-k.End; err != nil {
				t.Errorf("Serve: %v", err)
			}
		}
		if got := b.Lines(); len(got) != 2 || got[1] != `{"return": {}}` {
			t.Errorf("quit: %q", got)
		}
		late := qmptest.NewTalk(t, d)
		if err := <-late.End; err != nil || len(late.Lines()) != 0 {
			t.Errorf("a machine that has ended: %v", err)
		}
	})
}

// Closing the client's end leaves nothing behind, whatever the machine is doing.
func TestDemo_CloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, err := Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v := connect(t, conn)
		v.do("blockdev-mirror", `{"job-id": "j", "device": "disk0", "target": "backup0", "sync": "full"}`)
		v.do("stop", "")
		v.do("system_powerdown", "") // would wait for ever: the guest is paused
		conn.Close()                 // a machine that still ran would keep the bubble from ending
	})
}

func TestDialDemo_CancelledContext(t *testing.T) {
	cause := errors.New("no")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := Dial(ctx); err != cause {
		t.Errorf("Dial: %v", err)
	}
}

// The context of the dial bounds the dial only.
func TestDialDemo_OutlivesItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		conn, err := Dial(ctx)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		connect(t, conn).status("running")
	})
}

func TestDemo_HMP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := demo(t)
		hmp := func(line string) (text string) {
			t.Helper()
			ret := v.do("human-monitor-command", fmt.Sprintf(`{"command-line": %q}`, line))
			if err := json.Unmarshal([]byte(ret), &text); err != nil {
				t.Fatal(err)
			}
			return text
		}
		for line, want := range map[string]string{
			"info status":   "VM status: running\r\n",
			"info name":     "demo\r\n",
			"info version":  "7.2.22 " + Package + "\r\n",
			"help info kvm": "info kvm  -- show KVM information\r\n",
			"info":          "info block  -- show",
			"help info":     "info block  -- show",
			"info block":    "disk0: /var/lib/demo/disk0.qcow2 (qcow2)\r\n",
			"info cpus":     "* CPU #0: thread_id=4242\r\n",
			"help":          "cont|c  -- resume emulation\r\n",
			"help info x":   "unknown command: 'info x'\r\n",
		} {
			if got := hmp(line); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %q, want %q", line, got, want)
			}
		}
		v.happened()
		hmp("stop")
		v.happened("STOP")
		if got := hmp("info status"); got != "VM status: paused\r\n" {
			t.Errorf("info status: %q", got)
		}
		hmp("system_reset")
		if got := hmp("info status"); got != "VM status: paused (prelaunch)\r\n" {
			t.Errorf("info status: %q", got)
		}
		hmp("c")
		hmp("system_powerdown")
		v.happened("RESET {guest: false, reason: host-qmp-system-reset}", "RESUME", "POWERDOWN")
		hmp("q")
		v.happened("SHUTDOWN {guest: false, reason: host-qmp-quit}")
	})
}
