package cmd_test

import (
	"fmt"
	"net"
	"strconv"
	"testing"

	"github.com/qmpsh/qmpsh/proto/qmp/qmptest"
)

// tcpQEMU starts a QEMU with a monitor on TCP and returns its port.
func tcpQEMU(t testing.TB, host string) (port string) {
	t.Helper()
	n := qmptest.FreePort(t, host)
	p := qmptest.QEMU(t, "-qmp", fmt.Sprintf("tcp:%s,server=on,wait=off", net.JoinHostPort(host, strconv.Itoa(n))))
	qmptest.AwaitTCP(t, p, n)
	return strconv.Itoa(n)
}
