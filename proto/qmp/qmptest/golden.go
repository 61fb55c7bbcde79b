package qmptest

import "os"

// Update reports whether files that tests compare with shall be written anew: with QMPSH_UPDATE=1 in the environment. It
// is the one switch for that, in all rooms: QMPSH_UPDATE=1 go test ./...
func Update() bool { return os.Getenv("QMPSH_UPDATE") != "" }
