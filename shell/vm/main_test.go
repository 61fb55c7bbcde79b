package vm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// The test program is also every QEMU of these tests: under a name that begins with
// "qemu-system-" or "qemu-storage-daemon" it does what the rest of the name says.
func TestMain(m *testing.M) {
	for _, program := range []string{"qemu-system-", "qemu-storage-daemon"} {
		if what, ok := strings.CutPrefix(filepath.Base(os.Args[0]), program); ok {
			play(what)
			return
		}
	}
	if what := os.Getenv("QMPSH_TEST_PLAY"); what != "" {
		play(what)
		return
	}
	goleak.VerifyTestMain(m)
}
