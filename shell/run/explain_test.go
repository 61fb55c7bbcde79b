package run

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/qmpsh/qmpsh/proto/qapi/qapitest"
	"github.com/qmpsh/qmpsh/shell/cmdline"
)

// TestExecutor_ARefusedDriverGetsTheNearestType: what is known of the binary names it, once the server has refused.
func TestExecutor_ARefusedDriverGetsTheNearestType(t *testing.T) {
	for line, want := range map[string]string{
		"device_add driver=virtio-netpci id=x":    "virtio-net-pci",
		"device_add driver=virtio-netpci x=on":    "virtio-net-pci", // the schema was looked into before
		"device_add driver=virtio-nett id=x":      "virtio-net",
		"device_add driver=virtio-net-pci id=x":   "",
		"device_add driver=virtio-net mq=on id=1": "",
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newKnownBench(t, string(qapitest.RawQEMU(t)), replies{"device_add": "!GenericError 'x' is not a valid device model name", "device-list-properties": "!DeviceNotFound no"})
			err := b.run(line)
			var fault *cmdline.Error
			switch found := errors.As(err, &fault); {
			case found != (want != ""):
				t.Errorf("%s: %v", line, err)
			case found && fault.Hint[:len("did you mean "+want)] != "did you mean "+want:
				t.Errorf("%s: %v, hint %s", line, err, fault.Hint)
			}
		})
	}
}

// TestExecutor_ACommandOfHMPGetsItsLine: also when it was sent without a look into the schema.
func TestExecutor_ACommandOfHMPGetsItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, replies{"savevm": "!CommandNotFound no"})
		var unknown *UnknownCommandError
		if err := b.run("savevm"); !errors.As(err, &unknown) || unknown.Near != `human-monitor-command command-line="savevm"` {
			t.Errorf("%v", err)
		}
	})
}
