package qmptest_test

import (
	"net"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// Each peer must be reachable as soon as its helper returns.
func TestPeersListen(t *testing.T) {
	peers := map[string]func(testing.TB) (string, *qmptest.Process){
		"qemu":           func(t testing.TB) (string, *qmptest.Process) { return qmptest.QMP(t) },
		"storage daemon": qmptest.StorageDaemon,
		"agent":          qmptest.Agent,
	}
	for name, start := range peers {
		t.Run(name, func(t *testing.T) {
			path, p := start(t)
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			p.Kill()
			select {
			case <-p.Ended():
			default:
				t.Error("the peer lives after Kill")
			}
		})
	}
}
