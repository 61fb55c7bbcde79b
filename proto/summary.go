package proto

// Summary and Chain: stub, replaced below.
func Summary(err error) string { return err.Error() }

// ChainOptions say how Chain renders.
type ChainOptions struct {
	Prefix  string // before each line; "  | " if unset
	Origins bool   // show where links were made
}

// Chain renders.
func Chain(err error, o ChainOptions) string { return err.Error() }
