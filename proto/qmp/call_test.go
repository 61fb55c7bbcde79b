package qmp

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// eight is how many in-band commands may be in flight (Q6).
const eight = 8

func TestQ5_RepliesAreRoutedByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		c := running(t, Options{Logger: book.logger()}, func(p *peer) {
			_, one := p.command()
			_, two := p.command()
			p.reply(`"nobody"`, "0")
			p.reply(two, `"`+"2"+`"`)
			p.reply(one, `"`+"1"+`"`)
			p.silence()
		})
		one := do(t.Context(), c, Command{Name: "a"})
		synctest.Wait()
		two := do(t.Context(), c, Command{Name: "b"})
		for want, d := range map[string]*started{`"1"`: one, `"2"`: two} {
			if got, err := d.wait(); err != nil || got != want {
				t.Errorf("got %s, %v, not %s", got, err, want)
			}
		}
		if !book.has("level=WARN", "unknown id", "nobody") {
			t.Error("no warning about the unknown id")
		}
	})
}

func TestQ5_IDsOfTheCallerAreRoutedByValue(t *testing.T) {
	tests := []struct{ sent, back string }{
		{`"mine"`, `"mine"`},
		{`"caf\u00e9"`, `"café"`},
		{`"café"`, `"caf\u00E9"`},
		{`7`, `7`},
		{`1.0`, `1`},
		{`{"b": [1, null], "a": true}`, `{"a":  true, "b": [1, null]}`},
		{`null`, `null`},
		{`18446744073709551615`, `18446744073709551615`},
	}
	for _, test := range tests {
		for _, raw := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				c := running(t, Options{}, func(p *peer) {
					if line, id := p.command(); id != test.sent {
						t.Errorf("sent %s", line)
					}
					p.reply(test.back, `"done"`)
					p.silence()
				})
				cmd := Command{Name: "stop", ID: []byte(test.sent)}
				if raw {
					cmd = Command{Raw: []byte(`{"id": ` + test.sent + `, "execute": "stop"}`)}
				}
				if reply, err := c.Do(t.Context(), cmd); err != nil || string(reply.Return) != `"done"` {
					t.Errorf("%s: got %s, %v", test.sent, reply.Return, err)
				}
			})
		}
	}
}

func TestQ5_AnIDInFlightIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			_, id := p.command()
			if line, _ := p.command(); !strings.Contains(line, "third") {
				t.Errorf("the client sent %s", line)
			}
			p.reply(id, "1")
			p.reply(`"x"`, "3")
			p.silence()
		})
		first := do(t.Context(), c, Command{Name: "first", ID: []byte(`1`)})
		synctest.Wait()
		for _, id := range []string{`1`, `1.0`} {
			_, err := c.Do(t.Context(), Command{Name: "second", ID: []byte(id)})
			wantError[*CommandError](t, err)
		}
		third := do(t.Context(), c, Command{Name: "third", ID: []byte(`"x"`)})
		for want, d := range map[string]*started{"1": first, "3": third} {
			if got, err := d.wait(); err != nil || got != want {
				t.Errorf("got %s, %v", got, err)
			}
		}
	})
}

// A caller may choose an id that the client would come to: the client then takes another.
func TestQ5_OwnIDsAvoidThoseOfCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		theirs := map[string]string{"2": "2", "4": "4.0", "7": "70e-1", "8": `"8"`}
		const own = 5 + 6 // in band and out of band
		c := running(t, Options{}, func(p *peer) {
			var ids []string
			for range len(theirs) - 1 + own + 1 {
				line, id := p.command()
				if strings.Contains(line, "own") {
					ids = append(ids, id)
				}
				defer p.reply(id, id)
			}
			// A string is no number, so 8 is free.
			if got, want := strings.Join(ids, " "), "1 3 5 6 8 9 10 11 12 13 14"; got != want {
				t.Errorf("our ids are %s, not %s", got, want)
			}
		})
		// Numbers that would come are taken, in each way to send.
		calls := []*started{
			do(t.Context(), c, Command{Name: "theirs", ID: []byte(theirs["2"])}),
			do(t.Context(), c, Command{Name: "theirs", OOB: true, ID: []byte(theirs["4"])}),
			do(t.Context(), c, Command{Raw: []byte(`{"execute": "theirs", "id": ` + theirs["7"] + `}`)}),
			do(t.Context(), c, Command{Name: "theirs", OOB: true, ID: []byte(theirs["8"])}),
		}
		synctest.Wait()
		for i := range own {
			cmd := Command{Name: "own", OOB: i%2 == 1 || i == own-1}
			if i%4 == 0 && !cmd.OOB {
				cmd = Command{Raw: []byte("{\"execute\": \"own\" \n}")}
			}
			calls = append(calls, do(t.Context(), c, cmd))
			synctest.Wait()
		}
		for _, d := range calls {
			if _, err := d.wait(); err != nil {
				t.Error(err)
			}
		}
	})
}

