package cmd

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/qmpsh/qmpsh/proto/qmp"
	"github.com/qmpsh/qmpsh/shell/run"
	"github.com/qmpsh/qmpsh/shell/vm"
)

// logger is where --debug sends what happens below; nil without --debug.
func (o *options) logger() *slog.Logger {
	if !o.debug {
		return nil
	}
	return slog.New(slog.NewTextHandler(secretless{o}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// store is where knowledge of QEMU binaries is kept.
func (o *options) store() *vm.Store {
	s := &vm.Store{Dir: o.cacheFolder(), Log: o.logger()}
	if o.noCache {
		s.Dir = ""
	}
	return s
}

// cacheFolder is where the XDG Base Directory Specification puts it; empty for a user
// without a home.
func (o *options) cacheFolder() string {
	base := o.sys.Getenv("XDG_CACHE_HOME")
	if !filepath.IsAbs(base) {
		home := o.sys.Getenv("HOME")
		if !filepath.IsAbs(home) {
			return ""
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "qmpsh")
}

// machineRoom knows the binary that the server of a client runs, if it runs on this
// machine and may be started.
type machineRoom struct {
	client *qmp.Client
	store  *vm.Store
}

func (o *options) machineRoom(client *qmp.Client) machineRoom {
	return machineRoom{client, o.store()}
}

func (r machineRoom) debug(text string, args ...any) {
	if r.store.Log != nil {
		r.store.Log.Debug(text, args...)
	}
}

// kept is what the room offers to those who need knowledge of the server.
func (r machineRoom) kept() run.Kept { return run.Kept{Find: r.find, Learn: r.learn} }

// binary finds the binary, nil if there is none to be trusted.
func (r machineRoom) binary() *vm.Binary {
	peer, ok := r.client.Peer()
	if !ok || peer.PID == 0 {
		return nil
	}
	b, err := vm.OfProcess(peer.PID)
	if err != nil {
		r.debug("no binary to learn from", "pid", peer.PID, "error", err)
		return nil
	}
	return b
}

// find returns what is kept of the binary.
func (r machineRoom) find() *vm.Knowledge {
	b := r.binary()
	if b == nil {
		return nil
	}
	defer b.Close()
	return r.ofServer(r.store.Load(b))
}

// learn asks a copy of the binary for what is not kept.
func (r machineRoom) learn(ctx context.Context) *vm.Knowledge {
	b := r.binary()
	if b == nil {
		return nil
	}
	defer b.Close()
	k, err := r.store.Learn(ctx, b)
	if err != nil {
		r.debug("nothing learnt", "binary", b.Path, "error", err)
		return nil
	}
	return r.ofServer(k)
}

// ofServer returns k if the server greeted as the copy did: else it is another program.
func (r machineRoom) ofServer(k *vm.Knowledge) *vm.Knowledge {
	greeting := r.client.Greeting()
	if k == nil || greeting != nil && greeting.Version == k.Version() {
		return k
	}
	r.debug("the binary is not that of the server", "version", k.Version())
	k.Close()
	return nil
}

// remember keeps the schema that the server had to be asked for. It must be a server
// of ours or of root's: what another user's says could be a lie, for the next VM to
// stumble over. The next one who uses it makes it load fast, so that nobody works much
// longer than his own task takes.
func (r machineRoom) remember(s *run.Schemas) {
	news, unfinished := s.News(), s.Unfinished()
	peer, ok := r.client.Peer()
	greeting := r.client.Greeting()
	ours := ok && (peer.UID == 0 || peer.UID == os.Geteuid())
	if news == nil && !unfinished || greeting == nil || !ours {
		return
	}
	b := r.binary()
	if b == nil {
		return
	}
	defer b.Close()
	var err error
	if news != nil {
		err = r.store.Keep(b, vm.Told{Version: greeting.Version, Schema: news})
	} else {
		err = r.store.Finish(b)
	}
	if err != nil {
		r.debug("the schema is not kept", "binary", b.Path, "error", err)
	}
}

// ofBinary is what is known of the binary that --qemu names.
func (o *options) ofBinary(ctx context.Context) (*vm.Knowledge, error) {
	path, err := exec.LookPath(o.qemu)
	if err != nil {
		return nil, usagef("--qemu: %v", err)
	}
	b, err := vm.Named(path)
	if err != nil {
		return nil, usagef("--qemu: %v", err)
	}
	defer b.Close()
	if k := o.store().Load(b); k != nil && (k.Whole() || b.Program == vm.StorageDaemon) {
		return k, nil
	}
	k, err := o.store().Learn(ctx, b)
	if err != nil && ctx.Err() == nil {
		err = usagef("--qemu: %v", err)
	}
	return k, err
}
