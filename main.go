// qmpsh is an interactive shell for the QEMU Machine Protocol (QMP).
package main

import (
	"os"
	"runtime"

	"github.com/qmpsh/qmpsh/cmd"
)

func main() {
	// One conversation is one thing at a time. With a second processor the runtime
	// wakes a thread there whenever the reader hands over a reply, which takes
	// longer than everything else that qmpsh does with it; see docs/benchmarks.md.
	runtime.GOMAXPROCS(1)
	os.Exit(cmd.Main(os.Args[1:], cmd.System{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
	}))
}
