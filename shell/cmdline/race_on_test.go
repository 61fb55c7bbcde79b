//go:build race

package cmdline

// raceDetector says that the tests run ten times slower: those of many samples take fewer, as with -short.
const raceDetector = true
