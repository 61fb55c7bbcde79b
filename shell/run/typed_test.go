package run

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

const schemaQuery = "query-qmp-schema"

// What no schema could change is sent without a look into it.
func TestExecutorAsksForTheSchemaOnlyWhenItMatters(t *testing.T) {
	for line, want := range map[string][]string{
		"query-status":                      {"query-status"},
		"device_del id=net0":                {`device_del {"id": "net0"}`},
		"device_del id='1'":                 {`device_del {"id": "1"}`},
		"migrate_set x:=1":                  {`migrate_set {"x": 1}`},
		`{"execute": "x", "arguments": {}}`: {"x {}"},
		"device_del id=1":                   {schemaQuery, `device_del {"id": "1"}`},
		"nbd-server-start addr.type=inet addr.data.host=h addr.data.port=0": {schemaQuery,
			`nbd-server-start {"addr": {"type": "inet", "data": {"host": "h", "port": "0"}}}`},
		"transaction( block-dirty-bitmap-add node=n name=1 )": {schemaQuery,
			`transaction {"actions": [{"type": "block-dirty-bitmap-add", "data": {"node": "n", "name": "1"}}]}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, nil)
			if err := b.run(line); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			b.sends(want...)
		})
	}
}

func TestExecutorAsksForTheSchemaOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		for range 3 {
			if err := b.run("device_del id=1"); err != nil {
				t.Error(err)
			}
		}
		b.sends(schemaQuery, `device_del {"id": "1"}`, `device_del {"id": "1"}`, `device_del {"id": "1"}`)
		b.Schemas.Forget() // a new connection
		if err := b.run("device_del id=2"); err != nil {
			t.Error(err)
		}
		b.sends(schemaQuery, `device_del {"id": "2"}`)
		// Once it is there, it is used for everything.
		var fault *cmdline.Error
		if err := b.run("query-statu"); !errors.As(err, &fault) {
			t.Errorf("an unknown command: %v", err)
		}
		b.sends()
	})
}

func TestSchemasIsReadOnceByMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		if b.Schemas.Known() != nil {
			t.Error("a schema is known before anybody asked")
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if b.Schemas.Get(t.Context()) == nil {
					t.Error("no schema")
				}
			})
		}
		all.Wait()
		b.sends(schemaQuery)
		if b.Schemas.Known() == nil {
			t.Error("it is not known now")
		}
	})
}

// A server without a schema is not asked again, and an impatient caller does not
// spoil it for the next one.
func TestSchemasThatCannotBeHad(t *testing.T) {
	for _, answer := range []string{"!CommandNotFound no", `"nonsense"`, "[1]"} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, replies{schemaQuery: answer})
			for range 2 {
				if err := b.run("device_del id=1"); err != nil {
					t.Errorf("%s: %v", answer, err)
				}
			}
			b.sends(schemaQuery, `device_del {"id": 1}`, `device_del {"id": 1}`) // the guess
		})
	}
	calls := 0
	s := &Schemas{door: Door{func(ctx context.Context, _ string, _ json.RawMessage) (json.RawMessage, error) {
		calls++
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return qapitest.RawQEMU(t), nil
	}}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if s.Get(ended) != nil || s.Get(t.Context()) == nil || calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

func TestFixedSchemaAndNone(t *testing.T) {
	fixed, none := FixedSchema(qapitest.QEMU(t), nil), NoSchema()
	for range 2 {
		if fixed.Get(t.Context()) == nil || fixed.Known() == nil {
			t.Error("the schema of a file is not there")
		}
		if none.Get(t.Context()) != nil || none.Known() != nil {
			t.Error("a schema out of nowhere")
		}
		fixed.Forget()
		none.Forget()
	}
}

// An argument that is wrong costs nothing but the look into the schema.
func TestExecutorSendsNothingThatIsWrong(t *testing.T) {
	for line, want := range map[string]string{
		"block-dirty-bitmap-add node=n name=1 granularity=big": `"granularity" takes an integer, not "big"`,
		"block-dirty-bitmap-add node=n nam=1":                  `"block-dirty-bitmap-add" has no argument "nam"`,
		"block-dirty-bitmap-ad node=n name=1":                  `the server has no command "block-dirty-bitmap-ad"`,
		"block-dirty-bitmap-add name=1":                        `block-dirty-bitmap-add lacks the argument "node"`,
		"blockdev-add driver=qcow3 size=1":                     `"driver" has no value "qcow3"`,
		"transaction( abor x=1 )":                              `a transaction has no action "abor"`,
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, nil)
			err := b.run(line)
			var fault *cmdline.Error
			if !errors.As(err, &fault) || fault.Msg != want {
				t.Errorf("%s: %v", line, err)
			}
			b.sends(schemaQuery)
			b.NoValidate = true
			if err := b.run(line); err != nil {
				t.Errorf("%s, unchecked: %v", line, err)
			}
			if sent := b.take(); len(sent) != 1 {
				t.Errorf("%s, unchecked: sent %q", line, sent)
			}
		})
	}
}

// device_add takes what the device's driver has, and qom-set what the object has.
func TestExecutorAsksForProperties(t *testing.T) {
	const nic = `[{"name": "mq", "type": "bool"}, {"name": "vectors", "type": "uint32"}, {"name": "mac", "type": "str"}]`
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, replies{"device-list-properties": nic, "qom-list": `[{"name": "tag", "type": "string"}]`})
		if err := b.run("device_add driver=nic id=7 mq=on vectors=4 mac=5"); err != nil {
			t.Error(err)
		}
		b.sends(schemaQuery, `device-list-properties {"typename":"nic"}`,
			`device_add {"driver": "nic", "id": "7", "mq": true, "vectors": 4, "mac": "5"}`)
		var fault *cmdline.Error
		if err := b.run("device_add driver=nic vector=4"); !errors.As(err, &fault) || !strings.Contains(fault.Hint, "vectors") {
			t.Errorf("an unknown property: %v", err)
		}
		b.sends(`device-list-properties {"typename":"nic"}`)
		if err := b.run("qom-set path=/m property=tag value=1"); err != nil {
			t.Error(err)
		}
		b.sends(`qom-list {"path":"/m"}`, `qom-set {"path": "/m", "property": "tag", "value": "1"}`)
	})
	synctest.Test(t, func(t *testing.T) { // who knows nothing of the driver guesses, and the server decides
		b := newBench(t, replies{"device-list-properties": "!GenericError no such driver", "device_add": "!GenericError no such driver"})
		var refused *qmp.ExecuteError
		if err := b.run("device_add driver=nic vectors=4"); !errors.As(err, &refused) {
			t.Error(err)
		}
	})
}

// What was sent unchecked and refused is explained afterwards.
func TestExecutorExplainsARefusal(t *testing.T) {
	const generic = "!GenericError Parameter 'x' is unexpected"
	for _, c := range []struct {
		line, answer string
		fault, near  string
	}{
		{"device_del i=net0", generic, `"device_del" has no argument "i"`, ""},
		{"device_del", generic, `device_del lacks the argument "id"`, ""},
		{"query-statu", "!CommandNotFound no", "", "query-status"},
		{"device_del id=net0", generic, "", ""},             // there is nothing wrong with it
		{"device_del i=net0", "!DeviceNotFound no", "", ""}, // this is about something else
		{`{"execute": "device_del"}`, generic, "", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, replies{strings.Fields(statement(t, c.line).Name)[0]: c.answer})
			err := b.run(c.line)
			var (
				fault   *cmdline.Error
				unknown *UnknownCommandError
				refused *qmp.ExecuteError
			)
			switch {
			case c.fault != "":
				if !errors.As(err, &fault) || fault.Msg != c.fault {
					t.Errorf("%s: %v", c.line, err)
				}
			case c.near != "":
				if !errors.As(err, &unknown) || unknown.Near != c.near || !errors.As(err, &refused) || err.Error() != refused.Error() {
					t.Errorf("%s: %v", c.line, err)
				}
			default:
				if !errors.As(err, &refused) || errors.As(err, &fault) || errors.As(err, &unknown) {
					t.Errorf("%s: %v", c.line, err)
				}
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // nobody who does not want checks gets an explanation
		b := newBench(t, replies{"device_del": generic})
		b.NoValidate = true
		var refused *qmp.ExecuteError
		if err := b.run("device_del i=net0"); !errors.As(err, &refused) {
			t.Error(err)
		}
		b.sends(`device_del {"i": "net0"}`)
	})
}

func TestExecutorTellsWhatWasExecuted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, replies{"b": "!GenericError no"})
		var told []string
		b.Executed = func(name string) { told = append(told, name) }
		_, _, _ = b.run("a"), b.run("b"), b.run("query-block | .[")
		wantEqual(t, "told", told, []string{"a", "b"})
	})
}

func TestExecutorShowsTheMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		raw, err := b.JSON(t.Context(), statement(t, "device_del id=1 | .x > /nonexistent/file"))
		if err != nil || string(raw) != `{"execute": "device_del", "arguments": {"id": "1"}}` {
			t.Errorf("%s, %v", raw, err)
		}
		b.sends(schemaQuery)
		var fault *cmdline.Error
		for _, line := range []string{"device_del id=1 | .[", "device_del i=1", "device_del id=@env:X"} {
			if _, err := b.JSON(t.Context(), statement(t, line)); !errors.As(err, &fault) {
				t.Errorf("%s: %v", line, err)
			}
		}
		b.sends()
	})
}

// A script looks into the schema once, and goes on after what it was not asked.
func TestScriptReadsTheSchemaOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		s := &Script{Executor: b.Executor, Name: "file", In: strings.NewReader(
			"query-status\ndevice_del id=1\nobject-del id=2\ntransaction(\nabort\n)\ndevice_del i=3\nquery-status\n"),
			Events: b.Client.Subscribe(qmp.EventFilter{}), Event: func(qmp.Event) {}, Note: func(string) {}, Report: func(error) {}}
		wantPlace(t, s.Run(t.Context()), 7, &cmdline.Error{})
		b.sends("query-status", schemaQuery, `device_del {"id": "1"}`, `object-del {"id": "2"}`,
			`transaction {"actions": [{"type": "abort", "data": {}}]}`)
	})
}

// The schema of an old connection is not taken for that of the new one, and who
// has waited enough does not wait for who reads.
func TestSchemasBetweenConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan json.RawMessage)
		asked := 0
		s := &Schemas{door: Door{func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
			asked++
			return <-answers, nil
		}}}
		got := make(chan bool)
		go func() { got <- s.Get(t.Context()) != nil }()
		synctest.Wait()
		impatient, cancel := context.WithCancel(t.Context())
		cancel()
		if s.Get(impatient) != nil || s.Known() != nil || asked != 1 {
			t.Errorf("somebody waited, or asked again: %d questions", asked)
		}
		s.Forget()
		answers <- json.RawMessage("[]")
		answers <- qapitest.RawQEMU(t)
		if !<-got || s.Known().Command("query-status") == nil || asked != 2 {
			t.Errorf("the old connection's schema, or none: %d questions", asked)
		}
	})
}