// A caller cannot know which numbers are ours: a command with the id of one of them waits for it,
// and those behind it wait too. Who gives up waiting lets them go on.
func TestQ5_CallersIDsWaitForOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			p.expect(`{"execute": "own", "id": 1}`)
			p.nothingMore()
			p.reply("1", `"own"`)
			p.expect(`{"execute": "theirs", "id": 1}`)
			p.expect(`{"execute": "behind", "id": 2}`)
			p.nothingMore()
			p.reply("1", `"theirs"`)
			p.expect(`{"execute": "last", "id": 1}`)
			p.reply("1", `"last"`)
			p.reply("2", `"behind"`)
		})
		var calls []*started
		start := func(ctx context.Context, cmd Command) {
			calls = append(calls, do(ctx, c, cmd))
			synctest.Wait()
		}
		start(t.Context(), Command{Name: "own"})
		start(t.Context(), Command{Raw: []byte(`{"execute": "theirs", "id": 1}`)})
		start(t.Context(), Command{Name: "behind"})
		if _, err := c.Do(t.Context(), Command{Name: "now", OOB: true, ID: []byte("1")}); !NeverSent(err) {
			t.Errorf("what may not wait is answered with %v", err)
		}
		time.Sleep(2 * time.Second)
		impatient, cancel := context.WithCancel(t.Context())
		gone := do(impatient, c, Command{Name: "theirs", ID: []byte("2")})
		synctest.Wait()
		start(t.Context(), Command{Name: "last"})
		cancel()
		if _, err := gone.wait(); !NeverSent(err) {
			t.Errorf("who gave up waiting is told %v", err)
		}
		for i, want := range []string{`"own"`, `"theirs"`, `"behind"`, `"last"`} {
			if reply, err := calls[i].wait(); err != nil || reply != want {
				t.Errorf("command %d: %s, %v", i, reply, err)
			}
		}
	})
}

// The id is the smallest number whose answer cannot come any more: that of a command whose caller
// has gone stays taken until the server has answered it, and who waits for a place has none yet.
func TestQ5_OwnIDsAreTheShortestFreeNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ids := make(chan string, 100)
		answers := make(chan string)
		c := running(t, Options{}, func(p *peer) {
			go func() {
				for id := range answers {
					p.reply(id, id)
				}
			}()
			for {
				line, id := p.command()
				if line == "" {
					return
				}
				ids <- id
			}
		})
		defer close(answers)
		sent := func(want string) {
			t.Helper()
			synctest.Wait()
			var got []string
			for len(ids) > 0 {
				got = append(got, <-ids)
			}
			if have := strings.Join(got, " "); have != want {
				t.Errorf("the ids are %s, not %s", have, want)
			}
		}
		answer := func(id string) { answers <- id; synctest.Wait() }

		impatient, cancel := context.WithCancel(t.Context())
		do(impatient, c, Command{Name: "gone"})
		sent("1") // negotiation had it before, and was answered
		do(impatient, c, Command{Name: "gone", OOB: true})
		sent("2")
		cancel()
		synctest.Wait()
		for range eight + 2 {
			do(t.Context(), c, Command{Name: "slow"})
			synctest.Wait()
		}
		sent("3 4 5 6 7 8 9")
		do(t.Context(), c, Command{Name: "oob", OOB: true})
		sent("10") // and not 13: three wait
		answer("5")
		sent("5")
		answer("2")
		sent("") // out of band: it frees no place
		answer("9")
		sent("2")
		answer("1")
		sent("1")
		do(t.Context(), c, Command{Name: "oob", OOB: true})
		sent("9")
	})
}

// An id that is taken when the command's turn comes is refused then.
func TestQ5_AnIDThatWasTakenMeanwhileIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			for range eight + 1 {
				p.command()
			}
			p.reply("0", "0")
			p.silence()
		})
		for i := range eight {
			do(t.Context(), c, Command{Name: "slow", ID: fmt.Append(nil, i)})
		}
		synctest.Wait()
		waiting := do(t.Context(), c, Command{Name: "waiting", ID: []byte(`"same"`)})
		synctest.Wait()
		do(t.Context(), c, Command{Name: "overtakes", ID: []byte(`"same"`), OOB: true})
		_, err := waiting.wait()
		wantError[*CommandError](t, err)
	})
}

