package completion

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails if a look-up outlives its cache.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
