package qmp

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A caller who gives up while the server takes nothing takes the command back: it will
// not be sent, frees its place, and leaves nothing behind.
func TestQ8_WhoGivesUpTakesBackWhatWasNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf, hears := make(chan struct{}), make(chan struct{})
		var lines []string
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			in := bufio.NewReader(far)
			far.Write([]byte(greetingLine))
			in.ReadString('\n')
			far.Write([]byte(`{"return": {}}` + "\n"))
			<-deaf
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					close(hears)
					return
				}
				lines = append(lines, line)
			}
		}()
		c := NewClient(Options{})
		if err := c.ConnectStream(t.Context(), near, "deaf"); err != nil {
			t.Fatal(err)
		}
		first := do(t.Context(), c, Command{Name: "first"}) // the writer begins with it
		synctest.Wait()
		for i := range 200 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := c.Do(ctx, Command{Name: "no", OOB: i%2 == 0})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !NeverSent(err) {
				t.Fatalf("got %v", err)
			}
		}
		last := do(t.Context(), c, Command{Name: "last"})
		synctest.Wait()
		close(deaf)
		synctest.Wait()
		c.Disconnect(t.Context())
		<-hears
		for _, d := range []*started{first, last} {
			if _, err := d.wait(); NeverSent(err) {
				t.Errorf("got %v", err)
			}
		}
		if len(lines) != 2 || !strings.Contains(lines[0], "first") || !strings.Contains(lines[1], "last") {
			t.Errorf("the server got %q", lines)
		}
	})
}

// Out-of-band commands without a caller do not stay for ever, and are found at once.
func TestQ8_OrphansAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3 * maxOrphans
		book := &logBook{}
		ids := make(chan string, n)
		c := running(t, Options{Logger: book.logger()}, func(p *peer) {
			for range n {
				_, id := p.command()
				ids <- id
			}
			p.silence()
		})
		for range n {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := c.Do(ctx, Command{Name: "slow", Arguments: []byte(`{"long": "argument"}`), OOB: true})
			cancel()
			if NeverSent(err) {
				t.Fatalf("got %v", err)
			}
		}
		s := c.session.Load()
		if len(s.outOfBand) != maxOrphans || len(s.orphans) != maxOrphans {
			t.Errorf("%d are remembered, %d in their order", len(s.outOfBand), len(s.orphans))
		}
		for range n - maxOrphans {
			<-ids
		}
		newest := <-ids
		if k := s.findLocked([]byte(newest)); k == nil || k.cmd.Arguments != nil || k.msg.Raw != nil {
			t.Errorf("of the oldest that is remembered there is %+v", k)
		}
		m, _ := ParseMessage([]byte(`{"return": {}, "id": ` + newest + `}`))
		if err := s.answer(m); err != nil || !book.has("level=DEBUG", "late reply", "slow") || book.has("level=WARN") {
			t.Error("its reply is not known for what it is")
		}
		c.Disconnect(t.Context())
	})
}

// The oldest orphan is forgotten, and not the command that has its id since.
func TestQ8_AnOrphansIDMayBeUsedAgainOnceItWasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine := Command{Name: "mine", ID: []byte(`"mine"`), OOB: true}
		late := make(chan struct{})
		c := running(t, Options{}, func(p *peer) {
			_, id := p.command()
			time.Sleep(time.Minute)
			p.reply(id, "1")
			for range 1 + maxOrphans {
				p.command()
			}
			<-late
			p.reply(id, "2")
			p.silence()
		})
		giveUp := func(cmd Command) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			c.Do(ctx, cmd)
		}
		giveUp(mine)
		time.Sleep(time.Hour)
		again := do(t.Context(), c, mine)
		synctest.Wait()
		for range maxOrphans {
			giveUp(Command{Name: "other", OOB: true})
		}
		close(late)
		if got, err := again.wait(); err != nil || got != "2" {
			t.Errorf("got %s, %v", got, err)
		}
	})
}
