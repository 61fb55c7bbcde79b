package qmp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qmpsh/qmpsh/proto"
)

// fickle is a server that reads in fits, answers some commands in any order, sends events
// and rubbish, and goes at some time, with or without reading all.
type fickle struct {
	rand *rand.Rand
	seen map[string]bool // names of the commands whose last brace it has read
	part string          // what it has read of one more
}

// serve plays the server until it goes, and then reads what had been handed to the system.
func (f *fickle) serve(far net.Conn, deaf chan<- struct{}) {
	defer close(deaf)
	in := bufio.NewReader(far)
	io.WriteString(far, greetingLine)
	line, err := in.ReadString('\n')
	if m, bad := ParseMessage([]byte(line)); err == nil && bad == nil {
		fmt.Fprintf(far, `{"return": {}, "id": %s}`+"\n", m.ID)
	}
	var owed []string
	for range f.rand.IntN(300) {
		switch f.rand.IntN(12) {
		case 0:
			time.Sleep(time.Duration(f.rand.IntN(2000)) * time.Microsecond)
		case 1:
			io.WriteString(far, event("E"))
		case 2:
			io.WriteString(far, `{"return": {}, "id": "nobody"}`)
		case 3, 4, 5:
			if len(owed) > 0 {
				i := f.rand.IntN(len(owed))
				fmt.Fprintf(far, `{"return": {}, "id": %s}`+"\n", owed[i])
				owed = append(owed[:i], owed[i+1:]...)
			}
		default:
			far.SetReadDeadline(time.Now().Add(time.Millisecond))
			line, err := in.ReadString('\n')
			f.part += line
			if err == nil {
				owed = append(owed, f.take())
			}
		}
	}
	far.SetReadDeadline(time.Time{})
	far.(*net.UnixConn).CloseWrite()
	if f.rand.IntN(2) == 0 {
		far.(*net.UnixConn).CloseRead() // what is on its way can still be read
	}
	for {
		line, err := in.ReadString('\n')
		f.part += line
		if err != nil {
			break
		}
		f.take()
	}
	far.Close()
}

// take notes a command that has come whole, and returns its id.
func (f *fickle) take() string {
	m, err := ParseMessage([]byte(f.part))
	if err != nil {
		panic(f.part)
	}
	f.seen[nameOf(f.part)] = true
	f.part = ""
	return string(m.ID)
}

func nameOf(line string) string {
	_, rest, _ := strings.Cut(line, `": "`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

// Whatever a server does and whenever callers give up: of a command that was never sent the
// server has seen nothing, and the outcomes of all others fit what it has seen. Nothing is
// left waiting, and no goroutine stays.
func TestQ8_NeverSentIsTrueUnderStress(t *testing.T) {
	outcomes := map[string]int{}
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	for range rounds {
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 0))
		near, far := socketPair(t)
		near.(*net.UnixConn).SetWriteBuffer(1 + random.IntN(8<<10))
		server := &fickle{rand: rand.New(rand.NewPCG(seed, 1)), seen: map[string]bool{}}
		deaf := make(chan struct{})
		go server.serve(far, deaf)
		c := NewClient(Options{})
		if err := c.ConnectStream(t.Context(), near, "fickle"); err != nil {
			t.Fatal(err)
		}
		errs := map[string]error{}
		var mu sync.Mutex
		var callers sync.WaitGroup
		for i := range 12 {
			random := rand.New(rand.NewPCG(seed, uint64(i+2)))
			callers.Go(func() {
				for n := 0; c.State() == proto.Running; n++ {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(3000))*time.Microsecond)
					name := fmt.Sprintf("c%d-%d", i, n)
					cmd := Command{Name: name, OOB: i%3 == 0, Arguments: []byte(`{"x": "` + strings.Repeat("x", random.IntN(2000)) + `"}`)}
					_, err := c.Do(ctx, cmd)
					cancel()
					mu.Lock()
					errs[name] = err
					mu.Unlock()
				}
			})
		}
		callers.Wait()
		c.Disconnect(t.Context())
		<-deaf
		for name, err := range errs {
			seen, partly := server.seen[name], strings.Contains(server.part, `"`+name+`"`)
			var interrupted *InterruptedError
			var gone *WaitError
			kind := "answered"
			switch {
			case errors.As(err, &interrupted):
				kind = "interrupted"
			case errors.As(err, &gone):
				kind = "gave up"
			case err != nil:
				kind = fmt.Sprintf("%T", err)
			}
			outcomes[fmt.Sprint(kind, ", never sent ", NeverSent(err), ", seen ", seen)]++
			if NeverSent(err) && (seen || partly) {
				t.Errorf("seed %d: %s was never sent (%v), and the server has seen it", seed, name, err)
			}
			if err == nil && !seen {
				t.Errorf("seed %d: %s was answered and not seen", seed, name)
			}
		}
	}
	for kind, n := range outcomes {
		t.Logf("%6d %s", n, kind)
	}
}
