package qmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

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
		{`7`, `7`},
		{`1.0`, `1`},
		{`{"b": [1, null], "a": true}`, `{"a":true,"b":[1,null]}`},
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

// An id that is taken when the command's turn comes is refused then.
func TestQ5_AnIDThatWasTakenMeanwhileIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			for range maxInFlight + 1 {
				p.command()
			}
			p.reply("0", "0")
			p.silence()
		})
		for i := range maxInFlight {
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
				time.Sleep(time.Second) // time for another command to come too early
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
		wantError[*ExecuteError](t, err)
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

func TestQ6_AtMostEightAreInFlightAndTheRestWaitInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 30
		order := make(chan string, n)
		answer := make(chan bool)
		c := running(t, Options{}, func(p *peer) {
			lines := make(chan [2]string, n)
			go func() {
				defer close(lines)
				for {
					line, id := p.command()
					if line == "" {
						return
					}
					lines <- [2]string{line, id}
				}
			}()
			for range answer {
				// Nothing more may come while eight are unanswered.
				synctest.Wait()
				if len(lines) > maxInFlight {
					t.Errorf("%d in flight", len(lines))
				}
				next := <-lines
				order <- next[0]
				p.reply(next[1], "{}")
			}
		})
		var calls []*started
		for i := range n {
			calls = append(calls, do(t.Context(), c, Command{Name: fmt.Sprintf("n%d", i)}))
			synctest.Wait()
		}
		for i := range n {
			answer <- true
			if line := <-order; !strings.Contains(line, fmt.Sprintf(`"n%d"`, i)) {
				t.Errorf("number %d is %s", i, line)
			}
			if _, err := calls[i].wait(); err != nil {
				t.Error(err)
			}
		}
		close(answer)
	})
}

func TestQ6_OutOfBandOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			for range maxInFlight {
				p.command()
			}
			line, id := p.command()
			if want := `{"exec-oob": "migrate-pause", "id": ` + id + `}`; line != want {
				t.Errorf("the client sent %s", line)
			}
			p.reply(id, `"oob"`)
			line, id = p.command()
			p.reply(id, `"raw oob"`)
			p.silence()
		})
		for range maxInFlight + 2 {
			do(t.Context(), c, Command{Name: "slow"})
		}
		synctest.Wait()
		if reply, err := c.Do(t.Context(), Command{Name: "migrate-pause", OOB: true}); err != nil || string(reply.Return) != `"oob"` {
			t.Errorf("got %s, %v", reply.Return, err)
		}
		if reply, err := c.Do(t.Context(), Command{Raw: []byte(`{"exec-oob": "x"}`)}); err != nil || string(reply.Return) != `"raw oob"` {
			t.Errorf("got %s, %v", reply.Return, err)
		}
	})
}

func TestQ6_OutOfBandIsRefusedWhereItCannotWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(p *peer) {
			p.send(strings.Replace(greetingLine, `"oob"`, ``, 1))
			_, id := p.command()
			p.reply(id, "{}")
			if line := p.next(); line != "" {
				t.Errorf("the client sent %s", line)
			}
		})
		plain := NewClient(Options{})
		if err := plain.ConnectStream(t.Context(), conn, "test"); err != nil {
			t.Fatal(err)
		}
		for _, cmd := range []Command{{Name: "x", OOB: true}, {Raw: []byte(`{"exec-oob": "x"}`)}} {
			_, err := plain.Do(t.Context(), cmd)
			wantError[*CommandError](t, err)
		}
		plain.Disconnect(t.Context())

		_, err := running(t, Options{}, (*peer).silence).Do(t.Context(), Command{Name: "x", OOB: true, NoID: true})
		wantError[*CommandError](t, err)
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
		if e.Command.Name != "device_del" || string(e.Command.Arguments) != `{"id": "x"}` || string(e.Command.ID) != `"qmpsh-2"` {
			t.Errorf("the command is %+v", e.Command)
		}
	})
}

