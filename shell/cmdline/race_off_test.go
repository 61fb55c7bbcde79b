//go:build !race

package cmdline

// raceDetector says that the tests run under the race detector; see the other file.
const raceDetector = false
