package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/qmpsh/qmpsh/proto/qmp"
)

// What a copy may use. QEMU 7.2 answers all questions within half a second, with
// 40 MiB of memory in 1.3 GiB of addresses.
const (
	maxAddresses = 4 << 30 // bytes
	maxProcessor = 20      // seconds
	maxAnswer    = 16 << 20
	maxHelp      = 1 << 20
	niceness     = 10
)

// limits bound the time of copies.
type limits struct {
	question time.Duration // for one answer, and for the start
	all      time.Duration // for all copies of one binary together
}

var usual = limits{question: 5 * time.Second, all: 20 * time.Second}

// process is a copy of a binary that runs.
type process struct {
	pid   int
	ended chan struct{}
	err   error // how it ended; set before ended is closed

	mu     sync.Mutex
	reaped bool // its number may be somebody else's
}

// run starts a copy of the binary with args, in a process that cannot leave anything
// behind: its folder is empty and can take no file, it has no terminal, no input, no
// environment that could lead it to other files or modules, no core file, and it ends
// with us or with ctx. The descriptors become its 4, 5 and so on.
func (b *Binary) run(ctx context.Context, stdout *bounded, pass []*os.File, args ...string) (*process, error) {
	nowhere, err := emptyFolder()
	if err != nil {
		return nil, err
	}
	defer nowhere.Close()
	cmd := &exec.Cmd{
		// 3 is the file that was examined, whatever its path leads to by now.
		Path: "/proc/self/fd/3",
		Args: append([]string{b.Path}, args...),
		// Not QEMU_MODULE_DIR above all, which is for developers of QEMU.
		Env:        []string{"LC_ALL=C", "PATH=/usr/bin:/bin"},
		Dir:        fmt.Sprintf("/proc/self/fd/%d", nowhere.Fd()),
		ExtraFiles: append([]*os.File{b.file}, pass...),
		// A session of its own: no key pressed at our terminal reaches it.
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL},
		WaitDelay:   time.Second, // if something it started holds its output open
	}
	if stdout != nil {
		cmd.Stdout = stdout
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{pid: cmd.Process.Pid, ended: make(chan struct{})}
	restrain(p.pid)
	stop := context.AfterFunc(ctx, p.signal)
	go func() {
		defer close(p.ended)
		awaitEnd(p.pid)
		stop()
		p.signal() // what it has started
		p.mu.Lock()
		p.reaped = true
		p.mu.Unlock()
		p.err = cmd.Wait()
	}()
	return p, nil
}

// signal kills the process and its group.
func (p *process) signal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = unix.Kill(-p.pid, unix.SIGKILL)
	}
}

// kill ends the process and waits for its end.
func (p *process) kill() {
	p.signal()
	<-p.ended
}

// awaitEnd waits until the process has ended, and leaves its number taken.
func awaitEnd(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// emptyFolder opens a folder that is not there any more: nothing can be put into it,
// and nobody has to take it away.
func emptyFolder() (*os.File, error) {
	path, err := os.MkdirTemp("", "qmpsh")
	if err != nil {
		return nil, err
	}
	defer os.Remove(path)
	return os.Open(path)
}

// restrain bounds what a process that has just been started may use. It is no fence
// against malice (the program is root's or the user's own) but against accidents, so
// that what cannot be set stays as it is.
func restrain(pid int) {
	for resource, limit := range map[int]uint64{
		unix.RLIMIT_CORE:  0,
		unix.RLIMIT_FSIZE: 0,
		unix.RLIMIT_AS:    maxAddresses,
		unix.RLIMIT_CPU:   maxProcessor,
	} {
		_ = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: limit, Max: limit}, nil)
	}
	_ = unix.Setpriority(unix.PRIO_PGRP, pid, niceness)
	// Where memory runs short, the copy goes before anything that matters.
	_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", []byte("1000"), 0)
}

// patient is a running copy that answers questions.
type patient struct {
	client  *qmp.Client
	process *process
	limit   time.Duration // for one answer
}

// start starts a copy without a machine, with a monitor on a socket that only we have.
func (b *Binary) start(ctx context.Context) (*patient, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	args := []string{"--chardev", "socket,id=qmpsh,fd=4", "--monitor", "chardev=qmpsh,mode=control"}
	if b.Program == Emulator {
		args = []string{
			// Without qtest, which computes nothing, QEMU would load its translator.
			"-machine", "none,accel=qtest:tcg:kvm", "-nodefaults", "-no-user-config", "-display", "none", "-S",
			"-chardev", "socket,id=qmpsh,fd=4", "-mon", "chardev=qmpsh,mode=control",
		}
	}
	process, err := b.run(ctx, nil, []*os.File{theirs}, args...)
	if err != nil {
		ours.Close()
		return nil, err
	}
	p := &patient{qmp.NewClient(qmp.Options{MaxMessage: maxAnswer}), process, b.limits.question}
	within, cancel := context.WithTimeout(ctx, b.limits.question)
	defer cancel()
	if err := p.client.ConnectStream(within, ours, "a copy of "+b.Path); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// ask asks one question. A copy that does not answer in time is as good as dead.
func (p *patient) ask(ctx context.Context, command, args string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	return p.client.Execute(ctx, command, []byte(args))
}

// end ends the copy and leaves nothing of it.
func (p *patient) end() {
	p.process.kill()
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // there is nobody left to take what is queued
	_ = p.client.Disconnect(ctx)
}

// help returns what the binary prints for -device help.
func (b *Binary) help(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, b.limits.question)
	defer cancel()
	out := &bounded{limit: maxHelp}
	process, err := b.run(ctx, out, nil,
		"-machine", "none,accel=qtest:tcg:kvm", "-nodefaults", "-no-user-config", "-display", "none", "-device", "help")
	if err != nil {
		return nil, err
	}
	<-process.ended
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out.text, process.err
}

// bounded keeps the first bytes that are written to it and refuses the rest, which
// ends the program that writes them.
type bounded struct {
	text  []byte
	limit int
}

func (w *bounded) Write(p []byte) (int, error) {
	if len(w.text)+len(p) > w.limit {
		return 0, errors.New("it prints without end")
	}
	w.text = append(w.text, p...)
	return len(p), nil
}

// socketPair makes two ends of a stream, the second for a process to inherit.
func socketPair() (ours net.Conn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	near, far := os.NewFile(uintptr(fds[0]), "copy"), os.NewFile(uintptr(fds[1]), "monitor")
	defer near.Close()
	if ours, err = net.FileConn(near); err != nil {
		far.Close()
		return nil, nil, err
	}
	return ours, far, nil
}