func TestQ8_TheEndOfTheSessionInterruptsEveryCommand(t *testing.T) {
	tests := []struct {
		name  string
		end   func(*Client, *peer)
		cause error
	}{
		{"server hangs up", func(*Client, *peer) {}, io.EOF},
		{"in the middle", func(_ *Client, p *peer) { p.send(`{"ret`) }, io.ErrUnexpectedEOF},
		{"disconnect", func(c *Client, p *peer) { go c.Disconnect(context.Background()); p.silence() }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c *Client
				c = running(t, Options{}, func(p *peer) {
					for range maxInFlight + 1 {
						p.command()
					}
					synctest.Wait()
					test.end(c, p)
				})
				var calls []*started
				for i := range maxInFlight + 4 {
					calls = append(calls, do(t.Context(), c, Command{Name: "slow", OOB: i == 3, NoID: i == 5}))
				}
				for _, d := range calls {
					_, err := d.wait()
					e := wantError[*InterruptedError](t, err)
					if test.cause == nil && e.Err != nil || !errors.Is(e, test.cause) && test.cause != nil {
						t.Errorf("the cause is %v", e.Err)
					}
				}
				// Who comes later hears the same until the error was collected.
				_, err := c.Execute(t.Context(), "late", nil)
				if test.cause != nil {
					wantError[*InterruptedError](t, err)
				}
				if err := c.Disconnect(t.Context()); !errors.Is(err, test.cause) {
					t.Errorf("disconnect gave %v", err)
				}
			})
		})
	}
}

func TestQ8_WithoutSessionThereIsAStateError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClient(Options{})
		_, err := c.Execute(t.Context(), "stop", nil)
		if e := wantError[*proto.StateError](t, err); e.Have != proto.Idle || e.Want != proto.Running {
			t.Errorf("got %v", e)
		}
		connect(t, c, (*peer).echo)
		if _, err := c.Execute(t.Context(), "stop", nil); err != nil {
			t.Error(err)
		}
		if err := c.Disconnect(t.Context()); err != nil {
			t.Error(err)
		}
		_, err = c.Execute(t.Context(), "stop", nil)
		wantError[*proto.StateError](t, err)
		connect(t, c, (*peer).echo)
		if _, err := c.Execute(t.Context(), "stop", nil); err != nil {
			t.Error(err)
		}
	})
}

func TestQ8_TheCallersContextEndsItsWaitAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logBook{}
		ids := make(chan string, 100)
		answers := make(chan string)
		c := running(t, Options{Logger: book.logger()}, func(p *peer) {
			go func() {
				for id := range answers {
					p.reply(id, "{}")
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
		// The first of eight gives up; a ninth and a tenth wait, and the ninth gives up too.
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		first := do(impatient, c, Command{Name: "first"})
		synctest.Wait()
		for range maxInFlight - 1 {
			do(t.Context(), c, Command{Name: "slow"})
		}
		synctest.Wait()
		ninth := do(impatient, c, Command{Name: "ninth"})
		synctest.Wait()
		tenth := do(t.Context(), c, Command{Name: "tenth"})
		for _, d := range []*started{first, ninth} {
			if _, err := d.wait(); err != context.DeadlineExceeded {
				t.Errorf("got %v", err)
			}
		}
		// The server is still busy with the first: nobody takes its place.
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(ids) != maxInFlight {
			t.Fatalf("%d were sent", len(ids))
		}
		answers <- <-ids // the late reply to the first
		synctest.Wait()
		if len(ids) != maxInFlight {
			t.Fatal("the place was not given on")
		}
		for range maxInFlight - 1 {
			<-ids
		}
		answers <- <-ids
		if _, err := tenth.wait(); err != nil {
			t.Error(err)
		}
		if !book.has("level=DEBUG", "late reply", "first") || book.has("level=WARN") {
			t.Error("the late reply was not dropped quietly")
		}
		close(answers)
	})
}

func TestQ8_AnEndedContextSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := running(t, Options{}, func(p *peer) {
			if line := p.next(); line != "" {
				t.Errorf("the client sent %s", line)
			}
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("no longer")
		cancel(why)
		if _, err := c.Execute(ctx, "quit", nil); err != why {
			t.Errorf("got %v", err)
		}
		c.Disconnect(t.Context())
	})
}

func TestQ10_BytesAreKeptByTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const value = `{"z":1e400 ,"a": 18446744073709551615, "<&>":"\u00e9\/é", "n": 0.10000000000000000555}`
		const arguments = `{"b":1.50,"a":12345678901234567890123,  "c":"<>&"}`
		const happened = `{"event": "X", "data": ` + value + `}`
		c := NewClient(Options{})
		l := c.Events(Filter{})
		connect(t, c, func(p *peer) {
			line, id := p.command()
			if !strings.Contains(line, arguments) {
				t.Errorf("the client sent %s", line)
			}
			p.reply(id, value)
			p.send(happened + "\n")
			p.silence()
		})
		if got, err := c.Execute(t.Context(), "x", []byte(arguments)); err != nil || string(got) != value {
			t.Errorf("got %s, %v", got, err)
		}
		if ev, err := l.Next(t.Context()); err != nil || string(ev.Data) != value || string(ev.Raw) != happened {
			t.Errorf("got %s, %v", ev.Raw, err)
		}
	})
}