func TestQ5_CommandsWithoutIDAreAnsweredInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			p.expect(`{"execute": "a"}`)
			_, id := p.command()
			p.expect(`{"execute": "c"}`)
			p.reply("", `"a"`)
			p.reply(id, `"b"`)
			p.send(`{"error": {"class": "GenericError", "desc": "not c"}}`)
			p.silence()
		})
		a := do(t.Context(), c, Command{Name: "a", NoID: true})
		synctest.Wait()
		b := do(t.Context(), c, Command{Name: "b"})
		synctest.Wait()
		cc := do(t.Context(), c, Command{Raw: []byte(`{"execute": "c"}`), NoID: true})
		if got, err := a.wait(); err != nil || got != `"a"` {
			t.Errorf("a got %s, %v", got, err)
		}
		if got, err := b.wait(); err != nil || got != `"b"` {
			t.Errorf("b got %s, %v", got, err)
		}
		_, err := cc.wait()
		if e := wantError[*ExecuteError](t, err); e.Desc != "not c" {
			t.Errorf("c got %v", e)
		}
	})
}

func TestQ5_ErrorWithoutIDEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const parseError = `{"error": {"class": "GenericError", "desc": "JSON parse error"}}`
		c := running(t, Options{}, func(p *peer) {
			p.command()
			p.command()
			p.send(parseError)
			p.silence()
		})
		calls := []*started{
			do(t.Context(), c, Command{Name: "a"}),
			do(t.Context(), c, Command{Name: "b", OOB: true}),
		}
		for _, d := range calls {
			_, err := d.wait()
			wantError[*InterruptedError](t, err)
			e := wantError[*ServerParseError](t, err)
			if string(e.Raw) != parseError || wantError[*ExecuteError](t, e).Desc != "JSON parse error" {
				t.Errorf("got %v", e)
			}
		}
		wantError[*ServerParseError](t, c.Disconnect(t.Context()))
	})
}

func TestQ5_ServerThatIgnoresIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		c := running(t, Options{Logger: book.logger()}, func(p *peer) {
			p.command()
			p.reply("", `"first"`)
			for _, name := range []string{"a", "b", "c"} {
				line, _ := p.command()
				if !strings.Contains(line, `"execute": "`+name+`"`) {
					t.Errorf("the client sent %s", line)
				}
				p.nothingMore()
				p.reply("", `"`+name+`"`)
			}
			p.command()
			p.send(`{"error": {"class": "GenericError", "desc": "no"}}`)
			p.silence()
		})
		if got, err := c.Execute(t.Context(), "first", nil); err != nil || string(got) != `"first"` {
			t.Fatalf("got %s, %v", got, err)
		}
		calls := map[string]*started{}
		for _, name := range []string{"a", "b", "c"} {
			calls[`"`+name+`"`] = do(t.Context(), c, Command{Name: name})
			synctest.Wait()
		}
		for want, d := range calls {
			if got, err := d.wait(); err != nil || got != want {
				t.Errorf("got %s, %v, not %s", got, err, want)
			}
		}
		_, err := c.Execute(t.Context(), "d", nil)
		if _, ok := err.(*ExecuteError); !ok {
			t.Errorf("got %v", err)
		}
		if !book.has("level=WARN", "ignores ids") {
			t.Error("no warning")
		}
	})
}

func TestQ5_MessagesForNobodyAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		c := running(t, Options{Logger: book.logger()}, func(p *peer) {
			p.send(`{}`, `{"return": {}}`, `{"error": {}}`, greetingLine)
			_, id := p.command()
			p.send(`{"x": 1, "id": ` + id + `}`)
			p.echo()
		})
		synctest.Wait()
		_, err := c.Execute(t.Context(), "a", nil)
		wantError[*BadReplyError](t, err)
		if got, err := c.Execute(t.Context(), "b", nil); err != nil {
			t.Errorf("got %s, %v", got, err)
		}
		if !book.has("level=WARN", "no known kind") || !book.has("level=WARN", "nobody waits for") {
			t.Error("no warnings")
		}
	})
}

func TestQ7_ServerErrorIsAnExecuteError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var raw string
		c := running(t, Options{}, func(p *peer) {
			_, id := p.command()
			raw = `{"id": ` + id + `, "error": {"desc": "Device 'x' not found", "class": "DeviceNotFound"}}`
			p.send(raw + "\r\n")
			p.silence()
		})
		_, err := c.Execute(t.Context(), "device_del", []byte(`{"id": "x"}`))
		e := wantError[*ExecuteError](t, err)
		if e.Class != "DeviceNotFound" || e.Desc != "Device 'x' not found" || string(e.Raw) != raw {
			t.Errorf("got %+v", e)
		}
		if e.Command.Name != "device_del" || string(e.Command.Arguments) != `{"id": "x"}` || string(e.Command.ID) != "1" {
			t.Errorf("the command is %+v", e.Command)
		}
	})
}
